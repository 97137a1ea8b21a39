/** Every builder's figure, drawn by plotly.js itself in a headless browser without network. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import type { Figure } from 'bnlab';
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

test('plotly.js knows every attribute of every figure', async () => {
  for (const [name, figure] of Object.entries(figures)) {
    const found = (await plotly.page.evaluate(
      `(Plotly.validate(${JSON.stringify(figure.data)}, ${JSON.stringify(figure.layout)}) || []).map((e) => e.msg)`,
    )) as string[];
    // Plotly's validation of a slider's arguments compares objects by identity: "(set to 'a') got reset to 'a'".
    const real = found.filter((message) => !/\(set to '(.*)'\) got reset to '\1'/.test(message));
    assert.deepEqual(real, [], name);
  }
});

test('every figure is drawn, and nothing it says is cut off by the page', async () => {
  for (const [name, figure] of Object.entries(figures)) {
    const texts = await drawn<{ text: string; left: number; right: number; top: number; bottom: number }[]>(
      figure,
      `const page = div.getBoundingClientRect();
       return [...div.querySelectorAll('svg text')].filter((t) => t.textContent.trim() && getComputedStyle(t).opacity !== '0').map((t) => {
         const r = t.getBoundingClientRect();
         return { text: t.textContent, left: r.left - page.left, right: page.left + ${figure.layout.width} - r.right, top: r.top - page.top, bottom: page.top + ${figure.layout.height} - r.bottom };
       });`,
    );
    assert.ok(texts.length > 0, name);
    for (const t of texts) {
      assert.ok(
        Math.min(t.left, t.right, t.top, t.bottom) > -3,
        `${name}: "${t.text}" reaches beyond the page: ${JSON.stringify(t)}`,
      );
    }
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
  await plotly.page.waitForFunction(`${shown} === '${JSON.stringify(first.y[0])}'`, undefined, { timeout: 0 });
});
