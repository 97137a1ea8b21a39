/**
 * The one look of every figure: fonts, sizes, grid, and who wears which colour and dash.
 *
 * Two things never change from figure to figure: the net without batch normalization is vermilion and dashed, the net
 * with it is blue and solid. The two also differ in lightness (2.3 : 1), so a photocopy keeps them apart; every colour
 * stands at 4.5 : 1 or more against the white page, so that a label may be set in its line's colour (WCAG 2.2, 1.4.3).
 * Hues follow Okabe & Ito's colour-blind-safe set, darkened to that contrast.
 */

import { expectArguments, notNegative, oneOf, shown } from '../core/checks';

/** Plotly's names of line dashes that the theme uses. */
export type Dash = 'solid' | 'dash' | 'dot' | 'dashdot' | 'longdash' | 'longdashdot';

/** How one kind of net, function or reference is drawn, everywhere. */
export interface Identity {
  /** what a legend calls it */
  readonly label: string;
  /** `#rrggbb`, used for the line, its band (transparent) and its label */
  readonly color: string;
  /** Plotly's dash of the line. */
  readonly dash: Dash;
  /** Plotly marker symbol, where points are drawn */
  readonly symbol: string;
  /** line width, pixels */
  readonly width: number;
}

/**
 * Fixed identities. Within a group (normalizations; activations) no two share a dash or a symbol, so that each pair can
 * be told apart without colour.
 */
export const identities = {
  none: { label: 'no BN', color: '#c44f00', dash: 'dash', symbol: 'square', width: 2.25 },
  batch: { label: 'BN', color: '#00427d', dash: 'solid', symbol: 'circle', width: 2.5 },
  layer: { label: 'layer norm', color: '#007a5a', dash: 'dot', symbol: 'triangle-up', width: 2.25 },
  group: { label: 'group norm', color: '#a13d78', dash: 'dashdot', symbol: 'diamond', width: 2.25 },
  instance: { label: 'instance norm', color: '#7a5c00', dash: 'longdash', symbol: 'triangle-down', width: 2.25 },
  renorm: { label: 'batch renorm', color: '#2b7bb0', dash: 'longdashdot', symbol: 'cross', width: 2.25 },
  whitening: {
    label: 'full whitening',
    color: '#5b3a8c',
    dash: '8px,3px,2px,3px,2px,3px',
    symbol: 'star',
    width: 2.25,
  },
  dropout: { label: 'Dropout', color: '#8a5a00', dash: '3px,2px', symbol: 'x', width: 2.25 },
  both: { label: 'BN + Dropout', color: '#3d3d3d', dash: '12px,3px', symbol: 'pentagon', width: 2.25 },
  sigmoid: { label: 'sigmoid', color: '#5b3a8c', dash: 'solid', symbol: 'circle', width: 2.25 },
  tanh: { label: 'tanh', color: '#007a5a', dash: 'dash', symbol: 'square', width: 2.25 },
  relu: { label: 'ReLU', color: '#8a5a00', dash: 'dashdot', symbol: 'triangle-up', width: 2.25 },
  linear: { label: 'identity', color: '#666666', dash: 'dot', symbol: 'diamond', width: 2.25 },
  reference: { label: 'theory', color: '#333333', dash: 'dot', symbol: 'line-ew', width: 1.5 },
} as const satisfies Record<string, Omit<Identity, 'dash'> & { dash: string }>;

/** The names of the fixed identities: `'none'` is the net without batch normalization, `'batch'` the one with it. */
export type IdentityName = keyof typeof identities;

/** Colours that are not a series. */
export const ink = {
  text: '#1f1f1f',
  muted: '#595959',
  grid: '#e6e6e6',
  axis: '#8c8c8c',
  paper: '#ffffff',
  shade: '#ededed',
  box: '#f6f6f6',
} as const;

/**
 * Colours for ordered things (layers, learning rates, batch sizes): one ramp from light to dark, so that the order also
 * reads in grey. The lightest keeps 4.5 : 1 against white, for its label.
 *
 * @param index 0 .. count - 1
 * @param count how many there are
 * @returns `#rrggbb`
 */
export function ordinalColor(index: number, count: number): string {
  expectArguments('ordinalColor', { index: [index, notNegative], count: [count, notNegative] });
  return onRamp(['#2a7d70', '#2a6a86', '#3b528b', '#440d54'], index, count);
}

/** The colour of one of `count` ordered things on a ramp between `stops`. */
export function onRamp(stops: readonly string[], index: number, count: number): string {
  const position = count <= 1 ? 1 : (index / (count - 1)) * (stops.length - 1);
  const low = Math.min(Math.floor(position), stops.length - 2);
  const [a, b] = [channels(stops[low]), channels(stops[low + 1])];
  return '#' + a.map((v, i) => hex(v + (b[i] - v) * (position - low))).join('');
}

/** Dashes and symbols for things without a fixed identity, in order. */
export const dashes: readonly Dash[] = ['solid', 'dash', 'dot', 'dashdot', 'longdash', 'longdashdot'];
export const symbols = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'] as const;

