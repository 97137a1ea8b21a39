/** Where the playground begins, and configurations that show a claim of the ledger at work. */
import type { ComparisonSpec } from '../src/experiments';

/** The paper's network of section 4.1, without and with BN, at a size that a page trains in seconds. */
export const STANDARD: ComparisonSpec = {
  sides: (['none', 'batch'] as const).map((norm) => ({
    name: norm === 'none' ? 'no BN' : 'BN',
    network: { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm },
  })),
  ...{ learningRates: [1], seeds: [1], data: { kind: 'digits', train: 2000, test: 500 }, pixels: 'binary' },
  ...{ steps: 400, batchSize: 60, evaluations: 20, optimizer: 'sgd', weightDecay: 0 },
};

/** A configuration. */
export interface Preset {
  /** What a reader sees at work. */
  title: string;
  /** What differs from {@link STANDARD}, as an address holds it. */
  state: string;
  /** Notebook and id of the claim. */
  claim: string;
}

export const PRESETS: readonly Preset[] = [
  { title: 'Sigmoid, six layers, rate 30', state: 'rate=30&depth=6', claim: '01-saturation/unstuck' },
  { title: 'A rate that only BN survives: 30', state: 'rate=30', claim: '10-figure-1/tolerance' },
  { title: 'Small weights, deep sigmoid', state: 'scale=0.01&depth=4', claim: '01-saturation/modes' },
  { title: 'Each at an easy rate: BN is earlier', state: 'rate=0.3&steps=1000', claim: '01-saturation/accelerate' },
  {
    title: 'The statistics held constant',
    state: 'rate=10&a=batch&b=pitfall%3Adetached',
    claim: '05-constant-statistics/trains-sigmoid',
  },
  {
    title: 'ReLU from large weights',
    state: 'rate=0.1&scale=0.3&activation=relu',
    claim: '08-the-gradient/scale-relu',
  },
  { title: 'A mini-batch of four', state: 'rate=0.3&batch=4', claim: '07-the-algorithm/other-examples' },
];

/** What the ledger says of a claim. */
export interface ClaimWords {
  /** The paper's sentence. */
  quote: string;
  verdict: string;
  /** Page of its notebook. */
  page: string;
}
