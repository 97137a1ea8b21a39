import test from 'node:test';
import assert from 'node:assert/strict';
import {
  blockDiagram,
  facetFigure,
  FigureError,
  functionFigure,
  heatmapFigure,
  histogramSeriesFigure,
  histogramSlider,
  intervalFigure,
  lineFigure,
  logLogFigure,
  normalizationAxesFigure,
  percentileFan,
  quantile,
  Random,
  rasterFigure,
  scatterFigure,
  stackedFigure,
  type Figure,
} from 'bnlab';
import { imageGrid } from 'bnlab/internal';
import { gallery } from './gallery';

const text = { title: 'A finding', data: 'numbers', alt: 'what it shows', caption: 'how to read it' };
const x = { label: 'x' };
const y = { label: 'y', unit: 'ms' };
const figures = gallery();

test('every builder gives plain JSON with alt, caption and summary, also in layout.meta', () => {
  for (const [name, figure] of Object.entries(figures)) {
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure, name);
    const meta = figure.layout.meta as Record<string, string>;
    for (const key of ['alt', 'caption', 'summary'] as const) {
      assert.ok(figure[key].length > 10, `${name}: ${key}`);
      assert.equal(meta[key], figure[key], name);
    }
    assert.ok(!/NaN|undefined|\[object/.test(JSON.stringify(figure)), name);
  }
});

test('a short logarithmic axis is labelled with whole numbers, not with Plotly’s bare digits', () => {
  const ticksOf = (values: number[], percent = false) =>
    (
      lineFigure({ ...text, x, y: { label: 'y', log: true, percent }, series: [{ x: [1, 2], y: values }] }).layout
        .yaxis as { ticktext?: string[] }
    ).ticktext;
  assert.deepEqual(ticksOf([0.05, 0.4]), ['0.05', '0.1', '0.2']);
  assert.deepEqual(ticksOf([80, 300]), ['100', '200', '300']);
  assert.deepEqual(ticksOf([0.001, 0.4], true), ['0.1%', '1%', '10%']);
});

test('the same input gives the same bytes', () => {
  assert.equal(JSON.stringify(gallery()), JSON.stringify(figures));
});

test('every figure states its finding, its data and its seeds above the drawing', () => {
  const title = (figure: Figure) => (figure.layout.title as { text: string }).text;
  assert.match(title(figures.line), /^<b>BN reaches 9\d\.\d% after 5,000 steps/);
  assert.match(title(figures.line), /generated curves · n = 5 seeds, median and 15–85% band · batch 60/);
  assert.match(title(figures.sweep), /no BN: 2 of 5 diverged/);
  assert.match(title(figures.slider), /step 5,000 shown/);
});

test('every plotted axis is named, and has its unit in brackets', () => {
  const figure = lineFigure({ ...text, x, y, series: [{ x: [1, 2], y: [3, 4] }] });
  assert.equal((figure.layout.yaxis as { title: { text: string } }).title.text, 'y (ms)');
  for (const name of [
    'line',
    'sweep',
    'facet',
    'stacked',
    'fan',
    'functions',
    'logLog',
    'heatmap',
    'slider',
    'scatter',
  ]) {
    assert.ok((figures[name].layout.xaxis as { title?: { text: string } }).title?.text !== undefined, name);
    assert.ok((figures[name].layout.yaxis as { title: { text: string } }).title.text, name);
  }
});

