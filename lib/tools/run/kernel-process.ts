/** Notebooks executed: each by a Python process with nbclient (jupyter/run_notebook.py) that has a kernel of its own. */
import { type Profile } from '../../src/platform/profile';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { spawnGuarded } from '../../setup/guarded';
import { giveIds } from '../notebook';
import { home, jupyterGlue, python } from '../places';
import type { EngineFacts } from './executed';
import type { Failure } from './failure';
import type { Job } from './job';

/** Milliseconds that a process may take to end its kernel. */
const GRACE = 5000;

/** The command of a kernel, with the project's mends of tslab. */
const KERNEL = [
  process.execPath,
  '--require',
  path.join(__dirname, '..', 'kernel', 'preload.js'),
  path.join(home, 'node_modules', 'tslab', 'bin', 'tslab'),
  'kernel',
  '--config-path',
  '{connection_file}',
];

/** What a process wrote when its notebook ran whole. */
export interface Executed {
  text: string;
  engine: EngineFacts;
}

/** The processes of one run. */
export class KernelProcesses {
  private readonly children = new Set<ChildProcess>();
  private started = 0;

  /**
   * @param scratch a folder for the run's own files
   * @param cellLimit seconds that one cell may take
   */
  constructor(
    private readonly scratch: string,
    private readonly profile: Profile,
    private readonly cellLimit: number,
  ) {}

  /**
   * Runs the notebook.
   * @param lanes processes that may make its runs side by side: its share of the processors
   * @returns the executed notebook's text, or why there is none
   */
  async execute(job: Job, lanes: number, onProgress: (text: string) => void): Promise<Executed | Failure> {
    const base = path.join(this.scratch, String(this.started++));
    const task = {
      notebook: `${base}.ipynb`,
      output: `${base}.executed.ipynb`,
      notes: `${base}.notes`,
      cwd: path.dirname(job.file),
      cellLimit: this.cellLimit,
      kernel: KERNEL,
    };
    giveIds(job.notebook);
    fs.writeFileSync(task.notebook, JSON.stringify(job.notebook));
    const child = this.start(lanes);
    this.children.add(child);
    try {
      child.stdin.write(JSON.stringify(task) + '\n');
      const { failure, engine, said } = await this.listen(child, onProgress);
      if (failure) return failure;
      if (engine !== undefined) return { text: fs.readFileSync(task.output, 'utf8'), engine };
      const error = said.trim() || 'the Python process that runs the kernel ended early';
      return { kind: 'runner', index: null, error };
    } finally {
      this.children.delete(child);
    }
  }

  /** Ends them in order, and after a while at once. */
  interrupt(): void {
    for (const child of this.children) child.stdin?.end(); // the Python process ends its kernel when its input closes
    setTimeout(() => {
      for (const child of this.children) child.kill('SIGKILL');
    }, GRACE).unref();
  }

  private start(lanes: number): ChildProcessWithoutNullStreams {
    const child = spawnGuarded(python(), ['-B', path.join(jupyterGlue, 'run_notebook.py')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches this process, which then ends the kernels in order.
      detached: true,
      env: {
        ...process.env,
        BNLAB_PROFILE: this.profile,
        BNLAB_LANES: process.env.BNLAB_LANES || String(lanes),
        PYTHONDONTWRITEBYTECODE: '1',
        JUPYTER_PLATFORM_DIRS: '1',
        // What a killed kernel leaves (its connection file, a figure's or a graph's folder) goes with the run's own.
        JUPYTER_RUNTIME_DIR: this.scratch,
        TMPDIR: this.scratch,
      },
    }) as ChildProcessWithoutNullStreams;
    child.stdin.on('error', () => undefined); // the process may end before it has read its task; its exit says why
    return child;
  }

  /** What the process says until it ends. `engine` stays undefined when it did not come to its end. */
  private async listen(
    child: ChildProcessWithoutNullStreams,
    onProgress: (text: string) => void,
  ): Promise<{ failure?: Failure; engine?: EngineFacts; said: string }> {
    const heard: { failure?: Failure; engine?: EngineFacts; said: string } = { said: '' };
    child.stderr.on('data', (text: Buffer) => (heard.said = (heard.said + text.toString()).slice(-4000)));
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown> & { event: string };
      if (event.event === 'cell') onProgress(`cell ${(event.position as number) + 1} of ${event.total as number}`);
      if (event.event === 'failed') heard.failure = event as unknown as Failure;
      if (event.event === 'done') heard.engine = (event.engine ?? null) as EngineFacts;
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    });
    return heard;
  }
}
