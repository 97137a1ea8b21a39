/** What a sweep and its workers say to each other. */
import type { Json } from '../../src/core/json';

/** To a worker: make a run, or say which data are here. */
export type Order =
  | {
      /** The run's name, given back with its answer. */
      identity: string;
      options: Json;
    }
  | { dataOf: string[] };

/** From a worker. */
export type Report =
  | { is: 'ready'; engine: string }
  | { is: 'data'; digests: Record<string, string> }
  | { is: 'done'; identity: string; answer: Json; seconds: number }
  | { is: 'failed'; identity: string; error: string };
