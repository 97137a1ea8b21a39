/** What a notebook says besides figures: sentences from computed values, three voices, prompts, tables. */
import {
  counting,
  either,
  expectArguments,
  expectOptions,
  kind,
  listOf,
  object,
  type Options,
  text as aString,
} from '../core/checks';
import { fixed, fmt, percent, type Sayable } from '../figure/format';
import { emit } from '../figure/display';
import type { Bundle } from '../platform/port';
import { htmlTable, inline, textTable, unmark } from './html';

/**
 * Says a paragraph (Markdown) in which every number comes from a variable and is formatted by {@link fmt}.
 *
 * @example say`With BN the net reaches ${percent(accuracy)} after ${steps} steps.`
 * @throws TypeError for a value that is neither number, string, boolean, nor a list of them, such as a tensor
 */
export function say(text: string): void;
export function say(strings: TemplateStringsArray, ...values: Sayable[]): void;
export function say(first: string | TemplateStringsArray, ...values: Sayable[]): void {
  markdown(sentence('say', first, values), 'say');
}

/** The text itself, or what a template says. */
function sentence(where: string, first: string | TemplateStringsArray, values: Sayable[]): string {
  expectArguments(where, { text: [first, either(aString, TEMPLATE)] });
  return typeof first === 'string' ? first : fmt(first, ...values);
}

const TEMPLATE = kind('a template, as in say`...`', (value) => Array.isArray(value) && 'raw' in value);

function markdown(text: string, role: string, plain = unmark(text)): void {
  emit({ 'text/markdown': text, 'text/plain': plain }, { bnlab: { role } });
}

/** Who speaks: label and the colour of the edge. The three are also told apart by their labels alone. */
const voices = {
  paper: { label: 'The paper says', edge: '#7a5c00' },
  measured: { label: 'We measured', edge: '#00427d' },
  later: { label: 'Later work says', edge: '#5b3a8c' },
} as const;

function voice(kind: keyof typeof voices, source: string, text: string): void {
  const { label, edge } = voices[kind];
  const head = source ? `${label} (${source})` : label;
  // Blank lines inside let Markdown, and with it mathematics, work within the block.
  emit(
    {
      'text/markdown':
        `<blockquote class="bnlab-voice bnlab-${kind}" style="border-left:5px solid ${edge};padding:2px 0 2px 14px;margin:6px 0;max-width:740px">\n\n` +
        `**${head}.** ${text}\n\n</blockquote>`,
      'text/plain': `${head}: ${unmark(text)}`,
    },
    { bnlab: { role: `voice-${kind}` } },
  );
}

/**
 * The paper's voice: its own words, with the section they stand in.
 *
 * @param quote the sentence as it stands there, without quotation marks
 * @param section '3.2', 'Figure 1', 'abstract'
 */
export function paperSays(quote: string, section: string): void {
  expectArguments('paperSays', { quote: [quote, aString], section: [section, aString] });
  voice('paper', sectionName(section), `“${quote.trim()}”`);
}

/** Our voice: what this run measured. Used as `say` is, with numbers from variables. */
export function weMeasured(text: string): void;
export function weMeasured(strings: TemplateStringsArray, ...values: Sayable[]): void;
export function weMeasured(first: string | TemplateStringsArray, ...values: Sayable[]): void {
  voice('measured', '', sentence('weMeasured', first, values));
}

/**
 * The voice of later work: what was found after the paper.
 *
 * @param text what it says, in our words
 * @param source author and year, as the references list it: 'Santurkar et al. 2018, section 3'
 */
export function laterWork(text: string, source: string): void {
  expectArguments('laterWork', { text: [text, aString], source: [source, aString] });
  if (!source.trim()) throw new TypeError('laterWork: source is empty. Name author and year, as the references do.');
  voice('later', source, text);
}

/** 'section 3.2' for '3.2'; other names ('Figure 1', 'abstract') stay as they are. @internal */
export function sectionName(section: string): string {
  return /^\d/.test(section) ? `section ${section}` : section;
}

/**
 * Asks the reader to commit to an answer before going on. Static: works without scripts, on every page.
 *
 * @param question ends with a question mark
 * @param options `choices` are lettered; `think` is shown when the reader opens the block, a help to decide; `answer`
 *   too, for questions that no later cell answers
 */
export function predict(
  question: string,
  options: { choices?: readonly string[]; think?: string; answer?: string } = {},
): void {
  expectOptions<typeof options>('predict', options, { choices: listOf(aString), think: aString, answer: aString });
  expectArguments('predict', { question: [question, aString] });
  const { choices = [], think, answer } = options;
  const letters = choices.map((choice, i) => `${String.fromCharCode(97 + i)}) ${choice}`);
  const inside = [think, answer ? `**Answer.** ${answer}` : undefined].filter(
    (part): part is string => part !== undefined,
  );
  emit(
    {
      'text/markdown':
        `**Predict.** ${question}\n\n` +
        (letters.length > 0 ? letters.join('  \n') + '\n\n' : '') +
        (inside.length > 0
          ? `<details><summary>Write your answer down, then open.</summary>\n\n${inside.join('\n\n')}\n\n</details>`
          : '*Write your answer down before you run the next cell.*'),
      'text/plain': [
        `Predict: ${unmark(question)}`,
        ...letters.map((line) => `  ${unmark(line)}`),
        'Write your answer down before you go on.',
        ...inside.map((part) => unmark(part)),
      ].join('\n'),
    },
    { bnlab: { role: 'predict' } },
  );
}

