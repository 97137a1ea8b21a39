/** The form that `npm run report` writes by itself: one page a notebook, beside its assets. */
import {
  type Block,
  type Cell,
  type Equation,
  type Figure,
  figuresOf,
  findingOf,
  type Heading,
  headingsOf,
  leadFigure,
  type OutputBlock,
  type Picture,
  type TextBlock,
  titleOf,
} from '../blocks';
import { equationId } from '../equations';
import { type Content, forScript, markup, type Html, raw } from '../html';
import { runnablePlace } from './runnable';
import { readingOf } from '../readings';
import { stacking } from '../tables';
import { type Frame, frame, type Site } from './frame';

/** A page of blocks. @param name its title when it has no heading of the first level */
export function page(site: Site, name: string, blocks: readonly Block[], around: Partial<Frame> = {}): string {
  return frame(site, {
    title: titleOf(blocks)?.plain ?? name,
    article: article(blocks),
    headings: headingsOf(blocks),
    figures: figuresOf(blocks),
    ...around,
  });
}

/** Runs of text stand in a section of their own, between the cells. */
function article(blocks: readonly Block[]): Html {
  const parts: Html[] = [];
  let run: Html[] = [];
  const endRun = () => {
    if (run.length > 0) parts.push(markup`<section class="text">${run}</section> `);
    run = [];
  };
  for (const block of blocks) {
    if (block.kind !== 'cell') {
      run.push(text(block));
      if (block.kind === 'heading' && block.level === 1) run.push(markup`${lead(blocks)}`);
    } else {
      endRun();
      parts.push(cell(block));
    }
  }
  endRun();
  return markup`${parts}`;
}

/** What came out, at the head of the page: the first takeaway, and the figure of the verdict, which leads to its place. */
function lead(blocks: readonly Block[]): Content {
  const [finding, figure] = [findingOf(blocks), leadFigure(blocks)];
  if (!finding || !figure?.twin) return undefined;
  const { number } = figure;
  return markup`<aside class="came-out" aria-label="What came out">
<p class="finding">${finding}</p>
<div class="drawn">${copied(twins(figure))}<a href="#figure-${number}">Figure ${number}, at its place</a></div>
</aside>
`;
}

/** A second copy of a drawing in a page: its clip paths and gradients must not go by the names of the first. */
function copied({ text: drawing }: Html): Html {
  return raw(drawing.replace(/\bf(?=[0-9a-f]{8}-\d)/g, 'lead-'));
}

/** Text as the page shows it. */
export function text(block: TextBlock): Html {
  if (block.kind === 'heading') return heading(block);
  if (block.kind === 'equation') return equation(block);
  return block.kind === 'prose' ? raw(stacking(block.html.text)) : block.html;
}

function heading({ level, id, html: inner, plain }: Heading): Html {
  const tag = raw(`h${level}`);
  const link = level > 1 && markup`<a class="anchor" href="#${id}" aria-label="Link to: ${plain}">#</a>`;
  return markup`<${tag} id="${id}">${inner}${link}</${tag}>\n`;
}

function equation({ label, html }: Equation): Html {
  if (label === undefined) return html;
  const id = equationId(label);
  const link = markup`<a class="tag" href="#${id}" aria-label="Equation ${label}">(${label})</a>`;
  return markup`<div class="equation" id="${id}">${html}${link}</div>\n`;
}

function cell({ number, code, outputs }: Cell): Html {
  return markup`<div class="cell" id="cell-${number}">
    ${code && codeBlock(code)}${outputs.map((block) => markup`${output(block)} `)}
  </div>
`;
}

function codeBlock({ html: inner, lines, count }: NonNullable<Cell['code']>): Html {
  return markup`<details class="code">
    <summary>
      Code <span class="count">${count}</span><span class="hint">, ${lines} line${lines !== 1 && 's'}</span>
    </summary>
    ${inner}
  </details>
`;
}

