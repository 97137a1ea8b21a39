export { type Json, type LabelledBatch, type Probe, type ProbePoint } from './types';