/**
 * Sequential scale for heat maps (viridis, van der Walt & Smith 2015): lightness rises evenly, so grey keeps the order.
 */
export const sequentialScale: [number, string][] = [
  [0, '#440154'],
  [0.125, '#472c7a'],
  [0.25, '#3b518b'],
  [0.375, '#2c718e'],
  [0.5, '#21908d'],
  [0.625, '#27ad81'],
  [0.75, '#5cc863'],
  [0.875, '#aadc32'],
  [1, '#fde725'],
];

/** Diverging scale for signed values: vermilion below zero, white at zero, blue above. */
export const divergingScale: [number, string][] = [
  [0, '#9c3d00'],
  [0.25, '#e59a66'],
  [0.5, '#ffffff'],
  [0.75, '#6f9fc7'],
  [1, '#003566'],
];

/** Pixels and points of the page. */
export const size = {
  width: 760,
  title: 16,
  subtitle: 12.5,
  text: 12.5,
  tick: 12,
  small: 11.5,
} as const;

export const fontFamily = 'Helvetica Neue, Arial, Liberation Sans, DejaVu Sans, sans-serif';

/** Colours that are not a series, by role. */
export type Ink = Record<keyof typeof ink, string>;

/** The Plotly template that every figure carries. */
export function templateOf(
  inks: Ink,
  colorway: readonly string[],
  sizes: { text: number; tick: number; small: number },
) {
  // What every axis has; builders add title, range and place.
  const axis = {
    showline: true,
    linecolor: inks.axis,
    linewidth: 1,
    ticks: 'outside',
    ticklen: 4,
    tickcolor: inks.axis,
    tickfont: { size: sizes.tick, color: inks.muted },
    title: { font: { size: sizes.text, color: inks.text }, standoff: 8 },
    gridcolor: inks.grid,
    gridwidth: 1,
    zeroline: false,
    automargin: false,
    separatethousands: true,
    exponentformat: 'power',
    showexponent: 'all',
    minexponent: 5,
  };
  return {
    layout: {
      font: { family: fontFamily, size: sizes.text, color: inks.text },
      paper_bgcolor: inks.paper,
      plot_bgcolor: inks.paper,
      colorway: [...colorway],
      xaxis: { ...axis, showgrid: false },
      yaxis: { ...axis, showgrid: true },
      hoverlabel: {
        font: { family: fontFamily, size: sizes.text },
        bgcolor: inks.paper,
        bordercolor: inks.axis,
        align: 'left',
      },
      annotationdefaults: { font: { size: sizes.small, color: inks.muted }, showarrow: false },
    },
  };
}

/** What the reader may do with a figure: hover, zoom, save as SVG; no logo, no network. */
export const config = {
  displaylogo: false,
  // plotly.js 4 has a button that sends the figure to its makers' server.
  showSendToCloud: false,
  responsive: false,
  modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d', 'zoomIn2d', 'zoomOut2d'],
  toImageButtonOptions: { format: 'svg' },
};

/** The name of an identity. */
export const IDENTITY = oneOf(Object.keys(identities));

/**
 * How a series is drawn.
 *
 * @param as a fixed identity, or `undefined` for a series that has none
 * @param index place among the series without identity, which are told apart by colour, dash and symbol
 * @param count how many such series there are
 * @throws RangeError for a name that is not an identity
 */
export function identityOf(as: IdentityName | undefined, index = 0, count = 1): Identity {
  expectArguments('identityOf', { index: [index, notNegative], count: [count, notNegative] });
  if (as === undefined) {
    return {
      label: `series ${index + 1}`,
      color: ordinalColor(index, count),
      dash: dashes[index % dashes.length],
      symbol: symbols[index % symbols.length],
      width: 2,
    };
  }
  const known = typeof as === 'string' && Object.hasOwn(identities, as);
  const found = known ? (identities[as] as Identity) : undefined;
  if (found === undefined) {
    throw new RangeError(
      `Unknown identity ${typeof as === 'string' ? `"${as as string}"` : shown(as)}. Use one of ${Object.keys(identities).join(', ')}, or leave it out.`,
    );
  }
  return found;
}

/** Two groups of points are told apart by hue, lightness and symbol, and wear neither BN's colour nor the other's. */
export const groups = [
  { color: '#2b7bb0', symbol: 'circle' },
  { color: '#5c3a00', symbol: 'triangle-up' },
] as const;

/** Relative luminance of `#rrggbb`, 0 (black) to 1 (white): what is left of a colour in grey (WCAG 2.2). */
export function luminance(color: string): number {
  const [r, g, b] = channels(color).map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (high + 0.05) / (low + 0.05);
}

/** `#rrggbb` with an opacity, as Plotly takes it. */
export function translucent(color: string, opacity: number): string {
  return `rgba(${channels(color).join(',')},${opacity})`;
}

/** Red, green and blue of `#rrggbb`, 0 to 255. */
export function channels(color: string): number[] {
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw new RangeError(`A colour is written #rrggbb here, got "${color}".`);
  return [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
}

/** 0 to 255 as two hexadecimal digits. */
export function hex(value: number): string {
  return Math.round(value).toString(16).padStart(2, '0');
}
