/** What a page or a notebook draws of a comparison as it trains: one number, or three percentiles, of each evaluation point. */
import type { Json } from '../core/json';
import type { SideSpec } from './comparison-spec';
import type { DataSpec } from './data-spec';
import type { RunPoint } from './experiment';
import type { LayerSeen } from './side-by-side';

/** One quantity that can be followed. */
export interface Reading {
  /** With its unit, as an axis names it. */
  label: string;
  /** A share of 1, shown as percent. */
  percent: boolean;
  /** Spans orders of magnitude. */
  log: boolean;
  /** Of one hidden layer; else of the whole network, on the test set. */
  ofLayer: boolean;
  /** What it is drawn over. */
  over: 'step' | 'rate';
  /** What an axis shows at least, and at most; what lies beyond is drawn at its edge. */
  range?: { min?: number; max?: number };
}

const ofNetwork = { percent: false, log: true, ofLayer: false, over: 'step' } as const;
const ofOneLayer = { percent: false, log: false, ofLayer: true, over: 'step' } as const;

/**
 * The quantities. Those of a layer are reported by the experiment `side-by-side`, `bias` by `ignored-jacobian`, `reached` by
 * `input-descent`, the others by every comparison.
 */
export const READINGS = {
  accuracy: { ...ofNetwork, label: 'test accuracy', percent: true, log: false, range: { min: 0, max: 1 } },
  loss: { ...ofNetwork, label: 'test loss, nats' },
  inputs: { ...ofOneLayer, label: 'inputs of the nonlinearity' },
  saturated: { ...ofOneLayer, label: 'share of saturated values', percent: true },
  gradient: { ...ofOneLayer, label: 'gradient norm |dl/dW|', log: true },
  weights: { ...ofOneLayer, label: 'weight norm |W|', log: true },
  shift: { ...ofOneLayer, label: 'norm of the bias, or of β' },
  bias: { ...ofNetwork, label: 'norm of the bias |b|', range: { min: 1e-3 } },
  reached: { ...ofNetwork, label: 'loss after the steps', over: 'rate', range: { min: 0.1, max: 2 } },
} as const satisfies Record<string, Reading>;

/** Names of {@link READINGS}. */
export type ReadingName = keyof typeof READINGS;

/** What the options of an experiment hold that a page can run: a comparison's do, and those of others that report points. */
export interface RunnableSpec {
  /** What is learned. */
  data: DataSpec;
  /** Every side runs at each. */
  learningRates: number[];
  /** Updates of each run. */
  steps: number;
  /** Of weights and batches, where there are any. */
  seeds?: number[];
}

/** One run's values over its steps, or one side's over the learning rates. NaN where there is none, Infinity where it left all bounds. */
export interface RunCurve {
  /** Name of the side. */
  side: string;
  /** Of weights and batches. */
  seed: number;
  /** Base rate; of a reading over rates the first. */
  learningRate: number;
  /** Steps done at each point; of a reading over rates the rates. */
  steps: number[];
  /** The value; of `inputs` the median. */
  values: number[];
  /** 15th percentile, of `inputs` alone. */
  low?: number[];
  /** 85th percentile, of `inputs` alone. */
  high?: number[];
  /** The rate up to which theory lets the descent go, of `reached` alone. */
  limit?: number;
}

/** The limits of the curves as standing lines, each by the first letter of its side; those that fall together as one. */
export function limitMarks(curves: readonly RunCurve[]): { x: number; label: string }[] {
  const marks: { x: number; label: string }[] = [];
  for (const { side, limit } of curves) {
    if (limit === undefined) continue;
    const there = marks.find(({ x }) => Math.abs(Math.log(x / limit)) < 0.05);
    if (there) there.label += `, ${side[0]}`;
    else marks.push({ x: limit, label: side[0] });
  }
  return marks;
}

/**
 * A curve over learning rates up to its first point without bounds, which is infinite; what follows is left out. A stored curve has null
 * for it.
 */
export function upToTheCliff(values: readonly (number | null)[]): number[] {
  const first = values.findIndex((value) => value === null || !Number.isFinite(value));
  return values.map((value, i) => (first < 0 || i < first ? value! : i === first ? Infinity : NaN));
}

/** What one evaluation point says: [value], or [15th, 50th, 85th percentile]. */
function valuesAt({ evaluation }: RunPoint, reading: ReadingName, layer: number): number[] {
  const number = (value: unknown) => (typeof value === 'number' ? value : NaN);
  if (reading === 'accuracy' || reading === 'loss') return [number(evaluation.test[reading])];
  if (reading === 'reached') return [typeof evaluation.test.loss === 'number' ? evaluation.test.loss : Infinity];
  if (reading === 'bias') return [number((evaluation.probes as Record<string, Json>).bias)];
  const layers = (evaluation.probes as Record<string, Json>).layers as LayerSeen[] | null | undefined;
  const seen = layers?.[layer];
  if (reading === 'inputs') return [0, 1, 2].map((i) => number(seen?.inputs[i]));
  return [number(seen?.[reading])];
}

/**
 * The points of a comparison as one curve a run, in the order in which the runs began.
 *
 * @param layer place of the hidden layer, from 0, for a reading of one layer
 */
export function readPoints(points: readonly RunPoint[], reading: ReadingName, layer = 0): RunCurve[] {
  const found = new Map<string, RunCurve>();
  for (const point of points) {
    const { side, seed, learningRate, evaluation } = point;
    const isOverRates = READINGS[reading].over === 'rate';
    const key = JSON.stringify([side, seed, isOverRates ? null : learningRate]);
    const fresh = (): RunCurve => ({ side, seed, learningRate, steps: [], values: [] });
    const curve = found.get(key) ?? fresh();
    found.set(key, curve);
    const values = valuesAt(point, reading, layer);
    curve.steps.push(isOverRates ? learningRate : evaluation.step);
    const { limit } = evaluation.probes as Record<string, Json>;
    if (isOverRates && typeof limit === 'number') curve.limit = limit;
    curve.values.push(values[values.length >> 1]);
    if (values.length === 3) {
      (curve.low ??= []).push(values[0]);
      (curve.high ??= []).push(values[2]);
    }
  }
  return [...found.values()];
}

/** The normalization of a side's hidden layers; `none` where it has no such option. */
export function normOf({ network }: SideSpec): string {
  return ('norm' in network && network.norm) || 'none';
}
