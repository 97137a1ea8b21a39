/** One experiment on a page: its points as they come, how it ended, and what computed it. */
import type { ComparisonSpec, ExperimentName, RunnableSpec, RunPoint } from '../src/experiments';
import type { Computer } from './computer';

export type State = 'idle' | 'starting' | 'running' | 'done' | 'stopped' | 'failed';

/** Runs one comparison, or what else reports points, after another, and says what changed. */
export class Session<S extends RunnableSpec = ComparisonSpec> {
  state: State = 'idle';
  points: RunPoint[] = [];
  /** What was run last. */
  spec?: S;
  progress = { done: 0, total: 1, text: '' };
  /** Why it failed, or why it stopped. */
  message = '';
  seconds = 0;
  /** What the engine holds after the run: the same after each, or something leaks. */
  held = '';
  private began = 0;
  private token = 0;

  constructor(
    readonly computer: Computer,
    private readonly experiment: ExperimentName,
    private readonly onChange: () => void,
  ) {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden && this.isBusy) this.stop('The page was hidden, so the run stopped.');
    });
  }

  get isBusy(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  /** Runs; what was shown before goes. */
  async run(spec: S, experiment = this.experiment): Promise<void> {
    const token = ++this.token;
    const isMine = () => token === this.token;
    Object.assign(this, { state: 'starting', points: [], spec, message: '', held: '' });
    this.progress = { done: 0, total: 1, text: '' };
    this.began = performance.now();
    this.onChange();
    try {
      const ended = await this.computer.run(experiment, spec, {
        onPoint: (point) => isMine() && this.take(point),
        onProgress: (progress) => {
          if (!isMine()) return;
          this.progress = progress;
          this.onChange();
        },
      });
      if (!isMine()) return;
      this.state = ended.stopped ? 'stopped' : 'done';
      this.message ||= ended.stopped ? 'Stopped; what had been computed stays.' : '';
      this.held = ended.tensors === undefined ? '' : `${ended.tensors} tensors, ${ended.bytes} bytes`;
    } catch (error) {
      if (!isMine()) return;
      [this.state, this.message] = ['failed', (error as Error).message];
    }
    this.seconds = (performance.now() - this.began) / 1000;
    this.onChange();
  }

  /** Stops, and keeps what there is. */
  stop(why = ''): void {
    if (!this.isBusy) return;
    this.message = why;
    this.computer.stop();
  }

  private take(point: RunPoint): void {
    this.state = 'running';
    this.points.push(point);
    this.seconds = (performance.now() - this.began) / 1000;
    this.onChange();
  }
}