/** An output as the page shows it. */
export function output(block: OutputBlock): Content {
  switch (block.kind) {
    case 'lines':
      return markup`<pre class="stream${block.isError && ' stderr'}" tabindex="0">${block.text}</pre>`;
    case 'html':
      return markup`<div class="output html">${movable(raw(stacking(block.html.text)))}</div>`;
    case 'markdown':
      return markup`<div class="output markdown">${block.blocks.map(text)}${solution(block.solution)}</div>`;
    case 'picture':
      return picture(block);
    case 'figure':
      return figure(block);
    case 'runnable':
      return runnablePlace(block);
  }
}

/** A table wider than a telephone is moved sideways, by keyboard too; the page stays. */
function movable({ text: inner }: Html): Html {
  const table = '<div class="bnlab-table"';
  if (!inner.startsWith(table)) return raw(inner);
  return raw(`<div class="bnlab-table table" tabindex="0" role="group" aria-label="Table"${inner.slice(table.length)}`);
}

function solution(code: Html | undefined): Content {
  return (
    code &&
    markup`<details class="solution">
      <summary>Solution</summary>
      ${code}
    </details>`
  );
}

function picture({ alt, content }: Picture): Html {
  if ('svg' in content) return markup`<div class="output picture" role="img" aria-label="${alt}">${content.svg}</div>`;
  return markup`<div class="output picture"><img alt="${alt}" src="${content.address}" /></div>`;
}

function figure(block: Figure): Html {
  const { number, alt, caption, summary, width, height } = block;
  const reading = readingOf(block.drawing);
  const still = block.twin
    ? twins(block)
    : markup`<noscript><p class="missing">This figure was stored without a picture; it needs JavaScript. ${alt}</p></noscript>`;
  const words =
    summary &&
    markup`
    <details class="words">
      <summary>The figure in words</summary>
      <p>${alt}</p>
      <pre tabindex="0">${summary}</pre>
    </details>`;
  return markup`<figure
    class="plot"
    id="figure-${number}"
    data-alt="${alt}"
    style="--width: ${width}; --height: ${height}"
  >
    <div class="drawing" tabindex="0" role="group" aria-label="Figure ${number}">
      ${still}
      <div class="live" hidden></div>
    </div>
    <figcaption><b><a href="#figure-${number}">Figure ${number}</a>.</b> ${caption}${words}</figcaption>
    <script type="application/json">${json(drawn(block))}</script>
    ${reading && markup`<script type="application/json" class="reading">${json(reading)}</script>`}
  </figure>`;
}

/** A figure where nothing is live: its picture for a wide page, and its caption. */
export function figureOn({ number, alt, caption, twin }: Figure): Html {
  return markup`<figure class="plot">
    <div class="twin" role="img" aria-label="${alt}">${twin ? wordless(twin) : alt}</div>
    <figcaption><b>Figure ${number}.</b> ${caption}</figcaption>
  </figure>`;
}

/** The figure's pictures: one for wide pages, one for a telephone, where there is one. */
export function twins({ alt, twin, phone }: Figure): Html {
  const still = (content: Html, more = '') =>
    markup`<div class="twin${more}" role="img" aria-label="${alt}">${wordless(content)}</div>`;
  if (!twin || !phone) return markup`${twin && still(twin)}`;
  return markup`${still(twin, ' wide')}${still(phone, ' narrow')}`;
}

/** A drawing whose place has its words: with its own, a PDF would say them twice. */
function wordless({ text: drawing }: Html): Html {
  return raw(drawing.replace(/(<svg\b[^>]*) role="img" aria-label="[^"]*"/g, '$1'));
}

/** What plotly.js is given. Its button that sends a figure to a server of its makers is off. */
function drawn({ drawing, width, height }: Figure): unknown {
  const { layout, config } = drawing;
  return {
    ...drawing,
    layout: { ...layout, width, height },
    config: { ...config, displaylogo: false, showSendToCloud: false },
  };
}

/** JSON within a page: `<` would let a string end the element that holds it. */
function json(value: unknown): Html {
  return raw(forScript(value));
}
