/** What a page is made of, whatever its form: a notebook's cells and outputs as a list of blocks. */
import type { ClaimRecord } from '../../src/notebook/ledger';
import type { RunnableRecord } from '../../src/notebook/runnable';
import type { Html } from './html';

export interface Heading {
  kind: 'heading';
  /** 1 for the page's title alone. */
  level: number;
  /** Unique in the page. */
  id: string;
  html: Html;
  /** For a table of contents: without links inside. */
  unlinked: Html;
  /** Without any element; a formula as it is written. */
  plain: string;
}

export interface Prose {
  kind: 'prose';
  html: Html;
}

/** A formula on lines of its own. */
export interface Equation {
  kind: 'equation';
  /** What it is called by: its `\\tag`, else its place among the page's equations. Absent beside equations that have a tag. */
  label?: string;
  tex: string;
  html: Html;
}

/** Code within text. */
export interface Listing {
  kind: 'listing';
  html: Html;
}

/** What Markdown becomes. */
export type TextBlock = Heading | Prose | Equation | Listing;

export interface Cell {
  kind: 'cell';
  /** From 1 over all cells: what the claims ledger links to. */
  number: number;
  /** Empty when the cell asks not to be shown. */
  code?: { html: Html; lines: number; count: number | null };
  outputs: OutputBlock[];
}

/** Lines that a cell wrote, and values that are no more than text. */
export interface Lines {
  kind: 'lines';
  text: string;
  isError: boolean;
}

/** What a display of this project says it is, in `metadata.bnlab.role`; `display` for what anyone else made. */
export type Role = (typeof ROLES)[number];

export const ROLES = [
  'claim-card',
  'verdict',
  'check',
  'exercise',
  'exercise-check',
  'predict',
  'say',
  'table',
  'takeaways',
  'voice-paper',
  'voice-measured',
  'voice-later',
  'engine',
  'provenance',
  'progress',
  'display',
] as const;

/** A display that holds HTML. */
export interface HtmlDisplay {
  kind: 'html';
  role: Role;
  html: Html;
  /** The verdicts among it. */
  claims: ClaimRecord[];
}

/** A display that holds Markdown. */
export interface MarkdownDisplay {
  kind: 'markdown';
  role: Role;
  blocks: TextBlock[];
  /** Of takeaways: each, the first being what the notebook found. */
  items?: Html[];
  /** Of an exercise: the code that solves it, from `solutions/`. */
  solution?: Html;
}

/** A picture that is drawn already. */
export interface Picture {
  kind: 'picture';
  /** What it shows, in words. */
  alt: string;
  /** An SVG, or a `data:` address. */
  content: { svg: Html } | { address: string };
}

export interface Figure {
  kind: 'figure';
  /** From 1 over the page. */
  number: number;
  alt: string;
  caption: string;
  summary: string;
  /** Pixels. */
  width: number;
  height: number;
  /** The figure as plotly.js drew it when the notebook ran. */
  twin?: Html;
  /** The same for a telephone's width. */
  phone?: Html;
  drawing: Drawing;
}

/** A figure as plotly.js takes it. */
export interface Drawing {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
  frames: unknown[];
  config: Record<string, unknown>;
}

/** An experiment that runs in the page; the figure before it is that of the stored run. */
export interface RunnableBlock {
  kind: 'runnable';
  record: RunnableRecord;
}

export type OutputBlock = Lines | HtmlDisplay | MarkdownDisplay | Picture | Figure | RunnableBlock;

export type Block = TextBlock | Cell;

/** Every heading, in the order of the page, those of Markdown outputs too. */
export function headingsOf(blocks: readonly Block[]): Heading[] {
  return blocks.flatMap((block) => {
    if (block.kind === 'heading') return [block];
    if (block.kind !== 'cell') return [];
    return block.outputs.flatMap((output) => (output.kind === 'markdown' ? headingsOf(output.blocks) : []));
  });
}

/** The page's title: its first heading of the first level. */
export function titleOf(blocks: readonly Block[]): Heading | undefined {
  return headingsOf(blocks).find(({ level }) => level === 1);
}

/** Every output of the page. */
export function outputsOf(blocks: readonly Block[]): OutputBlock[] {
  return blocks.flatMap((block) => (block.kind === 'cell' ? block.outputs : []));
}

/** Every figure of the page. */
export function figuresOf(blocks: readonly Block[]): Figure[] {
  return outputsOf(blocks).filter((output): output is Figure => output.kind === 'figure');
}

/** Whether something on the page computes. */
export function computes(blocks: readonly Block[]): boolean {
  return outputsOf(blocks).some(({ kind }) => kind === 'runnable');
}

/** The notebook's first takeaway. */
export function findingOf(blocks: readonly Block[]): Html | undefined {
  return outputsOf(blocks).flatMap((output) => (output.kind === 'markdown' ? (output.items ?? []) : []))[0];
}

/** The figure that the first verdict on the paper rests on: the last before it; without one, the first. */
export function leadFigure(blocks: readonly Block[]): Figure | undefined {
  const outputs = outputsOf(blocks);
  const verdict = outputs.findIndex(
    (output) => output.kind === 'html' && output.claims.some(({ verdict }) => FINDINGS.has(verdict)),
  );
  const isFigure = (output: OutputBlock): output is Figure => output.kind === 'figure';
  return outputs.slice(0, Math.max(verdict, 0)).filter(isFigure).at(-1) ?? outputs.find(isFigure);
}

/** Verdicts that say something of the world. */
const FINDINGS = new Set<string>(['holds', 'holds with a limit', 'undecided', 'contradicted']);