test('a missing title, data set, alt text or caption is an error in every builder', () => {
  const builders: Record<string, (t: typeof text) => Figure> = {
    lineFigure: (t) => lineFigure({ ...t, x, y, series: [{ x: [1], y: [1] }] }),
    facetFigure: (t) => facetFigure({ ...t, x, y, panels: [{ series: [{ x: [1], y: [1] }] }] }),
    stackedFigure: (t) => stackedFigure({ ...t, x, panels: [{ y, series: [{ x: [1], y: [1] }] }] }),
    percentileFan: (t) => percentileFan({ ...t, x, y, panels: [{ x: [1], percentiles: [[1], [2], [3]] }] }),
    functionFigure: (t) => functionFigure({ ...t, x: { label: 'x', range: [0, 1] }, functions: [{ f: Math.sin }] }),
    logLogFigure: (t) => logLogFigure({ ...t, x, y, series: [{ x: [1, 2, 4], y: [1, 2, 4] }] }),
    heatmapFigure: (t) =>
      heatmapFigure({ ...t, x: { ...x, values: [1] }, y: { ...y, values: [1] }, z: y, panels: [{ values: [[1]] }] }),
    histogramSlider: (t) => histogramSlider({ ...t, x, steps: [0], series: [{ samples: [[1, 2]] }] }),
    intervalFigure: (t) => intervalFigure({ ...t, x, rows: [{ label: 'a', values: [1, 2] }] }),
    imageGrid: (t) => imageGrid({ ...t, images: [new Uint8Array(784)] }),
    scatterFigure: (t) => scatterFigure({ ...t, x, y, panels: [{ groups: [{ label: 'a', x: [1, 2], y: [1, 3] }] }] }),
    histogramSeriesFigure: (t) =>
      histogramSeriesFigure({
        ...t,
        y,
        steps: [0, 1],
        series: [
          {
            samples: [
              [1, 2],
              [1, 3],
            ],
          },
        ],
      }),
    rasterFigure: (t) => rasterFigure({ ...t, x, y, white: 'yes', panels: [{ values: [[0, 1]] }] }),
    normalizationAxesFigure: (t) => normalizationAxesFigure(t),
    blockDiagram: (t) => blockDiagram({ ...t, rows: [{ label: 'a', blocks: ['BN'] }] }),
  };
  for (const [name, build] of Object.entries(builders)) {
    assert.ok(build(text).alt, name);
    for (const key of ['title', 'data', 'alt', 'caption'] as const) {
      assert.throws(
        () => build({ ...text, [key]: ' ' }),
        (error: Error) => error instanceof FigureError && error.message.startsWith(`${name}: "${key}" is empty`),
        `${name} without ${key}`,
      );
    }
  }
});

test('bands are the quantiles over seeds, and a diverged seed leaves the others', () => {
  const seeds = [1, 2, 3, 4, 10].map((v, i) => [v, i === 4 ? NaN : v * 2]);
  const figure = lineFigure({ ...text, x, y, series: [{ as: 'batch', x: [0, 1], seeds }] });
  const [band, line] = figure.data as unknown as { x: number[]; y: number[]; customdata: number[][]; name: string }[];
  const first = [1, 2, 3, 4, 10];
  const second = [2, 4, 6, 8];
  assert.deepEqual(line.y, [3, 5]);
  assert.deepEqual(
    line.customdata[0],
    [quantile(first, 0.15), quantile(first, 0.85)].map((v) => Number(v.toPrecision(6))),
  );
  assert.deepEqual(
    band.y,
    [first, second, second, first].map((s, i) => Number(quantile(s, i < 2 ? 0.15 : 0.85).toPrecision(6))),
  );
  assert.match(figure.summary, /1 of 5 diverged/);
  assert.match(line.name, /n = 5/);
});

test('a gap in the data splits the band', () => {
  const seeds = [1, 2, 3].map((v) => [v, NaN, v]);
  const [band] = lineFigure({ ...text, x, y, series: [{ x: [0, 1, 2], seeds }] }).data as unknown as {
    x: (number | null)[];
  }[];
  assert.deepEqual(band.x, [0, 0, null, 2, 2]);
});

test('log-log: the slope in the name is the fitted one, with its error', () => {
  const m = [1, 2, 4, 8, 16, 32, 64];
  const random = new Random(1);
  const noise = m.map(() => Math.exp(random.normal(0, 0.02)));
  const figure = logLogFigure({
    ...text,
    x,
    y,
    series: [{ label: 'error', x: m, y: m.map((v, i) => (3 * noise[i]) / Math.sqrt(v)) }],
    theory: [{ label: 'exact', exponent: -0.5 }],
  });
  const named = figure.summary.match(/error, slope −(0\.\d+) ± (0\.\d+)/);
  assert.ok(named, figure.summary);
  assert.ok(Math.abs(Number(named[1]) - 0.5) < 3 * Number(named[2]) + 0.001);
  const exact = logLogFigure({ ...text, x, y, series: [{ label: 'cube', x: m, y: m.map((v) => v ** 3) }] });
  assert.match(exact.summary, /cube, slope 3\.000/);
});

