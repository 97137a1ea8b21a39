/**
 * What XLA compiled, kept for the next process: most of a compiled step's first call is XLA at work.
 *
 * TensorFlow can write compiled programs to a folder and read them from there, but only for one process at a time that is never
 * killed: it writes them in place, what is half written or damaged fails every later run, and so does a folder that cannot be written;
 * and it does not ask for which processor they were made. So it gets a folder of this process's own, which is empty but for the moment of
 * a graph's first run. What it writes there goes into the user's cache, one file a graph, whole or not at all, with its digest,
 * below a folder named by everything that decides what the code is: TensorFlow, the addons, the processor, the threads, the settings.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { cacheFolder } from '../../../platform/node/cache';
import { sha256 } from '../../../platform/node';
import { BoundedFolder } from '../../../platform/node/bounded';
import { ownMark, sweep } from '../../../platform/node/write';
import { StderrHolder, withStderrHeld } from './quiet';

/** Bytes that kept programs may take, of all keys together. */
const LIMIT = 64 * 2 ** 20;

const ENDING = '.bin';
const FLAG = '--tf_xla_persistent_cache_directory';
const PREFIX = 'bnlab-xla-';
/** What a process was about to hand to TensorFlow; found where that ended it. */
const HANDED = 'handed';

/** A first run of a graph: where it fails with a program that was kept, it is asked again after `anew`. */
export interface FirstRun<T> {
  run: () => T;
  /** Loads the graph again: TensorFlow remembers that it could not compile it. */
  anew: () => void;
}

/** Programs in a folder, handed to TensorFlow and taken from it. */
export class XlaStore {
  private readonly kept: BoundedFolder;

  /**
   * @param folder where programs are kept, of this and other keys
   * @param key what decides how a graph is compiled, besides the graph
   * @param desk this process's own folder, which TensorFlow reads and writes
   * @param holder holds back what TensorFlow says of a program that it has read
   */
  constructor(
    folder: string,
    private readonly key: string,
    private readonly desk: string,
    private readonly holder: StderrHolder,
    private readonly limit = LIMIT,
  ) {
    this.kept = new BoundedFolder(folder, ENDING, limit);
  }

  /** Runs a graph for the first time, by the program that was kept for it, or keeps the one that is made. */
  firstRun<T>(graph: string, { run, anew }: FirstRun<T>): T {
    const name = path.join(this.key, graph);
    let handed = this.hand(name);
    let result: T;
    try {
      if (!handed) result = run();
      else {
        try {
          result = withStderrHeld(this.holder, run).value;
        } catch {
          this.kept.forget(name);
          handed = undefined;
          this.clear();
          anew();
          result = run();
        }
      }
      this.keep(name, handed);
      return result;
    } finally {
      this.clear();
    }
  }

  /** Puts a kept program where TensorFlow looks. @returns the names of its files, or undefined where there is none */
  private hand(name: string): string[] | undefined {
    this.clear();
    try {
      const content = this.kept.read(name);
      if (!content) return undefined;
      const programs = unpacked(content);
      if (!programs) throw new Error('damaged');
      fs.writeFileSync(path.join(this.desk, HANDED), `${name}${ENDING}`);
      for (const [file, bytes] of programs) fs.writeFileSync(path.join(this.desk, file), bytes);
      return programs.map(([file]) => file);
    } catch {
      this.kept.forget(name);
      this.clear();
      return undefined;
    }
  }

  /** Keeps what was made, unless it was all handed out. */
  private keep(name: string, handed: string[] = []): void {
    try {
      const programs = programsIn(this.desk);
      if (programs.every(([file]) => handed.includes(file))) return;
      const content = packed(programs);
      if (content.length > this.limit) return;
      this.kept.write(name, content);
      this.kept.prune();
    } catch {
      // a cache that cannot be written is no reason to fail
    }
  }

  private clear(): void {
    try {
      for (const name of fs.readdirSync(this.desk)) fs.rmSync(path.join(this.desk, name), { force: true });
    } catch {
      // a cleaner has taken the folder; TensorFlow makes it again
    }
  }
}

function programsIn(desk: string): [string, Uint8Array][] {
  const names = fs.readdirSync(desk).filter((name) => name !== HANDED);
  return names.map((name) => [name, fs.readFileSync(path.join(desk, name))]);
}

