/** What a page or a notebook draws of a comparison as it trains: one number, or three percentiles, of each evaluation point. */
import type { Json } from '../core/json';
import type { SideSpec } from './comparison-spec';
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
}

/** The quantities. Those of a layer are reported by the experiment `side-by-side`, the others by every comparison. */
export const READINGS = {
  accuracy: { label: 'test accuracy', percent: true, log: false, ofLayer: false },
  loss: { label: 'test loss, nats', percent: false, log: true, ofLayer: false },
  inputs: { label: 'inputs of the nonlinearity', percent: false, log: false, ofLayer: true },
  saturated: { label: 'share of saturated values', percent: true, log: false, ofLayer: true },
  gradient: { label: 'gradient norm |dl/dW|', percent: false, log: true, ofLayer: true },
  weights: { label: 'weight norm |W|', percent: false, log: true, ofLayer: true },
  shift: { label: 'norm of the bias, or of β', percent: false, log: false, ofLayer: true },
} as const satisfies Record<string, Reading>;

/** Names of {@link READINGS}. */
export type ReadingName = keyof typeof READINGS;

/** One run's values over its steps. NaN where there is none. */
export interface RunCurve {
  /** Name of the side. */
  side: string;
  /** Of weights and batches. */
  seed: number;
  /** Base rate. */
  learningRate: number;
  /** Steps done at each point. */
  steps: number[];
  /** The value; of `inputs` the median. */
  values: number[];
  /** 15th percentile, of `inputs` alone. */
  low?: number[];
  /** 85th percentile, of `inputs` alone. */
  high?: number[];
}

/** What one evaluation point says: [value], or [15th, 50th, 85th percentile]. */
function valuesAt({ evaluation }: RunPoint, reading: ReadingName, layer: number): number[] {
  const number = (value: unknown) => (typeof value === 'number' ? value : NaN);
  if (reading === 'accuracy' || reading === 'loss') return [number(evaluation.test[reading])];
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
    const key = JSON.stringify([side, seed, learningRate]);
    const fresh = (): RunCurve => ({ side, seed, learningRate, steps: [], values: [] });
    const curve = found.get(key) ?? fresh();
    found.set(key, curve);
    const values = valuesAt(point, reading, layer);
    curve.steps.push(evaluation.step);
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
