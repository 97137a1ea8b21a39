/** A tslab kernel as JupyterLab has it, for tests that talk to it while it works: see session.py. */
import { spawn, type ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { createInterface } from 'node:readline';

const root = path.join(__dirname, '..', '..');

export interface Said {
  channel: 'iopub' | 'shell' | 'control' | 'session';
  type: string;
  content: { id?: string; execution_state?: string; status?: string; text?: string } & Record<string, unknown>;
  /** The request that it answers, and its kind. */
  parent?: string;
  of?: string;
  /** Milliseconds of the process's clock when it was heard. */
  at: number;
}

export class Session {
  readonly heard: Said[] = [];
  private readonly child: ChildProcess;
  private waiting: (() => void)[] = [];
  private ended: string | undefined;

  private constructor() {
    this.child = spawn(path.join(root, '.venv', 'bin', 'python'), [path.join(__dirname, 'session.py')], {
      env: { ...process.env, BNLAB_PROFILE: 'quick', NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let errors = '';
    this.child.stderr!.on('data', (text: Buffer) => (errors += text.toString()));
    this.child.on('close', () => {
      this.ended ??= `the session ended: ${errors}`;
      this.wake();
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const said = { ...(JSON.parse(line) as Said), at: performance.now() };
      this.heard.push(said);
      if (said.type === 'dead') this.ended = `the kernel ended: ${JSON.stringify(said.content)}`;
      this.wake();
    });
    const argv = [process.execPath, '--require', path.join(root, 'lib', 'tools', 'kernel', 'watch.js')];
    argv.push(path.join(root, 'node_modules', 'tslab', 'bin', 'tslab'), 'kernel', '--config-path', '{connection_file}');
    this.ask({ argv, cwd: path.join(root, 'notebooks') });
  }

  /** A kernel that is ready. */
  static async start(): Promise<Session> {
    const session = new Session();
    await session.until(({ type, channel }) => channel === 'session' && type === 'ready');
    return session;
  }

  /** Asks for a cell to be run; returns the request's name. */
  async send(code: string): Promise<string> {
    const from = this.heard.length;
    this.ask({ execute: code });
    return (await this.until(({ type, channel }) => channel === 'session' && type === 'sent', from)).content.id!;
  }

  /**
   * Runs a cell to its end; its request's name. What is asked for within the moment after a cell failed is given up with the queue, and
   * asked for again.
   */
  async run(code: string): Promise<string> {
    for (;;) {
      const id = await this.send(code);
      if ((await this.end(id)).content.status !== 'aborted') return id;
    }
  }

  /** Waits for a cell's answer and the idle that follows it; its answer. */
  async end(id: string): Promise<Said> {
    await this.until(({ parent, content }) => parent === id && content.execution_state === 'idle');
    return this.until(({ channel, parent }) => channel === 'shell' && parent === id);
  }

  /** What answers a request. */
  of(id: string): Said[] {
    return this.heard.filter(({ parent }) => parent === id);
  }

  /** Text that a request's cell has printed. */
  printed(id: string): string {
    return this.of(id)
      .flatMap(({ type, content }) => (type === 'stream' ? [content.text] : []))
      .join('');
  }

  /** Asks for the names that begin so, as an editor does while a cell runs. */
  complete(code: string): void {
    this.ask({ complete: code });
  }

  interrupt(how: 'signal' | 'message'): void {
    this.ask({ interrupt: how });
  }

  /** The first of what was heard, or will be, that is so. */
  async until(is: (said: Said) => boolean, from = 0): Promise<Said> {
    for (;;) {
      const found = this.heard.slice(from).find(is);
      if (found) return found;
      if (this.ended !== undefined) throw new Error(this.ended);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.child.on('close', resolve));
    this.child.stdin!.end();
    await gone;
  }

  private ask(what: object): void {
    this.child.stdin!.write(JSON.stringify(what) + '\n');
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const one of waiting) one();
  }
}
