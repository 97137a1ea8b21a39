/** One file a notebook, which needs nothing beside it: to be mailed. */
import type { EmbeddedSet } from '../../../src/data/embedded';
import { pageScript, pageStyle, plotlyText } from '../assets';
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
  const plotly = figuresOf(blocks).length > 0 ? plotlyText() : undefined;
  const compute = computes(blocks) ? { script: computeScript(embedded), style: computeStyle() } : undefined;
  return page({ title, script: pageScript(plotly), style: pageStyle() }, name, blocks, { facts, compute });
}
