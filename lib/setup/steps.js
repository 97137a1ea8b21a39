/**
 * How set-up shows what it does: one line a step with its time; on a terminal a live line for what runs now.
 */
'use strict';

const { SetupError } = require('./errors');

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const nameWidth = 20;

/**
 * @typedef {object} Running
 * @property {string} name
 * @property {number} since
 * @property {string} note
 *
 * @typedef {'done' | 'kept' | 'without'} Outcome done: work was done; kept: it was there; without: goes on without it
 *
 * @typedef {{ outcome: Outcome, text: string }} StepResult
 */

/**
 * Does what only shows something. What it looks at may be going away, and where it writes may be closed: neither may end the
 * work that it tells of.
 *
 * @template T
 * @param {() => T} work
 * @returns {T | undefined} undefined when it failed
 */
function show(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** A reader that has gone (`| head`, a closed window) is told by an event, which nobody hears would end the process. */
function outliveReaders() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Milliseconds after which a step that still runs is named, where there is no terminal. */
const silence = 15_000;

class Steps {
  /**
   * @param {NodeJS.WriteStream} [stream]
   * @param {number} [every] milliseconds between two words on what runs, where there is no terminal
   */
  constructor(stream = process.stdout, every = silence) {
    this.stream = stream;
    this.every = every;
    this.live = Boolean(stream.isTTY) && process.env.TERM !== 'dumb';
    /** @type {Set<Running>} */
    this.running = new Set();
    this.frame = 0;
    this.began = Date.now();
    /** How many steps had something to do. */
    this.worked = 0;
    /**
     * Lines of steps that had nothing to do; shown only when another step had.
     * @type {string[]}
     */
    this.quiet = [];
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
  }

  /**
   * Runs one step.
   *
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<StepResult>} work
   */
  async run(name, work) {
    const running = { name, since: Date.now(), note: '' };
    this.running.add(running);
    this.timer ??= this.live
      ? setInterval(() => show(() => this.draw()), 100)
      : setInterval(() => show(() => this.tell()), this.every);
    try {
      const { outcome, text } = await work((note) => {
        running.note = note;
      });
      this.running.delete(running);
      const line = this.line(outcome === 'without' ? '!' : '✓', running, text);
      if (outcome === 'kept') this.quiet.push(line);
      else {
        if (outcome === 'done') this.worked += 1;
        for (const earlier of this.quiet.splice(0)) this.print(earlier);
        this.print(line);
      }
    } catch (error) {
      this.running.delete(running);
      if (error instanceof SetupError) {
        for (const earlier of this.quiet.splice(0)) this.print(earlier);
        this.print(this.line('✗', running, error.message));
      }
      throw error;
    } finally {
      if (this.running.size === 0) this.pause();
    }
  }

  /**
   * @param {string} mark
   * @param {Running} step
   * @param {string} text
   */
  line(mark, step, text) {
    return `  ${mark} ${step.name.padEnd(nameWidth)}${seconds(Date.now() - step.since).padStart(8)}   ${text}`;
  }

  /** @param {string} text */
  print(text) {
    show(() => {
      this.clear();
      this.stream.write(`${text}\n`);
      this.draw();
    });
  }

  /** Each step that runs, with its time. */
  parts() {
    return [...this.running].map((step) => {
      const note = step.note ? ` (${step.note})` : '';
      return `${step.name} ${seconds(Date.now() - step.since)}${note}`;
    });
  }

  /** A line on what runs, for a reader of a log. */
  tell() {
    if (this.running.size > 0) this.stream.write(`  … ${this.parts().join('   ')}\n`);
  }

  draw() {
    if (!this.live || this.running.size === 0) return;
    this.frame = (this.frame + 1) % frames.length;
    const text = `  ${frames[this.frame]} ${this.parts().join('   ')}`;
    this.stream.write(`\r\x1b[K${text.slice(0, Math.max(20, (this.stream.columns || 80) - 1))}`);
  }

  clear() {
    if (this.live) this.stream.write('\r\x1b[K');
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    show(() => this.clear());
  }

  elapsed() {
    return seconds(Date.now() - this.began);
  }
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  const total = milliseconds / 1000;
  return total < 100 ? `${total.toFixed(1)} s` : `${Math.floor(total / 60)} min ${Math.round(total % 60)} s`;
}

module.exports = { Steps, seconds, show, outliveReaders };
