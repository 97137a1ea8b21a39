/**
 * SVG twins: each Plotly figure of a notebook drawn once by plotly.js in a headless browser, so that a page that shows
 * only static images shows it too. The same figure gives the same bytes.
 */
import type { Browser, Page } from 'playwright-core';
import { sha256 } from '../../src/platform/node';
import { launchBrowser } from '../browser';
import { figureText } from '../notebook/figure-text';
import { DisplayError } from './displays';
import { displays, MIME, Notebook } from '../notebook';
import { Stop } from '../running';

/** The parts of a figure that Plotly draws. */
export interface DrawnFigure {
  data: unknown[];
  layout?: Record<string, unknown>;
  frames?: unknown[];
}

/** Draws figures; one browser page for as many as are asked. */
export class TwinMaker {
  private constructor(
    private readonly browser: Browser,
    private page: Page,
  ) {}

  /** @throws Error when no browser can be started */
  static async open(stop?: Stop): Promise<TwinMaker> {
    const browser = await launchBrowser([], stop);
    try {
      return new TwinMaker(browser, await freshPage(browser));
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /**
   * The figure as a small, self-contained SVG.
   *
   * @throws Error when Plotly draws nothing of it, or takes longer than two minutes
   */
  async svg(figure: DrawnFigure): Promise<string> {
    const { page } = this;
    let clock: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      clock = setTimeout(() => reject(new Error('is not drawn within two minutes: fewer points')), 120_000);
    });
    try {
      return await Promise.race([this.draw(figure), late]);
    } catch (error) {
      // What a figure left behind, a crash or an endless loop, is not the next one's.
      this.page = await freshPage(this.browser);
      void page.close().catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(clock);
    }
  }

  private async draw(figure: DrawnFigure): Promise<string> {
    const { updatemenus: _buttons, ...layout } = figure.layout ?? {}; // buttons do nothing in a picture
    const width = numberOr(layout.width, 760);
    const height = numberOr(layout.height, 420);
    type Trace = Record<string, unknown> & { visible?: unknown };
    interface Graph {
      _fullData: Trace[];
    }
    const url = await this.page.evaluate(
      async ({ data, layout, frames, width, height }) => {
        const { Plotly, document } = globalThis as unknown as {
          Plotly: {
            newPlot(div: unknown, figure: unknown): Promise<unknown>;
            PlotSchema: { get(): { traces: Record<string, unknown> } };
            toImage(div: unknown, options: unknown): Promise<string>;
            purge(div: unknown): void;
          };
          document: { createElement(tag: string): { remove(): void }; body: { append(e: unknown): void } };
        };
        const div = document.createElement('div') as ReturnType<typeof document.createElement> & Graph;
        document.body.append(div);
        const known = Plotly.PlotSchema.get().traces;
        const odd = data.find(({ type }) => type !== undefined && !Object.hasOwn(known, String(type)));
        if (odd) throw new Error(`is not understood: there is no trace of type '${String(odd.type)}'`);
        await Plotly.newPlot(div, { data, layout: { ...layout, width, height }, frames, config: { staticPlot: true } });
        const shown = div._fullData.filter(({ visible }) => visible === true);
        if (data.length > 0 && shown.length === 0)
          throw new Error('draws none of its traces: they are hidden, or lack what their type draws');
        const lists = 'x y z values r theta a b c lat lon locations open close'.split(' ');
        const isPoint = (value: unknown): boolean =>
          Array.isArray(value) || ArrayBuffer.isView(value)
            ? Array.from(value as unknown[]).some(isPoint)
            : typeof value === 'string' || Number.isFinite(value);
        const isDrawn = (trace: Trace) => {
          const given = lists.filter((key) => typeof trace[key] === 'object' && trace[key] !== null);
          return given.length === 0 || given.every((key) => isPoint(trace[key]));
        };
        if (shown.length > 0 && !shown.some(isDrawn))
          throw new Error('draws nothing: its traces hold no finite number');
        const image = await Plotly.toImage(div, { format: 'svg', width, height });
        Plotly.purge(div);
        div.remove();
        return image;
      },
      { data: figure.data as Trace[], layout, frames: figure.frames ?? [], width, height },
    );
    const seed = sha256(JSON.stringify(figure)).slice(0, 8);
    const svg = decodeURIComponent(url.slice(url.indexOf(',') + 1));
    return this.page.evaluate(tidySvg, { svg, prefix: `f${seed}`, words: figureText(figure).alt });
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

async function freshPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ offline: true, deviceScaleFactor: 1 });
  const page = await context.newPage();
  await page.setContent('<!doctype html><meta charset="utf-8"><body></body>');
  await page.addScriptTag({ path: require.resolve('plotly.js-dist') });
  return page;
}

