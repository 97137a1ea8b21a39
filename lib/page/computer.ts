/** The worker from the page's side: started at the first run, kept for the next, ended when the page goes. */
import type { EngineCard } from '../src/engine';
import type { ExperimentName, RunPoint } from '../src/experiments';
import type { EmbeddedSet } from '../src/data/embedded';
import type { RealName } from '../src/data/manifest';
import { PackedWorker } from './packed-worker';
import type { Reply } from './protocol';

/** What the bundle puts into the page. */
export interface Parts {
  /** The worker's script, deflated, as base64. */
  worker: string;
  /** TensorFlow.js's WebAssembly module, as base64. */
  wasm: string;
  /** The commit that the page was made from. */
  commit?: string;
  /** Pictures that came with the page. */
  embedded?: EmbeddedSet;
}

/** What trains: `'auto'` is a GPU, where the browser offers one that is none in software, else WebAssembly. */
export type EngineChoice = 'auto' | 'wasm' | 'webgpu';

/** What a run says as it goes. */
export interface Listener {
  onPoint(point: RunPoint): void;
  onProgress(progress: { done: number; total: number; text: string }): void;
}

/** How a run ended. */
export interface Ended {
  /** The experiment's answer; absent where the worker had to be ended. */
  answer?: unknown;
  stopped: boolean;
  /** Tensors and bytes on the engine after it. */
  tensors?: number;
  bytes?: number;
}

/** A stopped run answers between two steps; a worker that has not after this long is ended. */
const PATIENCE = 4000;

interface Running extends Listener {
  id: number;
  resolve(ended: Ended): void;
  reject(error: Error): void;
}

type Files = { name: string; bytes: ArrayBuffer }[];
type Told = Extract<Reply, { kind: 'data' }>;

/** Runs experiments, one at a time. */
export class Computer {
  /** What computes; known once a run has begun. */
  card?: EngineCard;
  private engine: EngineChoice = 'auto';
  private worker?: PackedWorker;
  private running?: Running;
  private runs = 0;
  /** What the reader chose and the worker knew: a fresh worker is given them again. */
  private readonly chosen = new Map<RealName, Files>();
  private onData?: (told: Told) => void;

  constructor(private readonly parts: Parts) {
    window.addEventListener('pagehide', () => this.end());
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Pictures that came with the page. */
  get embedded(): EmbeddedSet | undefined {
    return this.parts.embedded;
  }

  /** Runs an experiment. A run under way is stopped first. */
  async run(experiment: ExperimentName, options: object, listener: Listener): Promise<Ended> {
    this.stop();
    const worker = this.start();
    const id = ++this.runs;
    return new Promise((resolve, reject) => {
      this.running?.resolve({ stopped: true });
      this.running = { id, resolve, reject, ...listener };
      worker.post({ kind: 'run', id, experiment, options });
    });
  }

  /** Stops the run under way; what it has shown stays. */
  stop(): void {
    const { running, worker } = this;
    if (!running || !worker) return;
    worker.post({ kind: 'stop', id: running.id });
    setTimeout(() => {
      if (this.running === running) this.end();
    }, PATIENCE);
  }

  /** Says what the next runs train on. A run under way is stopped. */
  choose(engine: EngineChoice): void {
    if (engine === this.engine) return;
    this.engine = engine;
    this.card = undefined;
    this.end();
  }

  /** Hands over files that the reader chose. A run under way is stopped; files that are refused change nothing. */
  take(files: Files): Promise<Told> {
    // A data set is read once and kept: a fresh worker has none.
    this.end();
    return new Promise((resolve) => {
      this.onData = (told) => {
        if (told.set) this.chosen.set(told.set.name, files);
        resolve(told);
      };
      this.start().post({ kind: 'files', files, known: false });
    });
  }

  /** Ends the worker; who waits for it is told. */
  private end(): void {
    const { worker, running } = this;
    [this.worker, this.running] = [undefined, undefined];
    worker?.terminate();
    running?.resolve({ stopped: true });
    this.tell({ kind: 'data', message: 'Not read to the end. Choose the files again.' });
  }

  private tell(told: Told): void {
    const { onData } = this;
    this.onData = undefined;
    onData?.(told);
  }

  private start(): PackedWorker {
    if (this.worker) return this.worker;
    const worker = new PackedWorker(
      this.parts.worker,
      ({ data }: MessageEvent<Reply>) => this.hear(data),
      (message) => {
        this.fail(message);
        this.end();
      },
    );
    this.worker = worker;
    const wasm = Uint8Array.from(atob(this.parts.wasm), (c) => c.charCodeAt(0)).buffer;
    const { commit, embedded } = this.parts;
    const environment: Record<string, string> = this.engine === 'auto' ? {} : { BNLAB_ENGINE: this.engine };
    worker.post({ kind: 'start', wasm, environment, commit, embedded });
    for (const files of this.chosen.values()) worker.post({ kind: 'files', files, known: true });
    return worker;
  }

  private fail(message: string): void {
    const { running } = this;
    this.running = undefined;
    running?.reject(new Error(message));
  }

  private hear(reply: Reply): void {
    if (reply.kind === 'ready') this.card = reply.card;
    else if (reply.kind === 'data') this.tell(reply);
    else if (reply.kind === 'failed' && reply.id === null) {
      this.fail(reply.message);
      this.tell({ kind: 'data', message: `They could not be read: ${reply.message}` });
      this.end();
    } else if (reply.id === this.running?.id) this.hearRun(reply, this.running);
  }

  private hearRun(reply: Exclude<Reply, { kind: 'ready' | 'data' }>, running: Running): void {
    if (reply.kind === 'point') running.onPoint(reply.point);
    else if (reply.kind === 'progress') running.onProgress(reply);
    else if (reply.kind === 'failed') {
      this.fail(reply.message);
      if (this.card?.engine === 'webgpu') this.end(); // a device that was lost stays lost: the next run gets another
    } else {
      const { answer, stopped, tensors, bytes } = reply;
      this.running = undefined;
      running.resolve({ answer, stopped, tensors, bytes });
    }
  }
}
