/**
 * `npm run device`: packs what a bare machine with a GPU needs (no network, no Node) into `.bnlab/device`: Node, Dawn, a Vulkan loader, the
 * built library, the engine's tests, TensorFlow.js's own tests, the benchmark and its peers' workers. There, `bash run.sh` unpacks and runs
 * them; see README.md.
 *
 *   --libraries DIR   shared libraries that the machine's driver wants and the machine lacks
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

const home = path.resolve(__dirname, '..', '..');
const webgpu = path.join(home, '.bnlab', 'webgpu');
const target = path.join(home, '.bnlab', 'device');

/** What `run.sh` runs: from the library, from TensorFlow.js's tests, and from this folder's. */
const ROOTS = ['bnlab', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu', 'typescript', 'jasmine', 'ts-node'];

/** Files of the checkout that travel as they are. */
const FILES = [
  'package.json',
  'tsconfig.json',
  'lib/package.json',
  'lib/dist',
  'lib/internal',
  'lib/tools/conformance-known.json',
  'test/bench',
  'test/device',
  'test/engine',
  'test/support',
];

/** What no one loads in Node: maps, types, builds for browsers, builds for others. */
const LEFT_OUT = /\.(map|d\.ts|md)$|\.(min|fesm|es2017)\./;

/** A package's folder as `from` sees it, or undefined where it is not installed (an optional dependency). */
function folderOf(name: string, from: string): string | undefined {
  const places = createRequire(path.join(from, 'package.json')).resolve.paths(name) ?? [];
  return places
    .map((place) => path.join(place, name))
    .find((folder) => fs.existsSync(path.join(folder, 'package.json')));
}

/** The folders of packages and of all that they depend on. */
function closure(names: readonly string[], from: string): Set<string> {
  const found = new Set<string>();
  const visit = (name: string, asker: string) => {
    const link = folderOf(name, asker);
    if (link === undefined || found.has(link)) return;
    found.add(link);
    const { dependencies = {} } = JSON.parse(fs.readFileSync(path.join(link, 'package.json'), 'utf8'));
    for (const one of Object.keys(dependencies)) visit(one, fs.realpathSync(link));
  };
  for (const name of names) visit(name, from);
  return found;
}

/** Every file below a place, from the checkout's root; none of a nested `node_modules`, which `closure` names itself. */
function* filesBelow(place: string): Generator<string> {
  if (fs.statSync(place).isFile()) {
    yield path.relative(home, place);
    return;
  }
  for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.isSymbolicLink()) continue;
    yield* filesBelow(path.join(place, entry.name));
  }
}

function pack(): void {
  const { values } = parseArgs({
    options: { libraries: { type: 'string' } },
  });
  if (!fs.existsSync(webgpu)) throw new Error('Dawn is not installed. Call: npm run setup -- --webgpu');
  if (process.platform !== 'linux')
    throw new Error(`A machine of Linux is packed for on Linux, not on ${process.platform}.`);
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });

  const packages = [...closure(ROOTS, home)].filter((folder) => fs.realpathSync(folder) !== path.join(home, 'lib'));
  const list = [
    ...FILES.flatMap((file) => [...filesBelow(path.join(home, file))]),
    ...[...packages, webgpu].flatMap((folder) => [...filesBelow(folder)]),
    ...fs
      .readdirSync(path.join(webgpu, 'node_modules'))
      .flatMap((name) => [...filesBelow(path.join(webgpu, 'node_modules', name))]),
  ].filter((file) => !file.includes('node_modules') || !LEFT_OUT.test(file));
  compress('tree.tar.xz', home, [...new Set(list), 'node_modules/bnlab']);
  compress('node.tar.xz', path.dirname(process.execPath), [path.basename(process.execPath)]);
  if (values.libraries)
    fs.cpSync(values.libraries, path.join(target, 'libraries'), { recursive: true, dereference: true });
  fs.copyFileSync(path.join(__dirname, 'run.sh'), path.join(target, 'run.sh'));

  const bytes = [...filesBelow(target)].reduce((sum, file) => sum + fs.statSync(path.join(home, file)).size, 0);
  console.log(`Packed in ${path.relative(home, target)}: ${(bytes / 2 ** 20).toFixed(1)} MiB, ${list.length} files.`);
}

function compress(name: string, folder: string, files: readonly string[]): void {
  execFileSync('tar', ['-cJf', path.join(target, name), '-C', folder, '--null', '-T', '-'], {
    input: files.join('\0'),
    env: { ...process.env, XZ_OPT: '-1' }, // minutes less, and a few MiB more
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

try {
  pack();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
