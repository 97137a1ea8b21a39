/** Sample notebooks for reports, and their pages in a browser with no network. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { home, notebookOf } from './sample';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const window: any;

/** A figure of one curve. */
export const figure = (name: string, extra = {}) => ({
  data: [{ type: 'scatter', x: [1, 2, 3, 4], y: [1, 4, 9, 16], name }],
  layout: {
    width: 760,
    height: 360,
    title: { text: `<b>${name} grow</b>` },
    meta: {
      alt: `${name}: a curve that rises from 1 to 16`,
      caption: `${name} of the first four numbers, </script> & all.`,
      summary: 'x: 1 2 3 4',
    },
    ...extra,
  },
});
/** An output that shows something. */
export const display = (data: object, metadata: object = {}) => ({ output_type: 'display_data', data, metadata });

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const article = `# When do squares grow?

Text with $\\mu < 1$ and \`code\`, a [neighbour](02-next.ipynb#part), money: 5\\$.

## First part

$$\\hat x = \\frac{x - \\mu}{\\sqrt{\\sigma^2 + \\epsilon}}$$

| Symbol | Meaning |
|---|---|
| $\\gamma$ | scale, 缩放 |

### Detail

- [ ] a task

### A [linked](02-next.ipynb) heading

![pasted](attachment:pasted.png)

$$x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x$$

## First part

\\begin{align} a &= b \\\\ c &< d \\end{align}
`;

/** Two notebooks with every kind of output. */
export function sources(): Record<string, string> {
  const main = JSON.parse(
    notebookOf([{ md: article }, "const a: number = 1;\nconsole.log('<b>', a);", '2', '3', '4', '']),
  );
  const outputs: Record<number, object[]> = {
    1: [{ output_type: 'stream', name: 'stdout', text: '<b> 1\n' }],
    2: [
      display({ 'application/vnd.plotly.v1+json': figure('Squares'), 'text/plain': 'Squares' }),
      display({ 'text/html': '<p>the caption again</p>', 'text/plain': 'c' }, { bnlab: { role: 'caption' } }),
    ],
    3: [
      display({ 'application/vnd.plotly.v1+json': figure('Cubes'), 'text/plain': 'Cubes' }),
      display({ 'text/markdown': '**Said** $x^2$', 'text/plain': 'Said' }),
      display({ 'text/html': '<p id="raw-html">kept <em>as it is</em></p>', 'text/plain': 'x' }),
      display({ 'text/html': wideTable, 'text/plain': 'x' }),
    ],
    4: [
      display({
        'application/vnd.bnlab.claim+json': {
          id: 'a',
          claim: 'c',
          verdict: 'holds',
          measured: '',
          expected: '',
          rule: '',
          source: '',
          profile: 'quick',
        },
        'text/html': '<p>the verdict</p>',
        'text/plain': 'v',
      }),
      display({ 'text/markdown': '1. They *grow*.\n2. So do cubes.' }, { bnlab: { role: 'takeaways' } }),
    ],
  };
  main.cells.forEach((cell: { outputs?: object[] }, i: number) => {
    if (cell.outputs) cell.outputs = outputs[i] ?? [];
  });
  main.cells[0].attachments = { 'pasted.png': { 'image/png': pixel } };
  main.metadata.bnlab = {
    provenance: {
      commit: 'abc1234',
      profile: 'quick',
      settings: '',
      engine: { engine: 'native', tensorflow: '2.21.0' },
      data: ['MNIST'],
      seeds: [1, 2],
      minutes: 1.5,
      hash: 'h',
    },
  };
  return {
    '01-squares': JSON.stringify(main),
    '02-next': notebookOf([{ md: '# And cubes?\n\n## Part\n\nText.' }, '1']),
  };
}

/** What a script says when it runs; `hurt` is a name that each way of running one has for itself. */
export const hurt = (way: string) => `top.ran=(top.ran||[]).concat('${way}')`;

