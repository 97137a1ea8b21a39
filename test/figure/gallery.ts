/**
 * One figure of every builder, with data shaped like the notebooks' own, from the seeded generator. The tests validate
 * and draw these; people look at them when the theme changes.
 */
import {
  blockDiagram,
  facetFigure,
  fmt,
  functionFigure,
  heatmapFigure,
  histogramSeriesFigure,
  histogramSlider,
  intervalFigure,
  lineFigure,
  logLogFigure,
  normalizationAxesFigure,
  percent,
  percentileFan,
  Random,
  rasterFigure,
  scatterFigure,
  stackedFigure,
  type Figure,
} from 'bnlab';
import { imageGrid } from 'bnlab/internal';

const data = 'generated curves';
const words = { alt: 'Curves made for the tests.', caption: 'Made for the tests, from seeded random numbers.' };
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function learning(seed: number, steps: number[], top: number, rate: number): number[] {
  const random = new Random(seed, 'learning');
  const delay = random.uniform(0.8, 1.25);
  return steps.map((t) => 0.1 + (top - 0.1) * (1 - Math.exp(-(t * rate * delay))) + random.normal(0, 0.006));
}

export function gallery(): Record<string, Figure> {
  const steps = Array.from({ length: 51 }, (_, i) => i * 100);
  const seeds = [1, 2, 3, 4, 5];
  const plain = seeds.map((s) => learning(s, steps, 0.93, 0.0006));
  const bn = seeds.map((s) => learning(s + 10, steps, 0.972, 0.004));
  const final = (rows: number[][]) => rows.map((row) => row[row.length - 1]);

  const figures: Record<string, Figure> = {};
  figures.line = lineFigure({
    title: fmt`BN reaches ${percent(final(bn)[2])} after ${5000} steps; the same net without it is at ${percent(final(plain)[2])}`,
    data,
    note: 'batch 60',
    x: { label: 'training step' },
    y: { label: 'test accuracy', percent: true },
    series: [
      { as: 'none', x: steps, seeds: plain },
      { as: 'batch', x: steps, seeds: bn },
    ],
    marks: [{ y: 0.1, label: 'chance' }],
    ...words,
  });

  const rates = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  figures.sweep = lineFigure({
    title:
      'Without BN the best learning rate is 1; with BN every rate from 0.1 to 10 works, and this long title wraps to a second line',
    data,
    x: { label: 'learning rate', log: true, ticks: rates },
    y: { label: 'test loss after 1,000 steps', unit: 'nats' },
    series: [
      {
        as: 'none',
        x: rates,
        seeds: seeds.map((s) =>
          rates.map((r, i) => (i === 6 && s < 3 ? NaN : 0.3 + 0.6 * Math.abs(Math.log10(r)) + 0.03 * s)),
        ),
      },
      {
        as: 'batch',
        x: rates,
        seeds: seeds.map((s) => rates.map((r) => 0.12 + 0.12 * Math.abs(Math.log10(r) - 0.3) + 0.015 * s)),
      },
      {
        as: 'layer',
        x: rates,
        seeds: seeds.map((s) => rates.map((r) => 0.14 + 0.15 * Math.abs(Math.log10(r) - 0.1) + 0.015 * s)),
      },
    ],
    labels: 'legend',
    ...words,
  });

  figures.facet = facetFigure({
    title: 'BN’s curve hardly depends on the initial scale; the plain net’s does',
    data,
    x: { label: 'training step' },
    y: { label: 'test accuracy', percent: true },
    panels: [0.01, 0.03, 0.1, 0.3, 1, 3].map((scale, i) => ({
      title: `initial scale ${scale}`,
      series: [
        {
          as: 'none' as const,
          x: steps,
          seeds: seeds.map((s) => learning(s, steps, 0.93 - 0.1 * Math.abs(i - 3), 0.0007 / (1 + Math.abs(i - 3)))),
        },
        { as: 'batch' as const, x: steps, seeds: seeds.map((s) => learning(s + 10, steps, 0.97, 0.004)) },
      ],
      marks: [{ y: 0.1, label: 'chance' }],
    })),
    ...words,
  });

  figures.stacked = stackedFigure({
    title: 'The bias grows without bound while the loss does not move',
    data: 'two Gaussian classes',
    x: { label: 'gradient step' },
    panels: [
      {
        y: { label: '‖b‖' },
        series: [
          { label: 'normalized outside the gradient', as: 'none', x: steps, y: steps.map((t) => 0.002 * t) },
          { label: 'inside (BN)', as: 'batch', x: steps, y: steps.map(() => 0.02) },
        ],
      },
      {
        y: { label: 'loss', unit: 'nats' },
        series: [
          { label: 'normalized outside the gradient', as: 'none', x: steps, y: steps.map(() => 0.693) },
          { label: 'inside (BN)', as: 'batch', x: steps, y: steps.map((t) => 0.69 * Math.exp(-t / 900) + 0.05) },
        ],
      },
    ],
    ...words,
  });

  const fan = (seed: number, drift: number, wide: number) => {
    const random = new Random(seed, 'fan');
    return [-1, 0, 1].map((k) =>
      steps.map(
        (t) => drift * Math.sqrt(t / 1000) + k * wide * (1 + 0.15 * Math.sqrt(t / 800)) + random.normal(0, 0.12),
      ),
    );
  };
  figures.fan = percentileFan({
    title: 'The input of a unit drifts and widens without BN; with BN it stays in place',
    data,
    note: 'last hidden layer, one unit',
    x: { label: 'training step' },
    y: { label: 'input of the sigmoid' },
    panels: [
      { as: 'none', x: steps, percentiles: fan(1, -1.6, 1.2) },
      { as: 'batch', x: steps, percentiles: fan(2, 0.1, 1) },
    ],
    ...words,
  });

  figures.fanSingle = percentileFan({
    title: 'One unit with BN',
    data,
    x: { label: 'training step' },
    y: { label: 'input of the sigmoid' },
    panels: [{ as: 'batch', x: steps, percentiles: fan(2, 0.1, 1) }],
    ...words,
  });

  figures.functions = functionFigure({
    title: 'The sigmoid’s slope is at most 0.25, and all but gone beyond ±4',
    data: 'exact functions',
    x: { label: 'x', range: [-8, 8] },
    functions: [
      { as: 'sigmoid', f: sigmoid, derivative: (x) => sigmoid(x) * (1 - sigmoid(x)) },
      { as: 'tanh', f: Math.tanh, derivative: (x) => 1 - Math.tanh(x) ** 2 },
      { as: 'relu', f: (x) => Math.max(0, x) / 4, derivative: (x) => (x > 0 ? 0.25 : 0), label: 'ReLU / 4' },
    ],
    saturatedBelow: 0.1,
    ...words,
  });

  const m = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
  const random = new Random(3, 'loglog');
  figures.logLog = logLogFigure({
    title: fmt`The gradient’s error falls as m to the power −1/2`,
    data,
    x: { label: 'batch size m', ticks: m },
    y: { label: 'relative error of the gradient' },
    series: [
      {
        as: 'batch',
        label: 'measured',
        x: m,
        seeds: seeds.map(() => m.map((v) => (2 / Math.sqrt(v)) * Math.exp(random.normal(0, 0.06)))),
      },
    ],
    theory: [{ label: 'exact, without replacement', x: m, y: m.map((v) => 2.03 * Math.sqrt((1 - v / 2000) / v)) }],
    ...words,
  });

  const d = [32, 64, 128, 256, 512, 1024];
  figures.cost = logLogFigure({
    title: 'Whitening costs d³; BN costs d',
    data: 'timings made up for the tests',
    x: { label: 'features d', ticks: d },
    y: { label: 'time', unit: 'ms' },
    series: [
      { as: 'whitening', x: d, y: d.map((v) => 2e-7 * v ** 2.9 + 0.05), fit: { from: 128 } },
      { as: 'batch', x: d, y: d.map((v) => 2e-3 * v ** 0.96) },
    ],
    ...words,
  });

  const scales = [0.01, 0.1, 0.3, 1, 3, 10, 30, 100];
  const depth = [1, 2, 3, 4, 5, 6];
  figures.heatmap = heatmapFigure({
    title: 'Without BN the gradient vanishes with depth and with input scale; with BN it does neither',
    data,
    x: { label: 'input scale', values: scales },
    y: { label: 'layers above', values: depth },
    z: { label: 'gradient norm', log: true },
    panels: [
      { title: 'no BN', values: depth.map((l) => scales.map((s) => 0.25 ** l / (1 + s * s))) },
      { title: 'BN', values: depth.map((l) => scales.map((s) => (s === 100 && l === 6 ? NaN : 0.5 * 0.97 ** l))) },
    ],
    ...words,
  });
  figures.signed = heatmapFigure({
    title: 'Whitening removes the covariance between features',
    data,
    x: { label: 'feature', values: [1, 2, 3, 4, 5] },
    y: { label: 'feature', values: [1, 2, 3, 4, 5] },
    z: { label: 'covariance' },
    panels: [
      {
        title: 'raw',
        values: [0, 1, 2, 3, 4].map((i) =>
          [0, 1, 2, 3, 4].map((j) => (i === j ? 1 : (-1) ** (i + j) * 0.6 ** Math.abs(i - j))),
        ),
      },
      { title: 'whitened', values: [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i === j ? 1 : 0))) },
    ],
    topDown: true,
    diverging: true,
    ...words,
  });

  const shots = [0, 50, 100, 200, 500, 1000, 2000, 5000];
  const cloud = (seed: number, mean: (t: number) => number, sd: (t: number) => number) =>
    shots.map((t) =>
      Float32Array.from(
        { length: 3000 },
        (
          (r) => () =>
            r.normal(mean(t), sd(t))
        )(new Random(seed + t, 'shot')),
      ),
    );
  figures.slider = histogramSlider({
    title: 'Without BN the inputs of layer 3 wander off to one side; with BN they stay where the sigmoid is steep',
    data,
    x: { label: 'input of the sigmoid, layer 3' },
    steps: shots,
    series: [
      {
        as: 'none',
        samples: cloud(
          1,
          (t) => -3 * (1 - Math.exp(-t / 900)),
          (t) => 0.6 + t / 2500,
        ),
      },
      {
        as: 'batch',
        samples: cloud(
          2,
          () => 0,
          (t) => 1 + t / 9000,
        ),
      },
    ],
    regions: [
      { from: -100, to: -4.6, label: 'saturated' },
      { from: 4.6, to: 100, label: 'saturated' },
    ],
    ...words,
  });

  const shotsEven = Array.from({ length: 21 }, (_, i) => i * 100);
  const moving = (seed: number, mean: (t: number) => number, sd: (t: number) => number) =>
    shotsEven.map((t) => {
      const random = new Random(seed + t, 'series');
      return Float32Array.from({ length: 800 }, () => random.normal(mean(t), sd(t)));
    });
  figures.histogramSeries = histogramSeriesFigure({
    title: 'Without BN the inputs of layer 3 wander off; with BN they stay',
    data,
    y: { label: 'input of the sigmoid, layer 3' },
    steps: shotsEven,
    series: [
      {
        as: 'none',
        samples: moving(
          1,
          (t) => -3 * (1 - Math.exp(-t / 500)),
          (t) => 0.6 + t / 1500,
        ),
      },
      {
        as: 'batch',
        samples: moving(
          2,
          () => 0,
          () => 1,
        ),
      },
    ],
    ...words,
  });

  const saturated = (share: number, stuck: readonly number[], seed: number) => {
    const random = new Random(seed, 'raster');
    return Array.from({ length: 32 }, () =>
      Array.from({ length: 60 }, (_, unit) => (stuck.includes(unit) || random.uniform(0, 1) < share ? 1 : 0)),
    );
  };
  figures.raster = rasterFigure({
    title: 'Three units are stuck: they saturate whatever comes in',
    data,
    x: { label: 'unit' },
    y: { label: 'example' },
    white: 'saturated, |h| > 0.99',
    panels: [
      { title: 'no BN', values: saturated(0.35, [7, 23, 41], 1) },
      { title: 'BN', values: saturated(0.08, [], 2) },
    ],
    ...words,
  });

  figures.normalizationAxes = normalizationAxesFigure({
    title: 'What is averaged together',
    data: 'after Wu & He 2018, figure 2',
    alt: 'Four cubes of examples, channels and positions, with the cells coloured that share one mean: a channel, an example, both, a group.',
    caption:
      'N: examples of the mini-batch; C: channels; H·W: positions. One set of cells is coloured in each cube; the others are alike.',
  });

  figures.intervals = intervalFigure({
    title: 'BN is ahead in every setting; the net without it varies more',
    data,
    x: { label: 'test accuracy', percent: true },
    rows: [
      { label: 'no BN, best rate', as: 'none', values: [0.941, 0.945, 0.938, 0.951, 0.943], expected: 0.94 },
      { label: 'BN, best rate', as: 'batch', values: [0.972, 0.974, 0.971, 0.975, 0.973], expected: 0.98 },
      { label: 'layer norm', as: 'layer', values: [0.962, 0.964, 0.966, 0.961, 0.969] },
      { label: 'one run', values: [0.955] },
    ],
    reference: { value: 0.92, label: 'logistic regression' },
    expectedLabel: 'paper',
    ...words,
  });

  const digit = (k: number) => {
    const r = new Random(k, 'digit');
    const [cx, cy, radius] = [14 + r.normal(0, 1.5), 14 + r.normal(0, 1.5), r.uniform(6, 9)];
    return Uint8Array.from(
      { length: 784 },
      (_, p) => 255 * Math.exp(-((Math.hypot((p % 28) - cx, Math.floor(p / 28) - cy) - radius) ** 2) / 3),
    );
  };
  figures.images = imageGrid({
    title: 'Twenty rings',
    data: 'rings made for the tests',
    images: Array.from({ length: 20 }, (_, k) => digit(k)),
    labels: Array.from({ length: 20 }, (_, k) => String(k)),
    ...words,
  });
  figures.imagesInColour = imageGrid({
    title: 'Eight rings in three colours',
    data: 'rings made for the tests',
    images: Array.from({ length: 8 }, (_, k) => [...digit(k)].slice(0, 28 * 20).flatMap((v) => [v, 255 - v, 30 * k])),
    shape: [20, 28, 3],
    labels: Array.from({ length: 8 }, (_, k) => `ring ${k}`),
    columns: 4,
    ...words,
  });
  figures.imageRows = imageGrid({
    title: 'The same pictures, before and after',
    data: 'rings made for the tests',
    images: Array.from({ length: 12 }, (_, k) => digit(k % 6).map((v) => (k < 6 ? v : v > 127 ? 255 : 0))),
    rowLabels: ['grey', 'binary'],
    columns: 6,
    ...words,
  });

  const r = new Random(8, 'scatter');
  const group = (sx: number, sy: number) => {
    const u = Array.from(r.normals(200));
    const v = Array.from(r.normals(200));
    return {
      x: u.map((a, i) => sx * 0.4 + 0.9 * a + 0.3 * v[i]),
      y: u.map((a, i) => sy * 0.8 + 0.5 * a + 0.25 * v[i]),
    };
  };
  const raw = [group(1, 1), group(-1, -1)];
  const standard = raw.map((g) => ({ x: g.x.map((v) => v), y: g.y.map((v) => v * 0.9) }));
  figures.scatter = scatterFigure({
    title: 'Standardizing shortens the long axis; only whitening makes the cloud round',
    data: 'two Gaussian classes',
    x: { label: 'x₁' },
    y: { label: 'x₂' },
    panels: [
      {
        title: 'raw',
        groups: [
          { label: 'class A', ...raw[0] },
          { label: 'class B', ...raw[1] },
        ],
      },
      {
        title: 'standardized',
        groups: [
          { label: 'class A', ...standard[0] },
          { label: 'class B', ...standard[1] },
        ],
      },
      {
        title: 'whitened',
        groups: [
          { label: 'class A', x: r.normals(200), y: r.normals(200) },
          { label: 'class B', x: r.normals(200), y: r.normals(200) },
        ],
      },
    ],
    ...words,
  });

  figures.blocks = blockDiagram({
    title: 'Where BN stands: before the nonlinearity, after the linear map',
    data: 'the paper, section 3.2',
    rows: [
      { label: 'paper', blocks: ['u', 'W u', 'BN', 'sigmoid', 'z'], note: 'normalizes what enters the nonlinearity' },
      { label: 'after', blocks: ['u', 'W u + b', 'sigmoid', 'BN', 'z'], note: 'the sigmoid’s input is free to drift' },
      { label: 'input', blocks: ['u', 'BN', 'W u + b', 'sigmoid', 'z'], note: 'normalizes another layer’s output' },
    ],
    ...words,
  });
  return figures;
}
