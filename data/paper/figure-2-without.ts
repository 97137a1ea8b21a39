/** The same at five times that rate without Batch Normalization, with ReLU and with sigmoid: see figure-2.ts. */
import { defineSweep } from 'bnlab';
import { ETA } from './eta';
import { experiment } from './small-inception';

export default defineSweep({
  name: 'figure-2-without',
  experiment,
  options: { norm: 'none' },
  grid: { activation: ['relu', 'sigmoid'], learningRate: [5 * ETA], seed: [1, 2, 3] },
});
