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
  /** The end. Called by itself when the total is reached. */
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
  const curves = new Map<string, number[]>();
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
      'text/html': `<div class="bnlab-progress">${escapeHtml(text)}<br>${picture(share, curves)}</div>`,
      'text/plain': text,
    });
  };
  const add = (values: Record<string, number>) => {
    for (const [name, value] of Object.entries(values)) {
      if (!curves.has(name)) curves.set(name, []);
      curves.get(name)?.push(value);
    }
  };
  const done = () => {
    if (finished) return;
    finished = true;
    const text = `${label}: ${all > 0 ? `${fmt(all)}${unit} ` : ''}done`;
    place.show(
      {
        'text/html': `<div class="bnlab-progress" style="color:${ink.muted}">✓ ${escapeHtml(text)}</div>`,
        'text/plain': text,
      },
      { bnlab: { role: 'progress' } },
    );
  };
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

/** A bar, and below it the curves so far on one scale. @internal */
export function picture(share: number, curves: ReadonlyMap<string, readonly number[]>): string {
  const [w, h] = [420, curves.size > 0 ? 96 : 10];
  const bar =
    `<rect x="0" y="0" width="${w}" height="8" fill="${ink.grid}"/>` +
    `<rect x="0" y="0" width="${(w * share).toFixed(1)}" height="8" fill="${identities.batch.color}"/>`;
  const values = [...curves.values()].flat().filter(Number.isFinite);
  if (values.length === 0) return svg(w, 10, 'progress bar', bar);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const lines = [...curves].map(([name, points], i) => {
    const look = lookOf(name, i, curves.size);
    const thinned = points.filter((_, k) => k % Math.ceil(points.length / 200) === 0 || k === points.length - 1);
    const path = thinned
      .map((v, k) => {
        const x = (k / Math.max(1, thinned.length - 1)) * (w - 120);
        const y = 16 + (1 - (v - low) / (high - low || 1)) * (h - 24);
        return `${k === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join('');
    const dash = look.dash === 'solid' ? '' : ' stroke-dasharray="6 3"';
    const end = points[points.length - 1];
    return (
      `<path d="${path}" fill="none" stroke="${look.color}" stroke-width="1.75"${dash}/>` +
      `<text x="${w - 114}" y="${28 + i * 15}" font-size="12" font-family="sans-serif" fill="${look.color}">${escapeHtml(name)} ${fmt(end)}</text>`
    );
  });
  return svg(w, h, `progress bar and ${[...curves.keys()].map(escapeHtml).join(', ')} so far`, bar + lines.join(''));
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
