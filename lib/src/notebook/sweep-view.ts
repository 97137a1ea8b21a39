/** What a cell shows of a sweep while its runs are made: how far, medians so far as curves, and a table of the grid. */
import { escapeHtml } from '../core/html';
import type { Json } from '../core/json';
import type { SweepReport } from '../experiments/sweep-order';
import type { SweepResult } from '../experiments/sweep-results';
import { measuresOf, placeText, summarize } from '../experiments/sweep-summary';
import { newPlace } from '../figure/display';
import { ink } from '../figure/theme';
import { platform } from '../platform/port';
import { median } from '../statistics';
import { duration, picture } from './progress';
import { tableBundle } from './words';

/** Milliseconds between two drawings. */
const PAUSE = 500;
/** Rows that are shown; what \`sweep\` returns has all. */
const ROWS = 40;
/** Curves that can be told apart. */
const CURVES = 5;

/** What the program that makes the runs says of them. */
type Said = Exclude<SweepReport, { is: 'failed' }>;

/** Two places below the cell; in a script, what stands there at the end. */
export class SweepView {
  private planned: Record<string, Json>[] = [];
  private readonly there = new Map<number, SweepResult>();
  private readonly errors = new Map<number, string>();
  private readonly lines: string[] = [];
  private readonly values = new Map<string, number[]>();
  private readonly curves = new Map<string, { x: number; y: number }[]>();
  private readonly bar = newPlace();
  private readonly table = newPlace();
  private firstAt: number | undefined;
  private made = 0;
  private drawn = { bar: '', runs: 0 };
  private readonly clock: ReturnType<typeof setInterval> | undefined;
  private isOver = false;

  /**
   * @param name until the sweep's own is known
   * @param measure whose medians are drawn; the last number of an answer unless told
   */
  constructor(
    private name: string,
    private measure: string | undefined,
  ) {
    platform().whenCellEnds((stopped) => this.end(stopped));
    if (platform().showsDisplays()) this.clock = setInterval(() => this.draw(), PAUSE);
  }

  /** Takes what was said. */
  take(said: Said): void {
    if (said.is === 'planned') [this.name, this.planned] = [said.name, said.places];
    else if (said.is === 'line') this.lines.push(said.text.trim());
    else if (said.is === 'aside') this.errors.set(said.index, said.error);
    else this.keep(said);
    this.firstAt ??= platform().milliseconds();
  }

  /** How far it came; null when no run is left. */
  reached(): string | null {
    return this.left === 0 && this.planned.length > 0
      ? null
      : `stopped at run ${this.there.size} of ${this.planned.length}`;
  }

