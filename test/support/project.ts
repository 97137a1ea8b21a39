/**
 * Copies of this repository for tests that break things: in a folder whose path has spaces and letters that are not
 * ASCII, with what set-up had made hard-linked in, so that a copy costs a second and only names are changed.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { variable as guard } from 'bnlab/dist/setup/marked';
import { exists, statOf } from 'bnlab/dist/src/platform/node/processes';
import { fillCaches } from './home';

export const repository = path.resolve(__dirname, '..', '..');

/** What can be taken over from the repository's own set-up. */
export type Part = 'node_modules' | '.venv' | 'dist' | 'engine';

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** stdout and stderr together */
  output: string;
  seconds: number;
}

export class Project {
  readonly folder: string;
  readonly root: string;
  private readonly running = new Set<ChildProcess>();

  /** @param parent where the copy goes; a new temporary folder when not given */
  constructor(parts: Part[] = [], parent = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab Prüfung – '))) {
    fillCaches();
    this.folder = fs.realpathSync(parent);
    this.root = path.join(this.folder, 'mein Projekt');
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: repository });
    for (const name of listed.toString().split('\0')) {
      const source = path.join(repository, name);
      if (name === '' || !fs.existsSync(source)) continue; // deleted and not yet committed
      fs.mkdirSync(path.dirname(this.file(name)), { recursive: true });
      fs.copyFileSync(source, this.file(name));
    }
    for (const part of parts) this.takeOver(part);
  }

  file(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  read(...names: string[]): string {
    return fs.readFileSync(this.file(...names), 'utf8');
  }

  /** Replaced, not written into: a hard link's other name must not change. */
  write(name: string, content: string): void {
    fs.rmSync(this.file(name), { force: true });
    fs.mkdirSync(path.dirname(this.file(name)), { recursive: true });
    fs.writeFileSync(this.file(name), content);
  }

  /** A folder that stands first on the PATH of `run`'s `path`, or alone. */
  binaries(content: Record<string, string>, name = 'bin'): string {
    const folder = path.join(this.folder, name);
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(content)) {
      if (text.startsWith('#!')) fs.writeFileSync(path.join(folder, file), text, { mode: 0o755 });
      else fs.symlinkSync(text, path.join(folder, file));
    }
    return folder;
  }

  private takeOver(part: Part): void {
    const link = (name: string) => {
      if (fs.existsSync(path.join(repository, name))) linkTree(path.join(repository, name), this.file(name));
    };
    if (part === 'node_modules') ['node_modules', 'lib/node_modules'].forEach(link);
    if (part === 'dist') link('lib/dist');
    if (part === 'engine') ['.bnlab/tensorflow', '.bnlab/engine.json'].forEach(link);
    if (part === '.venv') {
      link('.venv');
      // Set-up accepts an environment only where it was made; the one script that it looks at gets the new place.
      const script = fs.readFileSync(path.join(repository, '.venv', 'bin', 'activate'), 'utf8');
      this.write('.venv/bin/activate', script.replaceAll(path.join(repository, '.venv'), this.file('.venv')));
      // The kernel is registered with absolute paths; it is registered again.
      fs.rmSync(this.file('.venv', 'share', 'jupyter', 'kernels', 'tslab'), { recursive: true, force: true });
    }
  }

  /** Starts a command of the bootstrap, as `npm run` would. */
  start(argv: string[], { env = {}, node = [], program = process.execPath }: RunOptions = {}): Running {
    const began = Date.now();
    // One pipe for both, so that what was said first is read first, whoever said it.
    const words = ['-c', 'exec "$0" "$@" 2>&1', program, ...node, this.file('lib/setup/main.js'), ...argv];
    const child = spawn('/bin/sh', words, {
      cwd: this.root,
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.running.add(child);
    const running: Running = { child, output: '', ended: Promise.resolve({} as Result) };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (running.output += text));
    running.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.running.delete(child);
        resolve({ code, signal, output: running.output, seconds: (Date.now() - began) / 1000 });
      });
    });
    return running;
  }

  run(argv: string[], options: RunOptions = {}): Promise<Result> {
    return this.start(argv, options).ended;
  }

  /** Runs JavaScript in the copy; returns what it prints. */
  evaluate(program: string, env: NodeJS.ProcessEnv = {}): string {
    const result = spawnSync(process.execPath, ['-e', program], {
      cwd: this.root,
      env: { ...cleanEnvironment(), ...env },
      encoding: 'utf8',
    });
    return `${result.stdout}${result.status === 0 ? '' : result.stderr}`.trim();
  }

  remove(): void {
    for (const child of this.running) child.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  /** Options of Node's own. */
  node?: string[];
  /** The program `node`, when another one than this. */
  program?: string;
}

export interface Running {
  child: ChildProcess;
  output: string;
  ended: Promise<Result>;
}

/** The same files under other names, without the same space again. */
export function linkTree(from: string, to: string): void {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  // Hard links where the temporary folder is on the same file system, else copies.
  if (spawnSync('cp', ['-al', from, to], { stdio: 'ignore' }).status === 0) return;
  fs.rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

/** Our environment, less what this test run was started with that would change a set-up's mind. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  const kept = [guard, 'npm_config_cache'];
  for (const name of Object.keys(env)) {
    if (/^(BNLAB_|NODE_|npm_|CXX$)/.test(name) && !kept.includes(name)) delete env[name];
  }
  return env;
}

/** Where nothing listens. */
export const nowhere = 'http://127.0.0.1:9';

/** npm and pip cut off from the network and from what they have cached. */
export function offline(project: Project): NodeJS.ProcessEnv {
  return {
    npm_config_registry: nowhere,
    npm_config_cache: path.join(project.folder, 'empty npm cache'),
    npm_config_fetch_retries: '0',
    PIP_CONFIG_FILE: os.devNull,
    PIP_INDEX_URL: `${nowhere}/simple`,
    PIP_EXTRA_INDEX_URL: '',
    PIP_FIND_LINKS: '',
    PIP_NO_CACHE_DIR: '1',
    BNLAB_CACHE: path.join(project.folder, 'empty cache'),
  };
}

/** Whether a process has ended; one that nobody has waited for yet has. */
export function hasEnded(pid: number): boolean {
  return !exists(pid) || ['Z', 'X'].includes(statOf(pid)[0]);
}

/** Processes whose command line names the folder, but this one. Linux. */
export function processesAt(folder: string): string[] {
  const found: string[] = [];
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const where = fs.readlinkSync(`/proc/${pid}/cwd`);
      if (Number(pid) !== process.pid && (line.includes(folder) || where.startsWith(folder)))
        found.push(`${pid} ${line}`);
    } catch {
      // it ended while we looked
    }
  }
  return found;
}
