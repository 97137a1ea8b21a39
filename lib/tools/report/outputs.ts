/** A cell's outputs as blocks. */
import { CLAIM_MIME, type ClaimRecord } from '../../src/notebook/ledger';
import { RUNNABLE_MIME, type RunnableRecord } from '../../src/notebook/runnable';
import { figureText } from '../notebook/figure-text';
import { MIME, type Output } from '../notebook';
import { type Figure, type OutputBlock, type Role, ROLES } from './blocks';
import { raw } from './html';
import type { PageText } from './markdown';
import { displayForBoth } from './schemes';

/** What an output needs to know of its page. */
export interface OutputContext {
  text: PageText;
  /** The number of the page's next figure. */
  nextFigure: () => number;
}

/** The output as a block; nothing where the page says it otherwise. */
export function outputBlock(output: Output, { text, nextFigure }: OutputContext): OutputBlock | undefined {
  if (output.output_type === 'stream')
    return { kind: 'lines', text: output.text ?? '', isError: output.name === 'stderr' };
  if (output.output_type === 'error')
    return { kind: 'lines', text: `${output.ename ?? ''}: ${output.evalue ?? ''}`, isError: true };
  const data = output.data ?? {};
  const role = roleOf(output);
  // JupyterLab needs it below a figure; here the figure has its own.
  if (role === 'caption') return undefined;
  const said = (type: string) => (data[type] === undefined ? undefined : String(data[type]));
  const record = data[RUNNABLE_MIME];
  if (isRunnable(record)) return { kind: 'runnable', record };
  if (data[MIME.plotly] !== undefined) return figure(data, nextFigure());
  const page = said('text/html');
  if (page !== undefined)
    return { kind: 'html', role, html: raw(role === 'display' ? page : displayForBoth(page)), claims: claimsOf(data) };
  const markdown = said('text/markdown');
  if (markdown !== undefined) {
    const items = role === 'takeaways' && { items: text.items(markdown) };
    return {
      kind: 'markdown',
      role,
      blocks: text.blocks(role === 'display' ? markdown : displayForBoth(markdown)),
      ...items,
    };
  }
  const alt = oneLine(said('text/plain') ?? 'A picture');
  const svg = said(MIME.svg);
  if (svg !== undefined) return { kind: 'picture', alt, content: { svg: raw(svg) } };
  for (const type of ['image/png', 'image/jpeg']) {
    const base64 = said(type);
    if (base64 !== undefined)
      return { kind: 'picture', alt, content: { address: `data:${type};base64,${base64.replace(/\s/g, '')}` } };
  }
  const plain = data[CLAIM_MIME] === undefined ? said('text/plain') : undefined;
  return plain === undefined ? undefined : { kind: 'lines', text: plain, isError: false };
}

function roleOf({ metadata }: Output): Role | 'caption' {
  const { role } = (metadata?.bnlab ?? {}) as { role?: unknown };
  if (role === 'caption') return role;
  return ROLES.find((known) => known === role) ?? 'display';
}

function claimsOf(data: Record<string, unknown>): ClaimRecord[] {
  return [data[CLAIM_MIME]].flat().filter(isRecord) as unknown as ClaimRecord[];
}

/** Of the version that this report knows; another keeps its words. */
function isRunnable(record: unknown): record is RunnableRecord {
  return isRecord(record) && record.version === 1 && isRecord(record.options) && Array.isArray(record.controls);
}

function figure(data: Record<string, unknown>, number: number): Figure {
  const given = data[MIME.plotly];
  const stored = isRecord(given) ? given : {};
  const layout = withoutWords(isRecord(stored.layout) ? stored.layout : {});
  const { alt, caption, summary } = figureText(stored);
  const svg = data[MIME.svg];
  return {
    kind: 'figure',
    number,
    alt: oneLine(alt || caption || 'A figure'),
    caption,
    summary: summary || String(data['text/plain'] ?? ''),
    width: pixels(layout.width, 760),
    height: pixels(layout.height, 420),
    ...(svg !== undefined && { twin: raw(String(svg)) }),
    drawing: {
      data: Array.isArray(stored.data) ? stored.data.filter(isRecord) : [],
      layout,
      frames: Array.isArray(stored.frames) ? stored.frames : [],
      config: isRecord(stored.config) ? stored.config : {},
    },
  };
}

/** What a figure says of itself stands beside it; its colours' roles stay, for other pages. */
function withoutWords(layout: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(layout.meta)) return layout;
  const { alt: _alt, caption: _caption, summary: _summary, ...meta } = layout.meta;
  return { ...layout, meta };
}

function pixels(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? value : otherwise;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
