/** In which order a group that reduces computes its values. */
import type { Value } from '../recording';
import type { ReduceNode } from './nodes';
import type { Unit } from './units';

/** When in a workgroup's work a value can be known. */
export interface Stages {
  /** the loop in which an element of a full value is known */
  full: Map<Value, number>;
  /** the loop after which a kept value is known; -1 before the first */
  kept: Map<Value, number>;
  /** by loop */
  reductions: ReduceNode[][];
  last: number;
}

export function stagesOf({ members, levels }: Unit): Stages {
  const stages: Stages = { full: new Map(), kept: new Map(), reductions: [], last: 0 };
  for (const { node, level } of members) {
    if (node.kind === 'reduce') {
      const stage = stages.full.get(node.input) ?? 0;
      stages.kept.set(node.out, stage);
      (stages.reductions[stage] ??= []).push(node);
      stages.last = Math.max(stages.last, stage);
      continue;
    }
    const of = node.operands.map(({ value }) => {
      if (levels.get(value) === 'full') return stages.full.get(value)!;
      const kept = levels.has(value) ? stages.kept.get(value)! : -1;
      return level === 'full' ? kept + 1 : kept;
    });
    const stage = Math.max(level === 'full' ? 0 : -1, ...of);
    stages[level].set(node.out, stage);
    if (level === 'full') stages.last = Math.max(stages.last, stage);
  }
  for (let stage = 0; stage <= stages.last; stage++) stages.reductions[stage] ??= [];
  return stages;
}
