/**
 * Progress of a long cell, updated in place: how far, how long still, and the losses so far as small curves. Drawn here
 * as SVG, because JupyterLab never refreshes a Plotly figure. When done, it shrinks to one line without times, so that
 * a saved notebook is the same from run to run.
 */
import { escapeHtml } from '../core/html';
import { expectArgument, number, text as aString } from '../core/checks';
import { newPlace } from '../figure/display';
import { fmt } from '../figure/format';
import { identities, ink, ordinalColor, type Identity } from '../figure/theme';
import { platform } from '../platform/port';

/** What the training functions report; see `onProgress`. */
export interface ProgressReport {
  /** Steps done. */
  step: number;
  /** Steps in all. */
  steps: number;
  /** Estimate. */
  secondsLeft?: number;
  /** Last training loss. */
  loss?: number;
  /** Which run. */
  name?: string;
}

/** A progress display. */
export interface Progress {
  /** For `onProgress` of the training functions: `trainNetwork({ ..., onProgress: bar.report })`. */
  report(this: void, progress: ProgressReport): void;
  /** One or more units done, with values to draw: `bar.tick(1, { BN: loss })`. */
  tick(this: void, amount?: number, values?: Record<string, number>): void;
  /** The end. Called by itself when the total is reached, and when the cell ends. */
  done(this: void): void;
}

const PAUSE_MS = 250;

/**
 * Shows progress while a cell computes.
 *
 * @example
 * const bar = progress('Training both nets');
 * const runs = await compare({ ..., onProgress: bar.report });
 * @param label what is going on
 * @param total how many units there are, for `tick`
 */
export function progress(label: string, total?: number): Progress {
  expectArgument('progress', 'label', label, aString);
  if (total !== undefined) expectArgument('progress', 'total', total, number);
  const place = newPlace();
  const curves: Curves = new Map();
  const began = platform().milliseconds();
  let last = -Infinity;
  let at = 0;
  let all = total ?? 0;
  let unit = '';
  let finished = false;
  const draw = (secondsLeft?: number) => {
    const now = platform().milliseconds();
    if (finished || now - last < PAUSE_MS) return;
    last = now;
    const left = secondsLeft ?? (at > 0 ? (((now - began) / 1000) * (all - at)) / at : undefined);
    const share = all > 0 ? Math.min(1, at / all) : 0;
    const text = `${label}: ${fmt(at)}${all > 0 ? ` of ${fmt(all)}${unit}` : ''}${left !== undefined && Number.isFinite(left) ? `, ${duration(left)} left` : ''}`;
    place.show({
      'text/html': `<div class="bnlab-progress">${escapeHtml(text)}<br>${picture(share, curves, { end: Math.max(all, at), unit: unit.trim() || 'done' })}</div>`,
      'text/plain': text,
    });
  };
  const add = (values: Record<string, number>) => {
    for (const [name, value] of Object.entries(values)) {
      if (!curves.has(name)) curves.set(name, []);
      curves.get(name)?.push({ x: at, y: value });
    }
  };
  const end = (mark: string, words: string) => {
    if (finished) return;
    finished = true;
    const text = `${label}: ${words}`;
    place.show(
      {
        'text/html': `<div class="bnlab-progress" style="color:${ink.muted}">${mark} ${escapeHtml(text)}</div>`,
        'text/plain': text,
      },
      { bnlab: { role: 'progress' } },
    );
  };
  const done = () => end('✓', `${all > 0 ? `${fmt(all)}${unit} ` : ''}done`);
  platform().whenCellEnds((stopped) => {
    const reached = `${fmt(at)}${all > 0 ? ` of ${fmt(all)}` : ''}${unit}`;
    if (stopped) end('■', `stopped at ${reached}`);
    else if (all > 0) end('–', `ended at ${reached}`);
    else done();
  });
  // A script prints one line, when it ends; a notebook shows the bar from the start.
  if (platform().showsDisplays()) draw();
  return {
    report({ step, steps, secondsLeft, loss, name }) {
      [at, all, unit] = [step, steps, ' steps'];
      if (loss !== undefined && Number.isFinite(loss)) add({ [name ?? 'loss']: loss });
      if (at >= all) done();
      else if (platform().showsDisplays()) draw(secondsLeft);
    },
    tick(amount = 1, values) {
      at += amount;
      if (values) add(values);
      if (all > 0 && at >= all) done();
      else if (platform().showsDisplays()) draw();
    },
    done,
  };
}

