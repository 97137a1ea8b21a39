/** Every builder's figure, drawn by plotly.js itself in a headless browser without network. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { retheme, type Figure, type Theme } from 'bnlab';
import { openPlotly, type PlotlyPage } from './browser';
import { gallery } from './gallery';

const figures = gallery();
let plotly: PlotlyPage;
before(async () => {
  plotly = await openPlotly();
});
after(() => plotly?.close());

/** Draws a figure and runs `look` in the page, with Plotly and the figure's element. */
async function drawn<T>(figure: Figure, look: string): Promise<T> {
  await plotly.page.setViewportSize({ width: 760, height: figure.layout.height as number });
  await plotly.page.evaluate(
    `(async (figure) => { const div = document.getElementById('figure'); Plotly.purge(div); div.innerHTML = ''; await Plotly.newPlot(div, figure); })(${JSON.stringify(figure)})`,
  );
  return (await plotly.page.evaluate(`(async (div) => { ${look} })(document.getElementById('figure'))`)) as T;
}

test('plotly.js knows every attribute of every figure, for every page', async () => {
  const all = Object.entries(figures).flatMap(([name, figure]) =>
    (['light', 'dark', 'print', 'phone'] as Theme[]).map(
      (theme) => [`${name}, ${theme}`, retheme(figure, theme)] as const,
    ),
  );
  for (const [name, figure] of all) {
    const found = (await plotly.page.evaluate(
      `(Plotly.validate(${JSON.stringify(figure.data)}, ${JSON.stringify(figure.layout)}) || []).map((e) => e.msg)`,
    )) as string[];
    // Plotly's validation of a slider's arguments compares objects by identity: "(set to 'a') got reset to 'a'".
    const real = found.filter((message) => !/\(set to '(.*)'\) got reset to '\1'/.test(message));
    assert.deepEqual(real, [], name);
  }
});

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Where each text stands that is seen. */
const TEXTS = `const page = div.getBoundingClientRect();
  return [...div.querySelectorAll('svg text')]
    .filter((t) => t.textContent.trim() && getComputedStyle(t).opacity !== '0')
    .map((t) => {
      const r = t.getBoundingClientRect();
      return { text: t.textContent, left: r.left - page.left, right: r.right - page.left, top: r.top - page.top, bottom: r.bottom - page.top };
    });`;

for (const theme of ['light', 'dark', 'print', 'phone'] as Theme[]) {
  test(`every figure is drawn for ${theme}; nothing it says is cut off by the page or stands on other words`, async () => {
    for (const [name, figure] of Object.entries(figures)) {
      const themed = retheme(figure, theme);
      const { width, height } = themed.layout as { width: number; height: number };
      const texts = await drawn<Box[]>(themed, TEXTS);
      assert.ok(texts.length > 0, name);
      for (const t of texts) {
        const room = Math.min(t.left, width - t.right, t.top, height - t.bottom);
        assert.ok(room > -3, `${name}: "${t.text}" reaches beyond the page: ${JSON.stringify(t)}`);
      }
      texts.forEach((a, i) => {
        for (const b of texts.slice(i + 1)) {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          // Boxes of text hold room for accents and descenders: lines that touch overlap by as much.
          assert.ok(across <= 2 || down <= 4, `${name}: "${a.text}" on "${b.text}", ${across} by ${down} pixels`);
        }
      });
    }
  });
}

test('static pictures say each line’s place once: what librsvg and Inkscape add up, browsers do not', async () => {
  for (const theme of ['light', 'phone'] as Theme[])
    for (const [name, figure] of Object.entries(figures)) {
      const url = await drawn<string>(retheme(figure, theme), `return Plotly.toImage(div, { format: 'svg' });`);
      const svg = decodeURIComponent(url.slice(url.indexOf(',') + 1));
      const texts = [...svg.matchAll(/<text\b([^>]*)>(?=<tspan)/g)].map(([, attributes]) => attributes);
      assert.ok(texts.length > 0, name);
      const shifted = texts.filter((attributes) => parseFloat(/\bdy="([^"]*)"/.exec(attributes)?.[1] ?? '0') !== 0);
      assert.deepEqual(shifted, [], `${name}, ${theme}`);
    }
});

test('names at line ends do not overlap', async () => {
  for (const name of ['line', 'stacked', 'functions', 'logLog', 'cost', 'fanSingle']) {
    const boxes = await drawn<{ top: number; bottom: number; left: number; text: string }[]>(
      figures[name],
      `return [...div.querySelectorAll('.annotation text')].map((t) => { const r = t.getBoundingClientRect(); return { text: t.textContent, top: r.top, bottom: r.bottom, left: r.left, right: r.right }; });`,
    );
    const edge = 760 - (figures[name].layout.margin as { r: number }).r;
    const right = boxes.filter((b) => b.left > edge).sort((a, b) => a.top - b.top);
    right.forEach((b, i) => {
      if (i > 0) assert.ok(b.top >= right[i - 1].bottom - 3, `${name}: "${right[i - 1].text}" over "${b.text}"`);
    });
  }
});

test('the slider moves both histograms and their numbers, and not the axes', async () => {
  const look = (
    step: string,
  ) => `await Plotly.animate(div, ['${step}'], { mode: 'immediate', frame: { duration: 0, redraw: true }, transition: { duration: 0 } });
    return { y: div.data.map((t) => Array.from(t.y)), note: div.layout.annotations[0].text, range: div.layout.xaxis.range, shapes: div.layout.shapes.length };`;
  const first = await drawn<{ y: number[][]; note: string; range: number[]; shapes: number }>(
    figures.slider,
    look('0'),
  );
  const last = await drawn<typeof first>(figures.slider, look('5000'));
  assert.notDeepEqual(first.y[0], last.y[0]);
  assert.notDeepEqual(first.y[1], last.y[1]);
  assert.notEqual(first.note, last.note);
  assert.deepEqual(first.range, last.range);
  assert.deepEqual(
    last.y[0],
    (figures.slider.data[0] as unknown as { y: number[] }).y,
    'the figure opens at the last step',
  );
  // By hand: a click at the left end of the rail goes to the first step.
  const rail = await drawn<{ x: number; y: number }>(
    figures.slider,
    `const r = div.querySelector('.slider-rail-touch-rect').getBoundingClientRect(); return { x: r.left + 4, y: r.top + r.height / 2 };`,
  );
  await plotly.page.mouse.click(rail.x, rail.y);
  // The slider names its step active before the frame is drawn, so the histogram itself is waited for.
  const shown = `(({ layout, data }) => layout.sliders[0].active === 0 && JSON.stringify(Array.from(data[0].y)))(document.getElementById('figure'))`;
  await plotly.page.waitForFunction(`${shown} === '${JSON.stringify(first.y[0])}'`);
});
