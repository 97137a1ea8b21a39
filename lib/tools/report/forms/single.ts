/** One file a notebook, which needs nothing beside it: to be mailed. */
import type { EmbeddedSet } from '../../../src/data/embedded';
import { pageScript, pageStyle, figureScripts } from '../assets';
import { type Block, computes, figuresOf } from '../blocks';
import { computeScript, computeStyle } from '../compute';
import type { Fact } from '../facts';
import { page } from './page';

/** A notebook as one file. A page without figures does without plotly.js. */
export function single(
  title: string,
  name: string,
  blocks: readonly Block[],
  facts: readonly Fact[],
  embedded?: EmbeddedSet,
): string {
  const figures = figuresOf(blocks);
  const scripts = figures.length > 0 ? figureScripts(figures) : undefined;
  const compute = computes(blocks) ? { script: computeScript(embedded), style: computeStyle() } : undefined;
  return page({ title, script: pageScript(scripts), style: pageStyle() }, name, blocks, { facts, compute });
}
