import type { LoopKind } from '../options';
import { Body } from './body';
import { FunctionDefinition, GraphNode } from './proto';

/** A graph that runs a number of steps, and how to feed it and read it. */
export interface LoopGraph {
  kind: LoopKind;
  nodes: GraphNode[];
  functions: FunctionDefinition[];
  /** what it is fed with, in order, among other things */
  body: Body;
  /** names of the outputs: first the changed variables, then the stacked outputs of the step */
  fetches: string[];
  /** steps that a call must be fed for, though it may run fewer; undefined: as many as it runs */
  capacity: number | undefined;
  /** threads of each operation; undefined: as many as TensorFlow has */
  threads?: number;
}
