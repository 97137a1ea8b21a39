/** Search over all pages: MiniSearch's index, made when pages are; it lies beside them as a script, because a page that was opened as a file may read nothing else. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { transformSync } from 'esbuild';
import MiniSearch from 'minisearch';
import { type Block, headingsOf, outputsOf } from './blocks';
import { forScript } from './html';

/** A section of a page. */
export interface Section {
  id: string;
  page: string;
  title: string;
  text: string;
}

/** What MiniSearch is told, where the index is made and where it is asked. */
export const SEARCH = { fields: ['title', 'page', 'text'], storeFields: ['title', 'page'], idField: 'id' };

/** The sections of a page, each with the words that a reader sees in it. */
export function sectionsOf(page: string, title: string, blocks: readonly Block[]): Section[] {
  const sections: Section[] = [{ id: page, page: title, title, text: '' }];
  for (const block of blocks) {
    if (block.kind === 'heading' && block.level > 1)
      sections.push({ id: `${page}#${block.id}`, page: title, title: block.plain, text: '' });
    else sections.at(-1)!.text += ` ${wordsIn(block)}`;
  }
  return sections;
}

function wordsIn(block: Block): string {
  if (block.kind === 'equation') return '';
  if (block.kind !== 'cell') return wordsOf(block.html.text);
  return outputsOf([block])
    .map((output) => {
      if (output.kind === 'figure') return `${output.alt} ${output.caption}`;
      if (output.kind === 'html') return wordsOf(output.html.text);
      if (output.kind !== 'markdown') return '';
      return [...headingsOf(output.blocks), ...output.blocks].map((one) => wordsOf(one.html.text)).join(' ');
    })
    .join(' ');
}

function wordsOf(html: string): string {
  return html.replace(/<span class="katex[^]*?<\/math>|<svg[^]*?<\/svg>|<[^>]*>/g, ' ').replace(/\s+/g, ' ');
}

/** The script that a page loads to search. */
export function searchScript(sections: readonly Section[]): string {
  const index = new MiniSearch<Section>(SEARCH);
  index.addAll(sections);
  const file = path.join(path.dirname(require.resolve('minisearch')), '..', 'umd', 'index.js');
  const library = transformSync(fs.readFileSync(file, 'utf8'), { minify: true }).code;
  const open = `window.bnlabSearch=MiniSearch.loadJSON(${forScript(JSON.stringify(index))},${JSON.stringify(SEARCH)});`;
  return `${library}\n${open}\n`;
}