test('histograms: shares sum to one at every step, and nothing is lost outside the axis', () => {
  const samples = [0, 1].map((s) => Float32Array.from(new Random(s).normals(5000)));
  const figure = histogramSlider({
    ...text,
    x: { label: 'u', range: [-1, 1] },
    steps: [0, 10],
    series: [{ as: 'none', samples }],
    shownStep: 0,
  });
  for (const frame of figure.frames as { name: string; layout: { title: { text: string } } }[])
    assert.match(frame.layout.title.text, new RegExp(`step ${frame.name} shown`), 'the title names the step it shows');
  for (const frame of figure.frames as { data: { y: number[] }[] }[]) {
    assert.ok(Math.abs(frame.data[0].y.reduce((a, b) => a + b, 0) - 1) < 1e-4);
  }
  assert.match(figure.summary, /values lie beyond the axis/);
  const share = Number(figure.summary.match(/([\d.]+)% of values lie beyond/)?.[1]);
  assert.ok(Math.abs(share - 31.7) < 1.5, `a normal distribution has 31.7% beyond one deviation, got ${share}`);
  // The picture shows the step that was asked for.
  assert.deepEqual(
    (figure.data[0] as unknown as { y: number[] }).y,
    (figure.frames as { data: { y: number[] }[] }[])[0].data[0].y,
  );
});

test('scatter: principal axes of a known covariance', () => {
  const random = new Random(4);
  const [u, v] = [random.normals(20000), random.normals(20000)];
  const angle = Math.PI / 6;
  const figure = scatterFigure({
    ...text,
    x,
    y,
    panels: [
      {
        groups: [
          {
            label: 'cloud',
            x: u.map((a, i) => 3 * a * Math.cos(angle) - v[i] * Math.sin(angle)),
            y: u.map((a, i) => 3 * a * Math.sin(angle) + v[i] * Math.cos(angle)),
          },
        ],
      },
    ],
  });
  const condition = Number(figure.summary.match(/condition number ([\d.]+)/)?.[1]);
  assert.ok(Math.abs(condition - 9) < 0.4, String(condition));
  const arrow = (figure.layout.annotations as { ax: number; ay: number; x: number; y: number }[])[0];
  assert.ok(Math.abs(Math.atan2(arrow.y - arrow.ay, arrow.x - arrow.ax) - angle) < 0.02);
  const range = (axis: unknown) => (axis as { range: number[] }).range;
  const [xr, yr] = [range(figure.layout.xaxis), range(figure.layout.yaxis)];
  const margin = figure.layout.margin as { l: number; r: number; t: number; b: number };
  const perX = (xr[1] - xr[0]) / ((figure.layout.width as number) - margin.l - margin.r);
  const perY = (yr[1] - yr[0]) / ((figure.layout.height as number) - margin.t - margin.b);
  assert.ok(Math.abs(perX / perY - 1) < 1e-6, 'equal scales');
});

test('functions: the saturated region is where the slope is below the share asked for', () => {
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  const slope = (v: number) => sigmoid(v) * (1 - sigmoid(v));
  const figure = functionFigure({
    ...text,
    x: { label: 'x', range: [-8, 8] },
    functions: [{ as: 'sigmoid', f: sigmoid, derivative: slope }],
    saturatedBelow: 0.1,
    points: 1601,
  });
  const edge = Number(figure.summary.match(/saturated: from ([\d.]+) to 8/)?.[1]);
  // 4 s (1 - s) = 0.1 has its root at x = ln((1 + sqrt 0.9) / (1 - sqrt 0.9)).
  const exact = Math.log((1 + Math.sqrt(0.9)) / (1 - Math.sqrt(0.9)));
  assert.ok(Math.abs(edge - exact) < 0.02, `${edge} against ${exact}`);
});

