/**
 * The small Figure 2 with Batch Normalization: the paper's multiples 1, 5 and 30 of the best rate without it, and 3, with ReLU and with
 * sigmoid. That best rate is what figure-2-baseline.ts finds. `npm run paper -- figure-2` keeps the runs in figure-2.json.
 */
import { defineSweep } from 'bnlab';
import { ETA } from './eta';
import { experiment } from './small-inception';

export default defineSweep({
  name: 'figure-2-of-the-paper',
  experiment,
  options: { norm: 'batch' },
  grid: {
    activation: ['relu', 'sigmoid'],
    learningRate: [1, 3, 5, 30].map((k) => Number((k * ETA).toPrecision(3))),
    seed: [1, 2, 3],
  },
});