/** What to take away: three sentences, as a list. */
export function takeaways(sentences: readonly string[]): void {
  expectArguments('takeaways', { sentences: [sentences, listOf(aString)] });
  if (sentences.length === 0) throw new TypeError('takeaways: wanted some sentences (three, as a rule), got none.');
  const lines = sentences.map((sentence, i) => `${i + 1}. ${sentence}`);
  emit(
    {
      'text/markdown': lines.join('\n'),
      'text/plain': ['Takeaways', ...lines.map((line) => `  ${unmark(line)}`)].join('\n'),
    },
    { bnlab: { role: 'takeaways' } },
  );
}

/** What {@link table} takes besides its rows. */
export interface TableOptions {
  /** columns to show, in order: keys of the rows, or [key, heading]; all keys of the first row unless told */
  columns?: readonly (string | readonly [key: string, heading: string])[];
  /** stands above the table */
  caption?: string;
  /** significant digits of numbers, 3 unless told */
  digits?: number;
  /** keys of the columns whose values are shares 0 .. 1, shown as percent */
  percent?: readonly string[];
}

const COLUMN = either(
  aString,
  kind(
    '[key, heading]',
    (value) => Array.isArray(value) && value.length === 2 && value.every((name) => typeof name === 'string'),
  ),
);
const TABLE_OPTIONS: Options<TableOptions> = {
  ...{ columns: listOf(COLUMN), caption: aString, digits: counting, percent: listOf(aString) },
};

/**
 * A table of values: numbers formatted and set right, text set left.
 *
 * @param given one object per row, its keys the columns
 * @example table([{ engine: 'native', ms: 1.234 }], { columns: ['engine', ['ms', 'ms per step']] })
 * @throws TypeError for no rows, or a column that no row has
 */
export function table(given: readonly object[], options: TableOptions = {}): void {
  expectOptions('table', options, TABLE_OPTIONS);
  expectArguments('table', { rows: [given, listOf(object)] });
  if (given.length === 0) throw new TypeError('table: wanted at least one row, got none.');
  emit(tableBundle(given, options), { bnlab: { role: 'table' } });
}

/** What {@link table} shows. @internal */
export function tableBundle(given: readonly object[], options: TableOptions): Bundle {
  const rows = given as readonly Record<string, unknown>[];
  const columns = (options.columns ?? Object.keys(rows[0])).map((column) =>
    typeof column === 'string' ? { key: column, heading: column } : { key: column[0], heading: column[1] },
  );
  for (const { key } of columns) {
    if (!rows.some((row) => key in row)) {
      throw new TypeError(
        `table: no row has the column "${key}"; the first row has ${Object.keys(rows[0]).join(', ')}.`,
      );
    }
  }
  const digits = options.digits ?? 3;
  const align = columns.map(({ key }) => (rows.some((row) => typeof row[key] === 'number') ? 'right' : 'left'));
  const texts = columns.map(({ key }) => {
    const values = rows.map((row) => row[key]);
    const format = options.percent?.includes(key) ? percent : columnFormat(values, digits);
    return values.map((value) =>
      typeof value === 'number' ? format(value) : value === undefined || value === null ? '' : fmt`${value as Sayable}`,
    );
  });
  const cells = rows.map((_, i) => texts.map((column) => column[i]));
  const head = columns.map(({ heading }) => heading);
  const caption = options.caption ? `<p style="margin:0.4em 0"><strong>${inline(options.caption)}</strong></p>` : '';
  return {
    'text/html': `<div class="bnlab-table">${caption}${htmlTable(
      head.map(inline),
      cells.map((row) => row.map(inline)),
      align,
    )}</div>`,
    'text/plain':
      (options.caption ? `${unmark(options.caption)}\n` : '') +
      textTable([head, ...cells.map((row) => row.map(unmark))], align),
  };
}

/** One format for a column of numbers: the same decimals throughout where their sizes allow it. */
function columnFormat(values: readonly unknown[], digits: number): (value: number) => string {
  const numbers = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
  const sizes = numbers.filter((v) => v !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const alike = sizes.length > 0 && most < 1e5 && least >= 1e-3 && most / least < 1000;
  if (!alike || numbers.every((v) => Number.isInteger(v))) return (value) => fmt(value, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(most)));
  return (value) => (Number.isFinite(value) ? fixed(value, decimals) : fmt(value));
}
