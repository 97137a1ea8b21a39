/** One file a notebook, which needs nothing beside it: to be mailed. */
import { pageScript, pageStyle, figureScripts } from '../assets';
import { type Block, figuresOf } from '../blocks';
import type { Fact } from '../facts';
import { page } from './page';

/** A notebook as one file. A page without figures does without plotly.js. */
export function single(title: string, name: string, blocks: readonly Block[], facts: readonly Fact[]): string {
  const figures = figuresOf(blocks);
  const scripts = figures.length > 0 ? figureScripts(figures) : undefined;
  return page({ title, script: pageScript(scripts), style: pageStyle() }, name, blocks, { facts });
}