/**
 * Adds a twin to every figure of the notebook that has none.
 *
 * @returns how many were added
 * @throws DisplayError for the first figure that Plotly does not draw
 */
export async function addTwins(notebook: Notebook, maker: TwinMaker): Promise<number> {
  let added = 0;
  for (const { index, data } of displays(notebook)) {
    const figure = data[MIME.plotly] as DrawnFigure | undefined;
    if (!figure || data[MIME.svg]) continue;
    try {
      data[MIME.svg] = await maker.svg(figure);
    } catch (error) {
      // Playwright puts the call in front, and the page's stack behind.
      const [said] = (error as Error).message.replace(/^page\.evaluate: (?:\w*Error: )?/, '').split('\n');
      throw new DisplayError(index, `a Plotly figure ${/^(?:is|draws) /.test(said) ? said : `does not draw: ${said}`}`);
    }
    added++;
  }
  return added;
}

/**
 * Runs in the browser's page. Makes Plotly's SVG small and the same from run to run: its random ids become
 * `<prefix>-1`, `<prefix>-2`, ...; numbers keep a tenth of a pixel; what only matters to a live figure goes; `words`
 * say what the picture shows.
 */
function tidySvg({ svg, prefix, words }: { svg: string; prefix: string; words: string }): string {
  // The page's own types: the library is compiled without the DOM's.
  interface Element {
    tagName: string;
    attributes: Iterable<{ name: string; value: string }>;
    children: { length: number };
    childNodes: { length: number };
    getAttribute(name: string): string | null;
    setAttribute(name: string, value: string): void;
    removeAttribute(name: string): void;
    querySelectorAll(selector: string): Iterable<Element>;
    remove(): void;
  }
  const page = globalThis as unknown as {
    DOMParser: new () => { parseFromString(text: string, type: string): { documentElement: Element } };
    XMLSerializer: new () => { serializeToString(e: Element): string };
  };
  // Said by SVG itself, and never set otherwise by a parent here.
  const needless = new Set([
    'vector-effect:none',
    'opacity:1',
    'display:inline',
    'text-decoration-line:none',
    'text-transform:none',
    'font-variant:normal',
  ]);
  const onlyLive = /^(?:pointer-events|cursor|user-select|-webkit-user-select|shape-rendering|will-change)$/;
  const geometry = /^(?:d|transform|points|x|y|x1|x2|y1|y2|width|height|cx|cy|r|dx|dy)$/;
  const round = (text: string) =>
    text.replace(/-?\d*\.\d+(?:e[+-]?\d+)?/gi, (number) => String(Math.round(Number(number) * 10) / 10 + 0));

  const root = new page.DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  const all = () => [...root.querySelectorAll('*')];
  for (const element of all()) {
    if (/\bdrag|drag\b|zoomlayer|hoverlayer/.test(element.getAttribute('class') ?? '')) element.remove();
  }
  for (const element of [root, ...all()]) {
    for (const { name, value } of [...element.attributes]) {
      if (/^data-|^class$|^pointer-events$|^cursor$/.test(name)) element.removeAttribute(name);
      else if (geometry.test(name)) element.setAttribute(name, round(value));
      else if (name === 'style') {
        const rules = value.split(/;(?![^(]*\))/).map((rule) => rule.trim().replace(/\s*:\s*/, ':'));
        const kept = rules.filter((rule) => rule && !needless.has(rule) && !onlyLive.test(rule.split(':')[0]));
        if (kept.length) element.setAttribute('style', kept.join(';').replace(/"/g, "'"));
        else element.removeAttribute('style');
      }
    }
    if (element.tagName === 'path' && !element.getAttribute('d')) element.remove();
  }
  // From the leaves up, so that groups of empty groups go too.
  for (const element of all().reverse()) {
    if (/^(?:g|defs)$/.test(element.tagName) && element.childNodes.length === 0) element.remove();
  }
  const ids = new Map<string, string>();
  for (const element of all()) {
    const id = element.getAttribute('id');
    if (id) ids.set(id, `${prefix}-${ids.size + 1}`);
  }
  for (const element of all()) {
    for (const { name, value } of [...element.attributes]) {
      if (name === 'id') element.setAttribute('id', ids.get(value) ?? value);
      else if (value.includes('#')) {
        let linked = value.replace(/url\(['"]?[^#)]*#([^'")]+)['"]?\)/g, (whole, id: string) =>
          ids.has(id) ? `url(#${ids.get(id)})` : whole,
        );
        if (/href$/.test(name) && ids.has(value.slice(1))) linked = `#${ids.get(value.slice(1))}`;
        if (linked !== value) element.setAttribute(name, linked);
      }
    }
  }
  root.setAttribute('role', 'img');
  root.setAttribute('aria-label', words);
  return new page.XMLSerializer().serializeToString(root) + '\n';
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? value : otherwise;
}
