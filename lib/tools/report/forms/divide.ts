/** What is taller than its place, as several parts of it: paragraphs, the rows of a table, the items of a list. */
import { type Html, raw } from '../html';

/** A place on a slide, by the letters in it. */
export interface Place {
  /** Letters of a line of prose. */
  letters: number;
  /** Pixels of such a line. */
  line: number;
}

/** An element, or text that stands in none. */
interface Node {
  /** Empty for text. */
  tag: string;
  text: string;
  /** What opens it, what is in it, and what ends it. */
  open: string;
  inner: string;
  close: string;
}

const TAG = /<!--[^]*?-->|<(\/?)([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/gi;
const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

/** What stands in no other element, in order. One whose end is missing reaches to the end of the text. */
function nodesOf(html: string): Node[] {
  const nodes: Node[] = [];
  const within: string[] = [];
  let from = 0;
  let inner = 0;
  const add = (tag: string, to: number, inside: [number, number] = [from, to]) => {
    const text = html.slice(from, to);
    const [open, close] = [html.slice(from, inside[0]), html.slice(inside[1], to)];
    if (text.trim()) nodes.push({ tag, text, open, inner: html.slice(...inside), close });
    from = to;
  };
  for (const { 0: whole, 1: end, 2: name, 3: rest, index } of html.matchAll(TAG)) {
    const tag = name?.toLowerCase();
    if (!tag) continue;
    const after = index + whole.length;
    if (end) {
      const depth = within.lastIndexOf(tag);
      if (depth < 0) continue;
      within.length = depth;
      if (depth === 0) add(tag, after, [inner, index]);
    } else if (VOID.has(tag) || rest.endsWith('/')) {
      continue;
    } else {
      if (within.length === 0) {
        add('', index);
        inner = after;
      }
      within.push(tag);
    }
  }
  add(within[0] ?? '', html.length, within.length > 0 ? [inner, html.length] : undefined);
  return nodes;
}

const WRAPPERS = new Set(['div', 'section', 'blockquote', 'article']);

/** The parts of a run of HTML, in order: each stands in no other element. */
export function partsOf({ text }: Html): Html[] {
  return nodesOf(text).map((node) => raw(node.text));
}

/**
 * HTML in parts of at most a height, of about the same size. What names a table or a card, and the head of a table's columns, stand over each
 * of its parts. A paragraph, a formula and a row stay whole.
 */
export function divided(html: Html, room: number, place: Place): Html[] {
  const parts = nodesOf(html.text).flatMap((node) => cut(node, room, place));
  return pack(parts, room, place).map((run) => raw(run.join('')));
}

function cut(node: Node, room: number, place: Place): string[] {
  if (heightOfNode(node, place) <= room) return [node.text];
  if (node.tag === 'table') return tableParts(node, room, place);
  if (node.tag === 'ul' || node.tag === 'ol') return listParts(node, room, place);
  if (!WRAPPERS.has(node.tag)) return [node.text];
  const { open, inner, close } = node;
  const nodes = nodesOf(inner);
  const name = isName(nodes[0]) ? nodes.shift()!.text : '';
  const left = room - heightOf(raw(open + name + close), place);
  const parts = nodes.flatMap((part) => cut(part, left, place));
  return pack(parts, left, place).map((run) => `${open}${name}${run.join('')}${close}`);
}

/** One without rows stays whole. */
function tableParts({ text, open, inner, close }: Node, room: number, place: Place): string[] {
  const [, head, body] = /^([^]*?<tbody[^>]*>)([^]*)<\/tbody>/.exec(inner) ?? [];
  if (head === undefined) return [text];
  const rows = nodesOf(body).map((row) => row.text);
  const left = room - heightOf(raw(`${open}${head}</tbody>${close}`), place);
  return pack(rows, left, place).map((run) => `${open}${head}${run.join('')}</tbody>${close}`);
}

/** The numbers of a list go on in its next part. */
function listParts({ tag, open, inner, close }: Node, room: number, place: Place): string[] {
  const items = nodesOf(inner).map(({ text }) => text);
  let number = Number(/\bstart="(\d+)"/.exec(open)?.[1] ?? 1);
  return pack(items, room, place).map((run) => {
    const at = tag === 'ol' ? open.replace(/\sstart="\d+"/, '').replace(/>$/, ` start="${number}">`) : open;
    number += run.length;
    return `${at}${run.join('')}${close}`;
  });
}

/** A paragraph in bold alone. */
function isName(node: Node | undefined): boolean {
  return node?.tag === 'p' && /^\s*<strong>(?:(?!<\/strong>)[^])*<\/strong>\s*$/.test(node.inner);
}

/** Runs of parts, none higher than the room, unless one part alone is; about as high as each other. */
function pack(parts: readonly string[], room: number, place: Place): string[][] {
  const heights = parts.map((part) => heightOf(raw(part), place));
  const fill = (limit: number) => {
    const runs: string[][] = [];
    let height = Infinity;
    parts.forEach((part, i) => {
      if (height + heights[i] > limit) {
        runs.push([]);
        height = 0;
      }
      runs.at(-1)!.push(part);
      height += heights[i];
    });
    return runs;
  };
  const runs = fill(room);
  // The lowest limit that makes as many.
  let [low, high] = [room / 2, room];
  while (high - low > 4) {
    const middle = (low + high) / 2;
    if (fill(middle).length > runs.length) low = middle;
    else high = middle;
  }
  return fill(high);
}

/** Pixels that HTML takes in a place, about. */
export function heightOf({ text }: Html, place: Place): number {
  return nodesOf(text).reduce((sum, node) => sum + heightOfNode(node, place), 0);
}

function heightOfNode({ tag, text, inner }: Node, place: Place): number {
  const { letters, line } = place;
  const lines = (long = letters) => Math.max(1, Math.ceil(lettersOf(text) / long));
  // With its number beside it.
  if (/katex-display/.test(inner) && !/<(?:tr|li)\b|<p\b[^]*<p\b/.test(inner))
    return line * (1.6 + 1.4 * (inner.match(/<mtr>/g)?.length ?? 1));
  if (/^h[1-4]$/.test(tag)) return 2.2 * line * lines(letters / 1.6);
  if (tag === 'table' || tag === 'tr')
    return (text.match(/<tr\b[^]*?<\/tr>/g) ?? []).reduce((sum, row) => sum + rowHeight(row, place), 0);
  if (tag === 'li') return line * (lines(letters - 4) + 0.1);
  if (tag === 'pre') return 0.7 * line * (text.trim().split('\n').length + 1);
  if (tag === 'figure' || tag === 'svg') return 16 * line;
  if (tag === 'details') return line;
  if (WRAPPERS.has(tag) || tag === 'ul' || tag === 'ol') return heightOf(raw(inner), place) + 0.3 * line;
  return line * (lines() + 0.7);
}

/** Letters of a table are smaller than those of prose, and its columns leave a part of each line empty. */
function rowHeight(row: string, { letters, line }: Place): number {
  const lines = Math.ceil(lettersOf(row) / (letters * 1.05)) || 1;
  return line * (0.8 * lines + 0.2);
}

/** Letters that are seen. */
export function lettersOf(html: string): number {
  return html
    .replace(/<math[^]*?<\/math>|<svg[^]*?<\/svg>|<a class="anchor"[^]*?<\/a>|<[^>]*>/g, '')
    .replace(/&#?\w+;/g, '.')
    .replace(/\s+/g, ' ')
    .trim().length;
}
