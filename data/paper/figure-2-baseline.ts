/**
 * The rates of the small Figure 2 without Batch Normalization, whose best is the unit of figure-2.ts. `npm run paper -- figure-2` makes
 * both and keeps them in figure-2.json.
 */
import { defineSweep } from 'bnlab';
import { experiment } from './small-inception';

export default defineSweep({
  name: 'figure-2-baseline',
  experiment,
  options: { norm: 'none', activation: 'relu' },
  grid: { seed: [1, 2, 3], learningRate: [0.1, 0.3, 1, 3] },
});