/** Files in one: their names and sizes in a line of JSON, which begins with the digest of all that follows the digest. */
function packed(programs: [string, Uint8Array][]): Uint8Array {
  const list = `${JSON.stringify(programs.map(([name, { length }]) => [name, length]))}\n`;
  const body = Buffer.concat([Buffer.from(list), ...programs.map(([, bytes]) => bytes)]);
  return Buffer.concat([Buffer.from(sha256(body)), body]);
}

/** @returns undefined for what is not whole */
function unpacked(content: Buffer): [string, Uint8Array][] | undefined {
  const body = content.subarray(64);
  if (content.toString('latin1', 0, 64) !== sha256(body)) return undefined;
  let at = body.indexOf('\n') + 1;
  const list = JSON.parse(body.toString('utf8', 0, at)) as [string, number][];
  return list.map(([name, length]) => [name, body.subarray(at, (at += length))]);
}

let store: XlaStore | undefined;

/** Where this process keeps programs; undefined where it does not. */
export const xlaStore = (): XlaStore | undefined => store;

/**
 * Has TensorFlow, which is yet to be loaded, keep programs, unless the user has told it to keep them elsewhere.
 *
 * @param addons the folder of what is compiled and loaded: programs may call into it
 * @param library TensorFlow's own
 */
export function openXlaStore(addons: string, library: string, holder: StderrHolder): void {
  const given = withoutOurs(process.env.TF_XLA_FLAGS);
  try {
    if (given.includes(FLAG)) return;
    const folder = path.join(cacheFolder(), 'xla');
    forgetFatal(new BoundedFolder(folder, ENDING, LIMIT));
    const desk = path.join(os.tmpdir(), PREFIX + ownMark());
    if (/['\s]/.test(desk)) return;
    const key = keyOf(addons, library, given);
    fs.mkdirSync(desk, { mode: 0o700 }); // not one that somebody else has made: what lies there is run
    process.env.TF_XLA_FLAGS = `${given} ${FLAG}=${desk}`.trim();
    store = new XlaStore(folder, key, desk, holder);
    process.once('exit', () => fs.rmSync(desk, { recursive: true, force: true }));
  } catch {
    // no cache: every process compiles for itself
  } finally {
    if (!store && given !== (process.env.TF_XLA_FLAGS ?? '')) process.env.TF_XLA_FLAGS = given;
  }
}

/** The settings without the folder of a process that started this one. */
function withoutOurs(flags = ''): string {
  return flags
    .split(/\s+/)
    .filter((flag) => !(flag.startsWith(`${FLAG}=`) && path.basename(flag).startsWith(PREFIX)))
    .join(' ');
}

/** Removes programs that ended the process which took them, and what such processes left. */
function forgetFatal(kept: BoundedFolder): void {
  const folder = os.tmpdir();
  const before = fs.readdirSync(folder).filter((name) => name.startsWith(PREFIX));
  const handed = before.map((name) => [name, textOf(path.join(folder, name, HANDED))] as const);
  sweep(folder, { prefix: PREFIX });
  for (const [name, file = ''] of handed) {
    // anybody may write there: only the name of a program is taken from it
    const [, program] = /^(\w+[\\/]\w+)\.bin$/.exec(file) ?? [];
    if (program !== undefined && !fs.existsSync(path.join(folder, name))) kept.forget(program);
  }
}

function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A digest of what decides how a graph is compiled, besides the graph. */
function keyOf(addons: string, library: string, flags: string): string {
  const built = fs.readdirSync(addons).filter((name) => name.endsWith('.node'));
  const { size } = fs.statSync(library);
  // how much is said decides nothing
  const settings = Object.entries(process.env).filter(
    ([name]) => /^(?:TF|XLA|OMP|ONEDNN|DNNL)_/.test(name) && !/^TF_(?:CPP_.*|XLA_FLAGS)$/.test(name),
  );
  const words = [process.platform, process.arch, processor(), os.availableParallelism(), size, flags, settings.sort()];
  const files = built.sort().map((name) => fs.readFileSync(path.join(addons, name)));
  return sha256(JSON.stringify(words), ...files).slice(0, 32);
}

/** The processor and what it can do, in the system's words. */
function processor(): string {
  const lines = (textOf('/proc/cpuinfo') ?? '').split('\n\n')[0].split('\n');
  const lasting =
    /^(?:vendor_id|cpu family|model|model name|stepping|flags|Features|CPU (?:implementer|architecture|variant|part))\s*:/;
  return [os.cpus()[0]?.model, ...lines.filter((line) => lasting.test(line))].join('\n');
}
