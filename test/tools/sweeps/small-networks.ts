/** Sixty runs of a moment: see sweep.test.ts. */
import { defineSweep } from 'bnlab';

const network = { kind: 'mlp', sizes: [784, 6, 10], activation: 'sigmoid' } as const;
export default defineSweep({
  name: 'small-networks',
  experiment: 'training-run',
  options: { data: { kind: 'digits', train: 40, test: 20 }, steps: 4, batchSize: 10, evaluations: 2 },
  grid: {
    network: { 'no BN': network, BN: { ...network, norm: 'batch' } },
    learningRate: [0.1, 0.3, 1, 3, 10],
    seed: [1, 2, 3, 4, 5, 6],
  },
});
