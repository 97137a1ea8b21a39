/** An executed notebook made fit to be kept: the same from run to run, its figures with twins, its provenance in it. */
import * as path from 'node:path';
import { type Profile } from '../../src/platform/profile';
import { claimsIn } from '../claims';
import { displays, MIME, normalize, type Notebook, parseNotebook, type Provenance, readResult } from '../notebook';
import { codeCommit } from '../../src/platform/node/commit';
import { presentAsSlides } from '../notebook/presentation';
import { besideOf, hashes, steadyMinutes } from '../notebook/provenance';
import type { Library } from '../reach/library';
import type { Stop } from '../running';
import { checkDisplays } from './displays';
import { type Job, type RunOptions, settings } from './job';
import { addTwins, TwinMaker } from './twins';

/** What the runner found out of the engine that computed. */
export type EngineFacts = Record<string, unknown> | null;

/** Finishes executed notebooks; one browser draws for all of them. */
export class Finisher {
  /** Why figures have no twins. */
  twinProblem: string | undefined;
  private twins: Promise<TwinMaker> | undefined;
  private readonly commit: string | null;

  constructor(
    private readonly options: RunOptions,
    private readonly profile: Profile,
    private readonly library: Library,
    private readonly stop: Stop,
  ) {
    this.commit = codeCommit(options.root);
  }

  /** Has the browser started by the time that a notebook's figures are to be drawn. */
  prepare(): void {
    if (this.options.twins && !this.twinProblem) this.maker().catch(() => undefined); // who draws hears of it
  }

  /** The browser that draws. */
  maker(): Promise<TwinMaker> {
    return (this.twins ??= TwinMaker.open(this.stop));
  }

  /** @throws DisplayError when a display shows nothing */
  async finish(job: Job, text: string, engine: EngineFacts): Promise<{ executed: Notebook; twins: number }> {
    const executed = parseNotebook(text, job.name);
    normalize(executed);
    checkDisplays(executed);
    presentAsSlides(executed);
    const twins = this.options.twins ? await this.drawTwins(executed) : 0;
    executed.metadata.bnlab = { ...executed.metadata.bnlab, provenance: this.provenance(job, executed, engine) };
    return { executed, twins };
  }

  async close(): Promise<void> {
    await this.twins?.then((maker) => maker.close()).catch(() => undefined);
  }

  private async drawTwins(notebook: Notebook): Promise<number> {
    if (this.twinProblem || ![...displays(notebook)].some(({ data }) => data[MIME.plotly])) return 0;
    let maker: TwinMaker;
    try {
      maker = await this.maker();
    } catch (error) {
      this.twinProblem = (error as Error).message;
      return 0;
    }
    return addTwins(notebook, maker);
  }

  private provenance(job: Job, executed: Notebook, engine: EngineFacts): Provenance {
    const earlier = readResult(job.target)?.metadata.bnlab?.provenance;
    const parts = hashes(this.options.root, executed, this.library);
    const again = earlier?.profile === this.profile && earlier.hash === parts.hash;
    return {
      commit: this.commit,
      profile: this.profile,
      settings: settings(),
      engine: engine && pick(engine, ['engine', 'gpu', 'device', 'tensorflow', 'tfjs', 'node', 'threads']),
      ...dataAndSeeds(executed),
      minutes: steadyMinutes(job.seconds, again ? earlier.minutes : undefined),
      ...parts,
      ...besideOf(path.dirname(job.file), executed),
    };
  }
}

/** What the notebook's last cell, or else its verdicts, say of data and seeds. */
function dataAndSeeds(notebook: Notebook): { data: string[]; seeds: number[] } {
  const said: { data?: string | string[]; seeds?: number[] }[] = [...displays(notebook)]
    .map(({ output }) => output.metadata?.bnlab as { role?: string; data?: string[]; seeds?: number[] } | undefined)
    .filter((meta) => meta !== undefined && meta.role === 'provenance') as { data: string[]; seeds: number[] }[];
  const from = said.length ? said : claimsIn(notebook);
  return {
    data: [...new Set(from.flatMap(({ data }) => data ?? []))],
    seeds: [...new Set(from.flatMap(({ seeds }) => seeds ?? []))].sort((a, b) => a - b),
  };
}

function pick(from: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => from[key] != null).map((key) => [key, from[key]]));
}