test('heat maps: cells without a value are crossed and counted', () => {
  const figure = heatmapFigure({
    ...text,
    x: { ...x, values: [1, 2] },
    y: { ...y, values: ['a'] },
    z: { label: 'norm', log: true },
    panels: [{ values: [[0, 10]] }],
  });
  assert.match(figure.summary, /1 cells? without a value/);
  assert.deepEqual((figure.data[0] as unknown as { z: unknown }).z, [[null, 1]]);
});

test('a raster counts the columns that are white throughout, panel by panel', () => {
  const figure = rasterFigure({
    ...text,
    ...{ x, y, white: 'saturated' },
    panels: [
      {
        title: 'first',
        values: [
          [1, 0, 1],
          [1, 1, 0],
        ],
      },
      {
        title: 'second',
        values: [
          [1, 1, 0],
          [1, 1, 0],
        ],
      },
    ],
  });
  assert.deepEqual(
    figure.data.map((trace) => trace.z),
    [
      [
        [1, 0, 1],
        [1, 1, 0],
      ],
      [
        [1, 1, 0],
        [1, 1, 0],
      ],
    ],
  );
  const titles = (figure.layout.annotations as { text: string }[]).map((note) => note.text);
  assert.deepEqual(titles, ['<b>first: 1 of 3 white</b>', '<b>second: 2 of 3 white</b>']);
  assert.match(figure.summary, /first: 66\.7% of cells white; 1 of 3 columns white throughout/);
  const { range } = figure.layout.yaxis as { range: number[] };
  assert.ok(range[0] > range[1], 'the first example stands on top');
});

test('histograms over steps: every column holds all values of its step, and columns stand where their steps are', () => {
  const samples = [0, 1, 2].map((mean, i) => Array.from(new Random(i).normals(2000)).map((v) => v + 3 * mean));
  const figure = histogramSeriesFigure({
    ...text,
    y,
    steps: [0, 10, 100],
    series: [{ as: 'batch', samples }],
    bins: 40,
  });
  const { x: at, y: centres, z } = figure.data[0] as unknown as { x: number[]; y: number[]; z: number[][] };
  assert.deepEqual(at, [0, 10, 100]);
  for (const [k, mean] of [0, 3, 6].entries()) {
    const column = z.map((row) => row[k]);
    assert.ok(Math.abs(column.reduce((a, b) => a + b, 0) - 1) < 1e-3);
    const centre = column.reduce((sum, share, b) => sum + share * centres[b], 0);
    assert.ok(Math.abs(centre - mean) < 0.15, `${centre} against ${mean}`);
  }
});

test('normalization axes: the coloured cells are those that share a mean, on all three faces that are seen', () => {
  const [N, C, HW, groups] = [3, 4, 5, 2];
  const figure = normalizationAxesFigure({ ...text, sizes: { N, C, HW }, groups });
  const shapes = figure.layout.shapes as { xref: string; fillcolor: string }[];
  const coloured = ['x', 'x2', 'x3', 'x4'].map(
    (xref) => shapes.filter((shape) => shape.xref === xref && shape.fillcolor.startsWith('rgba')).length,
  );
  // Front + top + right: a channel, an example, an example's channel, an example's first group.
  const expected = [N * HW + N + HW, HW + C + C * HW, HW + 1 + HW, HW + C / groups + (C / groups) * HW];
  assert.deepEqual(coloured, expected);
  assert.equal(shapes.length, 4 * (N * HW + N * C + C * HW));
});

