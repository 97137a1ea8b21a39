/** The same figures for a dark page, for black-and-white print, for a phone. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { FigureError, heatmapFigure, lineFigure, retheme, type Figure, type StoredFigure, type Theme } from 'bnlab';
import { identities } from 'bnlab/internal';
import { dark, light, print, rolesOf, type Palette } from 'bnlab/dist/src/figure/palette';
import { contrast } from 'bnlab/dist/src/figure/theme';
import { gallery } from './gallery';
import { distances } from './sight';

const figures = gallery();
const themes: Theme[] = ['light', 'dark', 'print', 'phone'];
const palettes: Record<string, Palette> = { light, dark, print };
const series = [
  ...Object.keys(identities),
  ...['group 0', 'group 1'],
  ...[1, 2, 3, 5, 8].flatMap((count) => Array.from({ length: count }, (_, index) => `ordinal ${index}/${count}`)),
];

/** Every colour of the figure with the key under which it stands, colour scales and pixels apart. */
function* colorsOf(value: unknown, key = ''): Generator<{ key: string; color: string }> {
  if (typeof value === 'string') {
    for (const color of value.match(/#[0-9a-f]{6}\b|rgba\([^)]*\)/gi) ?? []) yield { key, color };
  } else if (Array.isArray(value)) for (const entry of value) yield* colorsOf(entry, key);
  else if (value !== null && typeof value === 'object')
    for (const [name, entry] of Object.entries(value))
      if (!['roles', 'z', 'customdata'].includes(name)) yield* colorsOf(entry, name);
}

test('on every page, names in their lines’ colours and all other text stand at 4.5 : 1, axes at 3 : 1', () => {
  for (const [page, palette] of Object.entries(palettes)) {
    const { paper, shade, box, text, muted, axis } = palette.ink;
    for (const role of series)
      assert.ok(
        contrast(palette.color(role), paper) >= 4.45,
        `${page}, ${role}: ${contrast(palette.color(role), paper)}`,
      );
    for (const ground of [paper, shade, box])
      for (const color of [text, muted]) assert.ok(contrast(color, ground) >= 4.5, `${page}: ${color} on ${ground}`);
    assert.ok(contrast(axis, paper) >= 3, page);
  }
});

test('on every page no BN and BN differ in lightness, and in colour for the colour-blind', () => {
  for (const [page, palette] of Object.entries(palettes)) {
    const [none, batch] = [palette.color('none'), palette.color('batch')];
    assert.ok(contrast(none, batch) > 2, `${page}: ${contrast(none, batch)}`);
    if (page === 'print') continue;
    for (const [name, distance] of Object.entries(distances(none, batch)))
      assert.ok(distance > 20, `${page}, ${name}: ${distance}`);
  }
});

test('roles that share a colour on paper share it on every page, so that a colour stands for one thing', () => {
  for (const palette of [dark, print])
    for (const one of series)
      for (const other of series)
        if (light.color(one) === light.color(other))
          assert.equal(palette.color(one), palette.color(other), `${one}, ${other}`);
});

test('every colour of a figure has a role, which the figure says itself', () => {
  for (const [name, figure] of Object.entries(figures)) {
    const { roles } = figure.layout.meta as { roles: Record<string, string> };
    const data = figure.data.map(({ colorscale: _scale, ...trace }) => trace);
    const cells = new Set(['#ffffff', '#1f1f1f']);
    for (const { key, color } of colorsOf([data, { ...figure.layout, meta: {}, template: {} }])) {
      const [r, g, b] = (color.match(/[\d.]+/g) ?? []).map(Number);
      const solid = color.startsWith('#')
        ? color
        : '#' + [r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('');
      assert.ok(roles[solid] !== undefined || cells.has(solid), `${name}: ${key} ${color}`);
    }
  }
});

test('the figure given is not changed, and what was measured is the same on every page', () => {
  for (const [name, figure] of Object.entries(figures)) {
    const before = JSON.stringify(figure);
    for (const theme of themes) {
      const other = retheme(figure, theme);
      assert.equal(JSON.stringify(figure), before, `${name}, ${theme}`);
      assert.deepEqual([other.alt, other.caption, other.summary], [figure.alt, figure.caption, figure.summary]);
      assert.equal(JSON.stringify(retheme(figure, theme)), JSON.stringify(other), 'the same bytes');
      if (name === 'blocks') continue; // whose x and y are places on the page
      const values = (f: Figure) => f.data.map(({ x, y, z, type }) => (type === 'image' ? { x, y } : { x, y, z }));
      assert.deepEqual(values(other), values(figure), `${name}, ${theme}`);
    }
  }
});

test('a dark figure has no colour of the light page left', () => {
  const lightOnly = ['none', 'batch', 'text', 'muted', 'grid', 'axis', 'paper', 'shade'].map((role) =>
    light.color(role),
  );
  for (const [name, figure] of Object.entries(figures)) {
    const { data, layout, frames } = retheme(figure, 'dark');
    const maps = data.filter((trace) => trace.type === 'heatmap');
    const annotations = (layout.annotations as { xref?: string }[] | undefined)?.filter(
      (note) => !maps.some((map) => map.xaxis === note.xref),
    );
    const traces = data.map(({ colorscale: _scale, ...trace }) => trace);
    for (const { key, color } of colorsOf([traces, { ...layout, annotations }, frames]))
      assert.ok(!lightOnly.includes(color), `${name}: ${key} is ${color}`);
  }
});

test('numbers in cells are legible on the cells’ colours of every page', () => {
  for (const theme of ['dark', 'print'] as const) {
    const { data, layout } = retheme(figures.signed, theme);
    const cells = (layout.annotations as { xref: string; x: number; y: number; font?: { color: string } }[]).filter(
      (note) => note.xref.startsWith('x') && note.font,
    );
    assert.ok(cells.length >= 50);
    const scale = data[0].colorscale as [number, string][];
    for (const { x, y, xref, font } of cells) {
      const map = data.find((trace) => trace.xaxis === xref) as
        { z?: number[][]; zmin?: number; zmax?: number } | undefined;
      const share = (map!.z![y][x] - map!.zmin!) / (map!.zmax! - map!.zmin!);
      const nearest = scale.reduce((a, b) => (Math.abs(b[0] - share) < Math.abs(a[0] - share) ? b : a))[1];
      assert.ok(contrast(font!.color, nearest) >= 4.5, `${theme}: ${font!.color} on ${nearest}`);
    }
  }
});

test('in print everything is grey, and lines of one panel differ in dash and in symbol', () => {
  for (const [name, figure] of Object.entries(figures)) {
    const { data, layout, frames } = retheme(figure, 'print');
    for (const { key, color } of colorsOf([data, layout, frames])) {
      const [r, g, b] = color.startsWith('#')
        ? [1, 3, 5].map((i) => color.slice(i, i + 2))
        : (color.match(/[\d.]+/g) ?? []);
      assert.ok(r === g && g === b, `${name}: ${key} is ${color}`);
    }
  }
  for (const name of ['line', 'sweep', 'functions']) {
    const lines = retheme(figures[name], 'print').data.filter(
      (trace) => trace.xaxis === 'x' && trace.hoverinfo !== 'skip' && trace.fill === undefined,
    );
    for (const part of ['line.dash', 'marker.symbol']) {
      const [object, key] = part.split('.');
      const worn = lines.map((trace) => (trace[object] as Record<string, string>)[key]);
      assert.equal(new Set(worn).size, lines.length, `${name}: ${part} ${worn.join()}`);
    }
  }
});

test('on a phone a figure is 390 pixels wide, in one column, and its heading loses no word', () => {
  const words = (figure: StoredFigure) =>
    (figure.layout.title as { text: string }).text.replace(/<br>/g, ' ').replace(/<[^>]*>/g, '');
  for (const [name, figure] of Object.entries(figures)) {
    const phone = retheme(figure, 'phone');
    assert.equal(phone.layout.width, 390, name);
    assert.equal(words(phone), words(figure), name);
    for (const [key, axis] of Object.entries(phone.layout))
      if (/^xaxis/.test(key) && name !== 'blocks')
        assert.deepEqual((axis as { domain: number[] }).domain, [0, 1], `${name}.${key}`);
  }
  const shape = ({ layout }: StoredFigure) => {
    const margin = layout.margin as { l: number; r: number };
    const [x, y] = [layout.xaxis, layout.yaxis] as { range: number[]; domain: number[] }[];
    const { t, b } = layout.margin as { t: number; b: number };
    const perX = (x.range[1] - x.range[0]) / ((layout.width as number) - margin.l - margin.r);
    const tall = ((layout.height as number) - t - b) * (y.domain[1] - y.domain[0]);
    return perX / ((y.range[1] - y.range[0]) / tall);
  };
  assert.ok(Math.abs(shape(retheme(figures.scatter, 'phone')) - 1) < 0.01, 'equal scales stay equal');
});

test('a quotation mark in a heading or beside a colour bar is the same sign on a phone', () => {
  const words = 'a "b" & c';
  const text = { title: words, alt: 'a', caption: 'a', data: 'none' };
  const axis = { label: 'x', values: [1, 2] };
  const panels = [
    {
      values: [
        [1, 2],
        [3, 4],
      ],
    },
  ];
  const small = retheme(heatmapFigure({ ...text, x: axis, y: axis, z: { label: words }, panels }), 'phone');
  const bar = small.data.find((trace) => trace.colorbar)?.colorbar as { title: { text: string } };
  for (const shown of [(small.layout.title as { text: string }).text, bar.title.text])
    assert.match(shown, /a &#34;b&#34; &amp; c/);
});

test('phone goes with dark and with print, in either order; two colourings do not', () => {
  for (const theme of ['dark', 'print'] as const)
    for (const name of ['line', 'blocks', 'intervals', 'slider'])
      assert.deepEqual(
        retheme(retheme(figures[name], theme), 'phone').layout.annotations,
        retheme(retheme(figures[name], 'phone'), theme).layout.annotations,
        `${name}, ${theme}`,
      );
  assert.throws(
    () => retheme(retheme(figures.line, 'dark'), 'print'),
    (error: Error) =>
      error instanceof FigureError &&
      /wears "dark" already, asked was "print"\. Pass the figure as it is stored/.test(error.message),
  );
  assert.throws(() => retheme(figures.line, 'sepia' as Theme), /theme/);
  assert.throws(() => retheme({} as StoredFigure, 'dark'), /figure/);
});

test('a colour’s role is what the figure says, not what the colour looks like', () => {
  const figure = lineFigure({
    ...{ title: 'A finding', data: 'numbers', alt: 'what it shows', caption: 'how to read it' },
    ...{ x: { label: 'x' }, y: { label: 'y' }, series: [{ as: 'batch', x: [1, 2], y: [1, 2] }] },
  });
  const odd = JSON.parse(JSON.stringify(figure).replaceAll(identities.batch.color, '#123456')) as Figure;
  assert.equal((retheme(odd, 'dark').data[0].line as { color: string }).color, dark.color('batch'));
  const none = {
    ...figure,
    layout: { ...figure.layout, meta: { roles: { ...rolesOf(['none']), [identities.batch.color]: 'none' } } },
  };
  assert.equal((retheme(none, 'dark').data[0].line as { color: string }).color, dark.color('none'));
});

test('figures of the committed notebooks can be drawn for every page, and figures of other makers stay whole', () => {
  const folder = path.join(__dirname, '..', '..', 'notebooks');
  type Cell = { outputs?: { data?: Record<string, StoredFigure> }[] };
  const stored = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb'))
    .flatMap((file) => (JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as { cells: Cell[] }).cells)
    .flatMap((cell) => cell.outputs ?? [])
    .flatMap((output) => output.data?.['application/vnd.plotly.v1+json'] ?? []);
  assert.ok(stored.length > 0);
  for (const figure of stored)
    for (const theme of themes) {
      const other = retheme(figure, theme);
      assert.equal(other.data.length, figure.data.length);
      assert.ok(!/NaN|undefined/.test(JSON.stringify(other.layout)));
    }
  const foreign = { data: [{ type: 'bar', y: [1, 2] }], layout: { title: 'mine' } };
  for (const theme of themes) assert.deepEqual(retheme(foreign, theme).data, foreign.data);
});
