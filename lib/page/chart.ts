/** Curves, drawn again whenever a point comes: as wide as the place has room for, in the colours of the page, with words for who sees none. */
import { numberText, percentText, placeOf, type Span, spanOf, ticksOf } from './axis';
import { element, svg } from './elements';
import type { Line } from './line';

/** One axis. */
export interface ChartAxis {
  label: string;
  log?: boolean;
  percent?: boolean;
  min?: number;
  max?: number;
  /** Numbers that stand beside it; else round ones. */
  ticks?: readonly number[];
}

/** A chart without its lines. */
export interface ChartOptions {
  title: string;
  x: ChartAxis;
  y: ChartAxis;
  /** Pixels. */
  height: number;
  /** A level that means something, such as chance. */
  level?: { y: number; label: string };
  /** Standing lines. */
  marks?: readonly { x: number; label: string }[];
}

const MARGIN = { top: 12, right: 12, bottom: 34, left: 48 };

/** A chart and the place where it stands. */
export class Chart {
  readonly place: HTMLElement;
  private readonly drawing: HTMLElement;
  private lines: readonly Line[] = [];
  private asked = false;

  constructor(private options: ChartOptions) {
    this.drawing = element('div', { class: 'chart-drawing', style: `min-height:${options.height}px` });
    this.place = element('figure', { class: 'chart' }, element('figcaption', {}, options.title), this.drawing);
    new ResizeObserver(() => this.ask()).observe(this.drawing);
  }

