/**
 * notebooks/READING.md: four sessions of a reading group. What is said of a notebook is its own: the minutes, parts and questions of its cell
 * "Reading in a group", and the title of its figure. Made anew wherever the claims ledger is.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { readHeading } from '../src/figure/heading';
import { displays, MIME, nameOf, type Notebook, readResult, writeAtomically } from './notebook';
import { findNotebooks } from './places';

/** A notebook in a session, and the cell whose figure is put on the screen. */
interface Turn {
  name: string;
  figure: string;
}

interface Session {
  title: string;
  /** what everybody knows when they leave */
  aim: string;
  /** read in the group, part by part */
  together: Turn;
  /** read before; of each the group looks at one figure and takes one question */
  before: Turn[];
}

const SESSIONS: readonly Session[] = [
  {
    title: 'Why training slows down',
    aim: 'what saturates, what moves, and which of the two a layer should care about',
    together: { name: '01-saturation', figure: 'stuck-figure' },
    before: [
      { name: '00-start-here', figure: 'figure-show' },
      { name: '02-mini-batches', figure: 'hyperbola' },
      { name: '03-covariate-shift', figure: 'depth-figure' },
    ],
  },
  {
    title: 'Whitening, and the two ways it fails',
    aim: 'what whitened inputs bring, and why neither fixed statistics nor full whitening is the answer',
    together: { name: '05-constant-statistics', figure: 'blow-figure' },
    before: [
      { name: '04-whitened-inputs', figure: 'eta-figure' },
      { name: '05b-depth-and-placement', figure: 'change-figure' },
      { name: '06-full-whitening', figure: 'limits-figure' },
    ],
  },
  {
    title: 'The algorithm, forward, backward and after training',
    aim: 'every line of Algorithms 1 and 2, and where each can go wrong',
    together: { name: '07-the-algorithm', figure: 'scale-figure' },
    before: [
      { name: '08-the-gradient', figure: 'regression-figure' },
      { name: '09-inference', figure: 'classes-series' },
    ],
  },
  {
    title: 'What it buys, and what is known today',
    aim: 'which promises of the paper hold when both sides are measured fairly',
    together: { name: '10-figure-1', figure: 'faster-figure' },
    before: [
      { name: '11-learning-rates', figure: 'steps-figure' },
      { name: '12-dropout', figure: 'gap-figure' },
      { name: '13-small-batches', figure: 'accuracy-figure-b' },
      { name: '14-scale-and-depth', figure: 'decay-figure-b' },
      { name: '14b-shift-and-noise', figure: 'noise-figure' },
    ],
  },
];

/** The notebooks of all sessions that are there, each with the cell of its figure. */
export function turns(notebooks: ReadonlyMap<string, Notebook>): Turn[] {
  return SESSIONS.flatMap(({ together, before }) => [together, ...before]).filter(({ name }) => notebooks.has(name));
}

/** Minutes for a notebook that was read before: its figure, and one of its questions. */
const LOOK = 10;

/** What a notebook says of its reading in a group. */
interface Group {
  minutes: number;
  parts: string;
  questions: string[];
}

/** @returns undefined where the notebook says nothing of it */
export function groupOf(notebook: Notebook): Group | undefined {
  const marked = /\*\*Reading in a group\*\* \((\d+) minutes\): (.*?)\.(?:\s|$)([\s\S]*)/;
  for (const { cell_type, source } of notebook.cells) {
    const found = cell_type === 'markdown' ? marked.exec(source) : null;
    if (!found) continue;
    const [, minutes, parts, rest] = found;
    const asked = /to discuss[.:]\s*([\s\S]*)/i.exec(rest)?.[1] ?? '';
    const questions = [...asked.matchAll(/[^?]+\?/g)].map(([question]) => question.replace(/\s+/g, ' ').trim());
    return { minutes: Number(minutes), parts, questions: questions.map(sentence) };
  }
  return undefined;
}

/** A question that followed another one, as it reads alone. */
const sentence = (question: string) => {
  const alone = question.replace(/^And /, '');
  return alone[0].toUpperCase() + alone.slice(1);
};

/** What a figure's title states; undefined where the cell has not been executed or is not there. */
export function figureTitle(notebook: Notebook, id: string): string | undefined {
  for (const { cell, data } of displays(notebook)) {
    const figure = data[MIME.plotly] as { layout?: { title?: { text?: string } } } | undefined;
    const text = cell.id === id ? figure?.layout?.title?.text : undefined;
    if (text !== undefined) return readHeading(text).finding;
  }
  return undefined;
}

/** The page, of those notebooks that are there; undefined where no session has one. */
export function readingText(notebooks: ReadonlyMap<string, Notebook>): string | undefined {
  const sessions = SESSIONS.flatMap((session, i) => sessionText(session, i + 1, notebooks));
  if (sessions.length === 0) return undefined;
  return [
    '# Four sessions for a reading group',
    'Each session reads one notebook together, part by part, and looks at one figure of each of the others, which everybody has read before, ' +
      `with one of its questions: ${LOOK} minutes each. Minutes and questions are the notebooks' own. In JupyterLab (\`npm run lab\`) a cell can be changed ` +
      'and run again; in a report the experiments run in the page.',
    'Write predictions down before a figure is shown. The verdicts of all sentences: [CLAIMS.md](CLAIMS.md).',
    ...sessions,
    '',
  ].join('\n\n');
}

function sessionText(session: Session, number: number, notebooks: ReadonlyMap<string, Notebook>): string[] {
  const told = ({ name, figure }: Turn) => {
    const notebook = notebooks.get(name);
    const group = notebook && groupOf(notebook);
    return notebook && group ? [{ name, group, title: figureTitle(notebook, figure), figure }] : [];
  };
  const [together] = told(session.together);
  if (together === undefined) return [];
  const before = session.before.flatMap(told);
  const minutes = together.group.minutes + LOOK * before.length;
  const link = (name: string) => `[${name}](${name}.ipynb)`;
  const shown = ({ title, figure }: { title?: string; figure: string }) =>
    title ? `“${title}” (cell \`${figure}\`)` : '';
  const row = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `## Session ${number}: ${session.title} (${minutes} minutes)`,
    `To leave with: ${session.aim}.`,
    ...(before.length > 0
      ? [`**To prepare**: read ${before.map(({ name }) => link(name)).join(', ')}, and do one exercise of one of them.`]
      : []),
    [
      row(['minutes', 'notebook', 'what', 'on the screen']),
      row(['---', '---', '---', '---']),
      row([String(together.group.minutes), link(together.name), `together: ${together.group.parts}`, shown(together)]),
      ...before.map((one) => row([String(LOOK), link(one.name), 'its figure, and one question', shown(one)])),
    ].join('\n'),
    '**To discuss**',
    [together, ...before].flatMap(({ name, group }) => group.questions.map((q) => `- ${q} (${name})`)).join('\n'),
  ];
}

/** Writes the page beside the notebooks of a checkout. */
export function writeReading(root: string): void {
  const found = findNotebooks(root, []).flatMap((file) => {
    const notebook = readResult(file);
    return notebook ? [[nameOf(file), notebook] as const] : [];
  });
  const text = readingText(new Map(found));
  if (text !== undefined) writeAtomically(readingFile(root), text);
}

const readingFile = (root: string) => path.join(root, 'notebooks', 'READING.md');

/** The page as it stands; undefined where there is none. */
export function readReading(root: string): string | undefined {
  return fs.existsSync(readingFile(root)) ? fs.readFileSync(readingFile(root), 'utf8') : undefined;
}