test('what cannot be drawn is refused, with what was given and what to do', () => {
  const series = [{ x: [1, 2], y: [1, 2] }];
  const cases: [() => unknown, RegExp][] = [
    [() => lineFigure({ ...text, x, y, series: [] }), /lineFigure: panel 1 has no series/],
    [() => lineFigure({ ...text, x, y, series: [{ x: [1, 2], y: [1] }] }), /x has 2 points but y has 1/],
    [
      () => lineFigure({ ...text, x, y, series: [{ x: [1], seeds: [[1], [1, 2]] }] }),
      /x has 1 points but seeds\[1\] has 2/,
    ],
    [() => lineFigure({ ...text, x, y, series: [{ x: [1], seeds: [] }] }), /seeds is empty/],
    [() => lineFigure({ ...text, x, y, series: [{ x: [1], y: [1], seeds: [[1]] }] }), /give either y .* got both/],
    [() => lineFigure({ ...text, x, y, series: [{ x: [1], y: [1], low: [0] }] }), /needs both low and high/],
    [() => lineFigure({ ...text, x, y, series: [{ x: [1, 2], y: [NaN, NaN] }] }), /"y" has no value that can be drawn/],
    [
      () => lineFigure({ ...text, x, y: { ...y, log: true }, series: [{ x: [1, 2], y: [0, -1] }] }),
      /not above zero as a logarithmic axis needs/,
    ],
    [() => lineFigure({ ...text, x, y: { ...y, range: [2, 1] }, series }), /range of "y" must rise/],
    [() => facetFigure({ ...text, x, y, panels: [{ series }], columns: 9 }), /columns must be 1, 2, 3 or 4/],
    [() => facetFigure({ ...text, x, y, panels: [] }), /at least one panel/],
    [() => percentileFan({ ...text, x, y, panels: [{ x: [1], percentiles: [[1]] }] }), /has 1 percentiles, wanted 3/],
    [
      () => logLogFigure({ ...text, x, y, series: [{ x: [1, 2], y: [1, 2] }] }),
      /2 points to fit a slope to, wanted at least 3/,
    ],
    [() => logLogFigure({ ...text, x, y, series: [{ x: [1, 2, 3], y: [1, 0, 2] }] }), /y of 0 .*not above zero/],
    [
      () =>
        heatmapFigure({
          ...text,
          x: { ...x, values: [1, 2] },
          y: { ...y, values: [1] },
          z: y,
          panels: [{ values: [[1]] }],
        }),
      /must be \[1 rows of "y"\]\[2 columns of "x"\], got \[1\]\[1\]/,
    ],
    [
      () => histogramSlider({ ...text, x, steps: [0, 1], series: [{ samples: [[1]] }] }),
      /samples at 1 steps, but there are 2/,
    ],
    [
      () => histogramSlider({ ...text, x, steps: [0], series: [{ samples: [[1, 2]] }], shownStep: 3 }),
      /shownStep 3 is not among the steps 0/,
    ],
    [() => intervalFigure({ ...text, x, rows: [{ label: 'a', values: [NaN] }] }), /row "a" has no finite value/],
    [
      () => rasterFigure({ ...text, x, y, white: 'yes', panels: [{ values: [[0, 0.5]] }] }),
      /holds 0\.5; a cell is 0 .* or 1/,
    ],
    [
      () => rasterFigure({ ...text, x, y, white: 'yes', panels: [{ values: [[0], [0, 1]] }] }),
      /panel 1 is \[2\]\[1 or 2\]/,
    ],
    [
      () => histogramSeriesFigure({ ...text, y, steps: [0], series: [{ samples: [[1]] }] }),
      /wanted at least two steps, got 1/,
    ],
    [
      () => histogramSeriesFigure({ ...text, y, steps: [5, 2], series: [{ samples: [[1], [1]] }] }),
      /steps must rise, got 2 after 5/,
    ],
    [() => normalizationAxesFigure({ ...text, groups: 4 }), /4 groups do not divide 6 channels/],
    [() => imageGrid({ ...text, images: [[1, 2, 3]] }), /picture 0 has 3 values, wanted 28 \* 28 = 784/],
    [() => scatterFigure({ ...text, x, y, panels: [{ groups: [{ label: 'a', x: [1], y: [] }] }] }), /1 x and 0 y/],
    [
      () => blockDiagram({ ...text, rows: [{ label: 'a', blocks: Array(20).fill('a very long block') }] }),
      /the page has/,
    ],
    [
      () =>
        functionFigure({
          ...text,
          x: { label: 'x', range: [0, 1] },
          functions: [{ f: Math.sin }],
          saturatedBelow: 0.1,
        }),
      /needs the derivative/,
    ],
  ];
  for (const [build, message] of cases) {
    assert.throws(
      build,
      (error: Error) => error instanceof FigureError && message.test(error.message),
      String(message),
    );
  }
});