/** '8 s', '2 min 5 s'. @internal */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** By name, what was reported after so many units. */
type Curves = Map<string, { x: number; y: number }[]>;

/** Where the curves stand in the picture, pixels. */
const PLOT = { left: 52, right: 306, top: 18, bottom: 92 } as const;

/**
 * A bar, and below it the curves so far: on one scale, over the units of the bar, each with its last value.
 * @param axis the last unit, and what it is called
 * @internal
 */
export function picture(share: number, curves: Curves, axis: { end: number; unit: string }): string {
  const [w, h] = [420, 112];
  const bar =
    `<rect x="0" y="0" width="${w}" height="8" fill="${ink.grid}"/>` +
    `<rect x="0" y="0" width="${(w * share).toFixed(1)}" height="8" fill="${identities.batch.color}"/>`;
  const values = [...curves.values()].flatMap((points) => points.map(({ y }) => y)).filter(Number.isFinite);
  if (values.length === 0) return svg(w, 10, 'progress bar', bar);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const { left, right, top, bottom } = PLOT;
  const place = ({ x, y }: { x: number; y: number }) => {
    const [along, up] = [axis.end > 0 ? x / axis.end : 0, (y - low) / (high - low || 1)];
    return `${(left + along * (right - left)).toFixed(1)} ${(bottom - up * (bottom - top)).toFixed(1)}`;
  };
  const lines = [...curves].map(([name, points], i) => {
    const look = lookOf(name, i, curves.size);
    const every = Math.ceil(points.length / 200);
    const thinned = points.filter(({ y }, k) => Number.isFinite(y) && (k % every === 0 || k === points.length - 1));
    const path = thinned.map((point, k) => `${k === 0 ? 'M' : 'L'}${place(point)}`).join('');
    const dash = look.dash === 'solid' ? '' : ' stroke-dasharray="6 3"';
    return (
      `<path d="${path}" fill="none" stroke="${look.color}" stroke-width="1.75"${dash}/>` +
      word(right + 8, top + 10 + i * 15, look.color, `${name} ${fmt(points[points.length - 1].y)}`)
    );
  });
  const axes =
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="${ink.muted}"/>` +
    word(left - 4, top + 8, ink.muted, fmt(high), 'end') +
    (high > low ? word(left - 4, bottom, ink.muted, fmt(low), 'end') : '') +
    word(left, bottom + 14, ink.muted, '0') +
    word(right, bottom + 14, ink.muted, `${fmt(axis.end)} ${axis.unit}`, 'end');
  const label = `progress bar and ${[...curves.keys()].map(escapeHtml).join(', ')} so far`;
  return svg(w, h, label, bar + axes + lines.join(''));
}

function word(x: number, y: number, color: string, text: string, anchor: 'start' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}" font-size="11" font-family="sans-serif" text-anchor="${anchor}" fill="${color}">${escapeHtml(text)}</text>`;
}

function svg(w: number, h: number, label: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${label}">${body}</svg>`;
}

/** A curve called as an identity is, or by its label, wears its colours. */
function lookOf(name: string, index: number, count: number): Pick<Identity, 'color' | 'dash'> {
  const all: Record<string, Identity> = identities as unknown as Record<string, Identity>;
  return (
    all[name] ??
    Object.values(all).find((identity) => identity.label === name) ?? {
      color: ordinalColor(index, count),
      dash: 'solid',
    }
  );
}