  /** The last state, without times: a saved notebook is the same from run to run. */
  end(isStopped: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.clock);
    if (this.planned.length === 0) return; // it did not come to that, and an error says why
    const [mark, words] = this.lastWords(isStopped);
    const failures = [...this.errors].map(([index, error]) => `set aside: ${placeText(this.planned[index])}: ${error}`);
    const text = [`${this.name}: ${words}`, ...failures].join('\n');
    this.bar.show(
      {
        'text/html': `<div class="bnlab-progress" style="color:${ink.muted};white-space:pre-line">${mark} ${escapeHtml(text)}</div>`,
        'text/plain': text,
      },
      { bnlab: { role: 'progress' } },
    );
    this.drawTable();
  }

  /** In the order of the grid. */
  results<R>(): SweepResult<R>[] {
    const found = [...this.there].sort(([a], [b]) => a - b);
    return found.map(([, result]) => result as SweepResult<R>);
  }

  private get left(): number {
    return this.planned.length - this.there.size - this.errors.size;
  }

  private lastWords(isStopped: boolean): [mark: string, words: string] {
    const far = `${this.there.size} of ${this.planned.length} runs`;
    if (isStopped && this.left > 0) return ['■', `stopped at ${far}; the same call goes on`];
    if (this.left > 0) return ['–', `ended at ${far}; the same call goes on`];
    return this.errors.size > 0 ? ['–', `${far}; \`retry: true\` tries the others again`] : ['✓', `${far} done`];
  }

  private keep({ runs, before }: Extract<Said, { is: 'kept' }>): void {
    for (const { index, answer, seconds, engine } of runs) {
      this.errors.delete(index);
      if (!this.there.has(index)) this.note(this.planned[index], answer);
      this.there.set(index, { at: this.planned[index], answer, seconds, engine });
    }
    if (!before) this.made += runs.length;
  }

  /** Its value, to those at the same value of the first axis. */
  private note(at: Record<string, Json>, answer: Json): void {
    this.measure ??= measuresOf(answer).at(-1);
    const value = this.measure === undefined ? undefined : (answer as Record<string, Json> | null)?.[this.measure];
    if (typeof value !== 'number') return;
    const [axis, first] = Object.entries(at)[0];
    const side = axis === 'seed' ? 'all' : typeof first === 'string' ? first : `${axis} ${JSON.stringify(first)}`;
    const here = this.values.get(side);
    if (here) here.push(value);
    else this.values.set(side, [value]);
  }

  private draw(): void {
    if (this.planned.length === 0) return;
    const isNew = this.drawn.runs !== this.there.size;
    this.drawn.runs = this.there.size;
    if (isNew) this.extendCurves();
    this.drawBar();
    if (isNew) this.drawTable();
  }

  private extendCurves(): void {
    for (const [side, values] of [...this.values].slice(0, CURVES)) {
      const point = { x: this.there.size, y: median(values) };
      const curve = this.curves.get(side);
      if (curve) curve.push(point);
      else this.curves.set(side, [point]);
    }
  }

  private drawBar(): void {
    const { name, planned, there, made, curves, measure, lines } = this;
    const seconds = (platform().milliseconds() - this.firstAt!) / 1000;
    const left = made === 0 ? '' : `, ${duration((seconds / made) * this.left)} left`;
    const text = `${name}: ${there.size} of ${planned.length} runs${left}`;
    const words = [text, ...(curves.size > 0 ? [`median so far of ${measure}`] : []), ...lines.slice(-3)];
    if (words.join() === this.drawn.bar) return;
    this.drawn.bar = words.join();
    const share = planned.length === 0 ? 0 : (planned.length - this.left) / planned.length;
    const drawn = picture(share, curves, { end: planned.length, unit: 'runs' });
    this.bar.show({
      'text/html': `<div class="bnlab-progress">${words.map(escapeHtml).join('<br>')}<br>${drawn}</div>`,
      'text/plain': words.join('\n'),
    });
  }

  private drawTable(): void {
    const ended = [...this.there].sort(([a], [b]) => a - b).map(([, { at, answer }]) => ({ at, answer }));
    // An axis and a measure may be called alike, or `n`.
    const rows = summarize(ended).map(({ place, medians, n }) => ({
      ...keyed('at', place, (value) => (typeof value === 'string' ? value : JSON.stringify(value))),
      ...keyed('median', medians, (value) => value),
      n,
    }));
    if (rows.length === 0) return;
    const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== 'n');
    const columns = keys.sort((a, b) => Number(b.startsWith('at ')) - Number(a.startsWith('at ')));
    const headed = columns.map((key) => [key, key.replace(/^\w+ /, '')] as const);
    const more = rows.length > ROWS ? `; the first ${ROWS} of ${rows.length} places` : '';
    const caption = `${this.name}: medians over the seeds${more}`;
    const shown = tableBundle(rows.slice(0, ROWS), { columns: [...headed, 'n'], caption, digits: 4 });
    this.table.show(shown, { bnlab: { role: 'table' } });
  }
}

/** With a word before each name, and each value as a table has it: that of an axis as its own text, since it was not measured. */
function keyed<T, U>(word: string, values: Record<string, T>, cell: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${word} ${name}`, cell(value)]));
}
