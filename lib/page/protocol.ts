/** What page and worker say to each other. */
import type { EmbeddedSet } from '../src/data/embedded';
import type { EngineCard } from '../src/engine';
import type { ExperimentName, RunPoint } from '../src/experiments';

/** To the worker. */
export type Request =
  /** First of all: the bytes of TensorFlow.js's WebAssembly module. */
  | { kind: 'start'; wasm: ArrayBuffer; environment: Record<string, string>; commit?: string; embedded?: EmbeddedSet }
  | { kind: 'run'; id: number; experiment: ExperimentName; options: object }
  /** This run, and what came before it, is no longer wanted: it may be under way, or not have begun. */
  | { kind: 'stop'; id: number }
  /** Files that the reader chose; to those that are `known`, from an earlier worker, nothing is said. */
  | { kind: 'files'; files: { name: string; bytes: ArrayBuffer }[]; known: boolean };

/** From the worker. */
export type Reply =
  | { kind: 'ready'; card: EngineCard }
  | { kind: 'progress'; id: number; done: number; total: number; text: string }
  | { kind: 'point'; id: number; point: RunPoint }
  | { kind: 'done'; id: number; answer: unknown; stopped: boolean; tensors: number; bytes: number }
  | { kind: 'failed'; id: number | null; message: string }
  /** Of the files: what they are, or why they are not taken. */
  | { kind: 'data'; set?: { name: 'mnist' | 'fashion'; title: string }; message: string };