  /** Draws these lines, at the browser's next picture. */
  show(lines: readonly Line[], change: Partial<ChartOptions> = {}): void {
    this.lines = lines;
    this.options = { ...this.options, ...change };
    if (change.title !== undefined) this.place.querySelector('figcaption')!.textContent = change.title;
    this.ask();
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  private draw(): void {
    const width = this.drawing.clientWidth;
    if (width === 0) return;
    const { x, y, height, title } = this.options;
    const spans = this.spans();
    const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    const at = {
      x: (value: number) => MARGIN.left + placeOf(spans.x, value) * inner.width,
      y: (value: number) => MARGIN.top + (1 - placeOf(spans.y, value)) * inner.height,
    };
    const picture = svg('svg', {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `${title}. ${this.words()}`,
    });
    const edges = { left: MARGIN.left, right: width - MARGIN.right, bottom: height - MARGIN.bottom, top: MARGIN.top };
    picture.append(grid(spans, at, edges, { x, y }));
    const { level, marks = [] } = this.options;
    for (const mark of marks)
      if (mark.x >= spans.x.min && mark.x <= spans.x.max) picture.append(markLine(mark, at.x(mark.x), edges));
    if (level && level.y >= spans.y.min && level.y <= spans.y.max)
      picture.append(levelLine(level, at.y(level.y), edges));
    for (const line of [...this.lines].sort((a, b) => Number(!!b.committed) - Number(!!a.committed)))
      picture.append(lineOf(line, at, spans));
    this.drawing.replaceChildren(picture);
  }

  private spans(): { x: Span; y: Span } {
    const { x, y } = this.options;
    const ys = this.lines.flatMap(({ y: values, low = [], high = [] }) => [...values, ...low, ...high]);
    const xs = this.lines.flatMap((line) => line.x);
    return { x: spanOf(xs, x.log ?? false, x), y: spanOf(ys, y.log ?? false, y) };
  }

  /** The lines' last values. */
  private words(): string {
    const { x, y } = this.options;
    const text = y.percent ? percentText : numberText;
    const said = this.lines.map(({ name, x: xs, y: values, committed }) => {
      const last = values.findLastIndex(Number.isFinite);
      const who = committed ? `${name}, stored run` : name;
      return last < 0 ? `${who}: no value` : `${who}: ${text(values[last])} at ${x.label} ${numberText(xs[last])}`;
    });
    return said.join('; ') || 'Nothing yet';
  }
}

interface At {
  x(value: number): number;
  y(value: number): number;
}
interface Edges {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function grid(spans: { x: Span; y: Span }, at: At, edges: Edges, axes: { x: ChartAxis; y: ChartAxis }): SVGElement {
  const { left, right, top, bottom } = edges;
  const made = svg('g', { class: 'chart-grid', 'aria-hidden': 'true' });
  const text = (axis: ChartAxis, value: number) => (axis.percent ? percentText(value) : numberText(value));
  const inside =
    ({ min, max }: Span) =>
    (value: number) =>
      value >= min && value <= max;
  for (const value of (axes.y.ticks ?? ticksOf(spans.y, (bottom - top) / 45)).filter(inside(spans.y))) {
    made.append(svg('line', { x1: left, x2: right, y1: at.y(value), y2: at.y(value) }));
    made.append(svg('text', { x: left - 8, y: at.y(value) + 4, 'text-anchor': 'end' }, text(axes.y, value)));
  }
  for (const value of (axes.x.ticks ?? ticksOf(spans.x, (right - left) / 85)).filter(inside(spans.x))) {
    made.append(svg('line', { x1: at.x(value), x2: at.x(value), y1: bottom, y2: bottom + 4 }));
    made.append(svg('text', { x: at.x(value), y: bottom + 16, 'text-anchor': 'middle' }, text(axes.x, value)));
  }
  made.append(svg('line', { class: 'base', x1: left, x2: right, y1: bottom, y2: bottom }));
  made.append(svg('text', { x: (left + right) / 2, y: bottom + 31, 'text-anchor': 'middle' }, axes.x.label));
  return made;
}

function levelLine({ label }: { label: string }, y: number, { left, right }: Edges): SVGElement {
  return svg(
    'g',
    { class: 'chart-level' },
    svg('line', { x1: left, x2: right, y1: y, y2: y }),
    svg('text', { x: right, y: y - 4, 'text-anchor': 'end' }, label),
  );
}

function markLine({ label }: { label: string }, x: number, { top, bottom }: Edges): SVGElement {
  return svg(
    'g',
    { class: 'chart-level' },
    svg('line', { x1: x, x2: x, y1: top, y2: bottom }),
    svg('text', { x: x + 3, y: top + 9 }, label),
  );
}

function lineOf(line: Line, at: At, spans: { x: Span; y: Span }): SVGElement {
  const made = svg('g', { class: `chart-line as-${line.as}${line.committed ? ' committed' : ''}` });
  const clamp = (value: number) => Math.min(spans.y.max, Math.max(spans.y.min, value));
  // What is beyond all bounds is drawn at the edge.
  const isThere = (value: number) => value > -Infinity && (!spans.y.log || value > 0);
  const point = (x: number, y: number) => `${at.x(x).toFixed(1)} ${at.y(clamp(y)).toFixed(1)}`;
  const { x, y, low, high } = line;
  if (low && high) {
    const rows = x.map((_, i) => i).filter((i) => isThere(low[i]) && isThere(high[i]));
    const up = rows.map((i) => point(x[i], high[i]));
    const down = rows.reverse().map((i) => point(x[i], low[i]));
    if (rows.length > 1) made.append(svg('path', { class: 'band', d: `M${[...up, ...down].join('L')}Z` }));
  }
  const rows = x.map((_, i) => i).filter((i) => isThere(y[i]));
  if (!line.dots && rows.length > 1)
    made.append(svg('path', { class: 'curve', d: `M${rows.map((i) => point(x[i], y[i])).join('L')}` }));
  const marked = line.dots || rows.length === 1 ? rows : line.committed ? [] : rows.slice(-1);
  for (const i of marked) {
    const [cx, cy] = point(x[i], y[i]).split(' ');
    made.append(
      line.as === 'none'
        ? svg('rect', { x: Number(cx) - 3.5, y: Number(cy) - 3.5, width: 7, height: 7 })
        : svg('circle', { cx, cy, r: 4 }),
    );
  }
  return made;
}