/** Ways in which text that somebody else wrote may bring a script, by what they are. */
export const ways: Record<string, string> = {
  element: `<script>${hurt('element')}</script>`,
  module: `<script type="module">${hurt('module')}</script>`,
  'data-address': `<script src="data:text/javascript,${hurt('data-address')}"></script>`,
  'file-address': '<script src="foreign.js"></script>',
  error: `<img src="none.png" alt="" onerror="${hurt('error')}">`,
  svg: `<svg onload="${hurt('svg')}"></svg>`,
  'svg-element': `<svg><script>${hurt('svg-element')}</script></svg>`,
  'svg-address': `<svg><script href="data:text/javascript,${hurt('svg-address')}"></script></svg>`,
  'svg-animation': `<svg><animate attributeName="x" dur="1s" onbegin="${hurt('svg-animation')}"/></svg>`,
  'svg-foreign': `<svg><foreignObject><iframe srcdoc="<script>${hurt('svg-foreign')}</script>"></iframe></foreignObject></svg>`,
  frame: `<iframe srcdoc="<script>${hurt('frame')}</script>"></iframe>`,
  'frame-address': `<iframe src="javascript:${hurt('frame-address')}"></iframe>`,
  toggle: `<details open ontoggle="${hurt('toggle')}"><summary>x</summary></details>`,
  focus: `<input autofocus aria-label="x" onfocus="${hurt('focus')}">`,
  media: `<video src="none.mp4" onerror="${hurt('media')}"></video>`,
  style: `<style>@keyframes k{}.k{animation:k 1s}</style><p class="k" onanimationstart="${hurt('style')}">x</p>`,
  link: `<a class="bait" href="javascript:${hurt('link')}">x</a>`,
  'svg-link': `<svg width="9" height="9"><a class="bait" href="javascript:${hurt('svg-link')}"><rect width="9" height="9"/></a></svg>`,
  form: `<form action="javascript:${hurt('form')}"><button class="bait">x</button></form>`,
  button: `<button class="bait" onclick="${hurt('button')}">x</button>`,
  base: '<base href="data:text/javascript,">',
};

/** A notebook that brings each of them in its text, in a heading, in every kind of output, and in its figure. */
export function foreign(): string {
  const all = Object.values(ways).join('\n\n');
  const notebook = JSON.parse(
    notebookOf([
      { md: `# Foreign ${ways.error}\n\n$x^2$\n\n## Part ${ways.svg}\n\n${all}\n\n[x](javascript:${hurt('link')})` },
      '1',
      '2',
    ]),
  );
  const bad = figure(`</script>${ways.element}${ways.error}`);
  notebook.cells[1].outputs = [
    { output_type: 'stream', name: 'stdout', text: ways.element },
    display({ 'text/html': all }),
    display({ 'text/markdown': all }),
    display({ 'image/svg+xml': `<svg xmlns="http://www.w3.org/2000/svg">${all}</svg>` }),
  ];
  notebook.cells[2].outputs = [display({ 'application/vnd.plotly.v1+json': bad, 'text/plain': ways.element })];
  return JSON.stringify(notebook);
}

/** As `table` writes it; wider than a telephone. */
const wideTable = `<div class="bnlab-table"><table><tr>${'<td>12,345,678</td>'.repeat(8)}</tr></table></div>`;

/** Opens a page with no network and notes every request and every complaint. */
export async function open(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = {},
): Promise<{ tab: Page; requests: string[]; errors: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options });
  const requests: string[] = [];
  const errors: string[] = [];
  // A busy machine is waited for: what does not come ends with the browser, not with a clock.
  context.setDefaultTimeout(0);
  await context.route(/^(?!file:|data:|blob:)/, (route) => route.abort());
  const tab = await context.newPage();
  tab.on('request', (request) => requests.push(request.url()));
  tab.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  tab.on('pageerror', (error) => errors.push(error.message));
  await tab.goto(pathToFileURL(file).href);
  return { tab, requests, errors, close: () => context.close() };
}

/** No request left the machine. */
export const onlyFiles = (requests: string[]) =>
  assert.deepEqual(
    requests.filter((url) => !/^(?:file|data|blob):/.test(url)),
    [],
  );

/** What axe finds. */
export async function violations(tab: Page): Promise<string[]> {
  // By the debugger: the page's own policy lets no script in.
  await tab.evaluate(fs.readFileSync(path.join(home, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8'));
  const result = await tab.evaluate(() => window.axe.run({ preload: false }));
  return result.violations.map(
    (v: { impact: string; id: string; nodes: { html: string }[] }) =>
      `${v.impact} ${v.id}: ${v.nodes[0].html.slice(0, 200)}`,
  );
}
