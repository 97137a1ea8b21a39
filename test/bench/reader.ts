/**
 * How long a reader waits: `npm start` in a fresh clone, stage by stage and cell by cell, and once more with nothing to do. Writes
 * the section of its make of processor in results/reader.md.
 *
 *   node -r ts-node/register/transpile-only test/bench/reader.ts [--cold] [-- NAME...]
 *
 * --cold: with empty caches, as a newcomer has them; else those of this user. Data is what BNLAB_DATA, or the network, gives. NAME:
 * these notebooks alone. What is committed is cloned, and nothing else.
 */
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { machine, writeSection } from './pages';

const home = path.resolve(__dirname, '..', '..');

/** Seconds, as run_notebook.py notes them. */
interface Times {
  start: number;
  cells: Record<string, number>;
  end: number;
  processor: number;
}
interface Line {
  at: number;
  text: string;
}

/** Runs `npm start`. @returns each line with the seconds after which it came, and those of the whole */
async function start(clone: string, names: string[], env: NodeJS.ProcessEnv): Promise<{ lines: Line[]; all: number }> {
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const child = spawn('npm', ['start', ...(names.length > 0 ? ['--', ...names] : [])], { cwd: clone, env });
  const lines: Line[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (text) => {
      lines.push({ at: since(), text });
      console.log(`${since().toFixed(1).padStart(7)}  ${text}`);
    });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`npm start ended with exit code ${String(code)}`);
  return { lines, all: since() };
}

function stages({ lines, all }: { lines: Line[]; all: number }): [string, number][] {
  const at = (pattern: RegExp) => lines.find(({ text }) => pattern.test(text))?.at ?? NaN;
  const steps = lines.flatMap(({ text }): [string, number][] => {
    const [, name, seconds] = /^ *✓ ([^:]{20}) *([\d.]+) s /.exec(text) ?? [];
    return name === undefined ? [] : [[name.trim(), Number(seconds)]];
  });
  return [
    ...steps,
    ['until the first notebook begins', at(/notebooks?, profile/)],
    ['until the first page can be read', at(/page can be read/)],
    ['until the last notebook has run', at(/notebooks? executed in/)],
    ['until the report of all', all],
  ];
}

const s = (seconds: number) => (Number.isFinite(seconds) ? seconds.toFixed(1) : '');

function notebookRow(name: string, { start: began, cells, end, processor }: Times): string {
  const own = Object.entries(cells).sort(([, a], [, b]) => b - a);
  const sum = own.reduce((total, [, seconds]) => total + seconds, 0);
  const longest = own.slice(0, 3).map(([id, seconds]) => `${id} ${s(seconds)}`);
  return `| ${name} | ${s(began)} | ${own.length} | ${s(sum)} | ${s(end)} | ${s(processor)} | ${longest.join(', ')} |`;
}

async function main(): Promise<void> {
  const { values, positionals: names } = parseArgs({
    options: { cold: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-reader-'));
  try {
    const clone = path.join(folder, 'clone');
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', home, clone]);
    const times = path.join(folder, 'times');
    const cold = { BNLAB_CACHE: path.join(folder, 'cache'), npm_config_cache: path.join(folder, 'npm') };
    const env = { ...process.env, BNLAB_TIMES: times, ...(values.cold && { ...cold, PIP_NO_CACHE_DIR: '1' }) };
    const load = os.loadavg()[0];
    const first = await start(clone, names, env);
    const second = names.length > 0 ? undefined : await start(clone, [], env);
    const noted = fs.readFileSync(times, 'utf8').trim().split('\n');
    const rows = noted.map((line) => JSON.parse(line) as { name: string; times: Times });
    const executed = path.join(clone, 'reports', 'executed');
    const data = new Set(
      fs.readdirSync(executed).flatMap((file) => {
        if (!file.endsWith('.ipynb')) return [];
        const { metadata } = JSON.parse(fs.readFileSync(path.join(executed, file), 'utf8')) as {
          metadata: { bnlab?: { provenance?: { data: string[] } } };
        };
        return metadata.bnlab?.provenance?.data ?? [];
      }),
    );
    const head =
      'Written by `node -r ts-node/register/transpile-only test/bench/reader.ts`: `npm start` in a fresh clone, in seconds.';
    const section = [
      `${machine()}; caches ${values.cold ? 'empty' : 'those of a user who has one already'}; data: ${[...data].sort().join('; ')}.`,
      ...(load > 1 ? [`The machine was busy (load ${load.toFixed(1)}): compare columns, not with other tables.`] : []),
      '',
      '| stage | seconds |',
      '|---|---:|',
      ...stages(first).map(([name, seconds]) => `| ${name} | ${s(seconds)} |`),
      ...(second ? [`| \`npm start\` again, with nothing to do | ${s(second.all)} |`] : []),
      '',
      'Each notebook, profile `quick`, two at a time where they measure no time: the kernel’s start, its cells, its end, what the kernel’s',
      'process used of the processor, and the three longest cells.',
      '',
      '| notebook | start | cells | seconds in cells | end | processor | longest |',
      '|---|---:|---:|---:|---:|---:|---|',
      ...rows.map(({ name, times: own }) => notebookRow(name, own)),
      '',
    ].join('\n');
    console.log(writeSection('reader.md', { title: 'How long a reader waits', head }, section));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

void main();
