import { tf } from '../tf';
import type { Engine } from './engine';
import { js } from './js';

/** Best first. Plain JavaScript needs nothing, so it is there before anybody registers one. */
let registered: readonly Engine[] = [js];

/**
 * Says which engines there are, best first. The entry that a program loads calls it, once: which engines can be had depends on where
 * it runs, and this room knows of none that needs more than JavaScript.
 */
export function registerEngines(engines: readonly Engine[]): void {
  registered = [...engines];
}

/** The engines there are, best first. */
export function registeredEngines(): readonly Engine[] {
  return registered;
}

/** The engine whose backend TensorFlow.js uses at the moment; a backend that nobody registered counts as plain JavaScript. */
export function engineInUse(): Engine {
  const backend = tf.getBackend();
  return registered.find(({ backend: own, stepsOn = own }) => own === backend || stepsOn === backend) ?? js;
}

/** Whether runs of a step of so much work (parameters times examples) are faster side by side than one after the other. */
export function togetherPays(work: number): boolean {
  return work < (engineInUse().idleBelow?.() ?? 0);
}
