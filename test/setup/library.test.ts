/** TensorFlow's library: for which systems it is fetched and how the addon is built there, and what happens when it is damaged. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { addons, commandOf } from 'bnlab/dist/setup/addons';
import { filesBelow } from 'bnlab/dist/setup/files';
import { layout } from 'bnlab/dist/setup/layout';
import { platformArguments, targetOf, tensorflow } from 'bnlab/dist/setup/wheels';
import { sideBySide } from 'bnlab/dist/tools/run/machine';
import { linkTree, offline, Project, repository } from '../support/project';
import { collection, notebookOf, start } from '../support/sample';
import { until } from '../support/until';

const native = (JSON.parse(fs.readFileSync(path.join(repository, '.bnlab/engine.json'), 'utf8')) as { native: boolean })
  .native;
const needsNative = native ? false : 'this machine has no native engine (npm run doctor says why)';

/** Asks pip which wheel it would take for a system, and reads the wheel's list of contents without fetching the rest. */
const wheelReader = `
import json, sys, zipfile
from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command
from pip._internal.network.lazy_wheel import LazyZipOverHTTP
from pip._vendor.packaging.specifiers import SpecifierSet
name, version, *words = sys.argv[1:]
command = create_command("download")
options, _ = command.parse_args([*words, "-d", "nowhere", name])
with command.main_context():
    session = command.get_default_session(options)
    finder = command._build_package_finder(options=options, session=session, target_python=cmdoptions.make_target_python(options))
    best = finder.find_best_candidate(name, SpecifierSet("==" + version)).best_candidate
    print(json.dumps({"sha256": best.link.hash, "file": best.link.filename}))
    with LazyZipOverHTTP(best.link.url.split("#")[0], session) as file:
        print(json.dumps(zipfile.ZipFile(file).namelist()))
`;

for (const [system, end] of [
  ['linux x64', '-cp312-cp312-manylinux_2_27_x86_64.whl'],
  ['linux arm64', '-cp312-cp312-manylinux_2_27_aarch64.whl'],
  ['darwin arm64', '-cp312-cp312-macosx_12_0_arm64.whl'],
] as const) {
  test(`the wheel for ${system} has this checksum and what is taken out of it`, (t) => {
    const [platform, arch] = system.split(' ') as [NodeJS.Platform, NodeJS.Architecture];
    const target = targetOf(platform, arch)!;
    const [wheel] = target.wheels.cpu;
    const words = [wheel.name, wheel.version, ...platformArguments(target)];
    const asked = spawnSync(layout.python, ['-I', '-c', wheelReader, ...words], { encoding: 'utf8', maxBuffer: 1e8 });
    const [first, list] = asked.stdout.split('\n');
    if (!first || !list) {
      assert.match(asked.stderr, /Connection|Range|HTTP|URL|resolution|best_candidate|NoneType|range/i, asked.stderr);
      return t.skip(`registry not reached: ${asked.stderr.trim().split('\n').at(-1)}`);
    }
    const { sha256, file } = JSON.parse(first) as { sha256: string; file: string };
    assert.equal(file, `${wheel.name.replace('-', '_')}-${tensorflow}${end}`);
    assert.equal(sha256, wheel.sha256);
    const names = JSON.parse(list) as string[];
    for (const taken of wheel.take) {
      const there = names.some((name) => (taken.endsWith('/') ? name.startsWith(taken) : name === taken));
      assert.ok(there, `${taken} in ${file}`);
    }
    assert.ok(target.libraries.every((name) => wheel.take.includes(`tensorflow/${name}`)));
  });
}

test('the compile command: each system its own way to leave Node out and to find the libraries', () => {
  const [helper, linux] = addons.map((addon) => commandOf(addon, 'linux', '/lib folder', '/made'));
  const joined = linux.join(' ');
  assert.match(joined, /-shared .*-Wl,-rpath,\$ORIGIN\/\.\.\/\.\.\/deps\/lib -l:libtensorflow_cc\.so\.2/);
  assert.ok(!joined.includes('dynamic_lookup'));
  assert.ok(linux.includes('-L/lib folder') && linux.includes('-I/lib folder/include'));
  assert.ok(helper.includes('/made/bnlab_stderr.node'));
  const everywhere = addons.filter(({ only }) => only === undefined);
  const onMac = everywhere.map((addon) => commandOf(addon, 'darwin', '/lib', '/made'));
  for (const words of onMac) {
    assert.match(words.join(' '), /-bundle -undefined dynamic_lookup/);
    assert.ok(!/-shared|\$ORIGIN|\.so/.test(words.join(' ')));
  }
  const [, mac] = onMac;
  assert.ok(mac.includes('-Wl,-rpath,@loader_path/../../deps/lib'));
  for (const name of targetOf('darwin', 'arm64')!.libraries) {
    assert.ok(mac.includes(`-l${name.replace(/^lib|\.dylib$/g, '')}`), name);
  }
  for (const [platform, arch] of [
    ['darwin', 'x64'],
    ['linux', 'ia32'],
    ['freebsd', 'x64'],
  ] as const) {
    assert.equal(targetOf(platform, arch), undefined);
  }
  assert.deepEqual(Object.keys(targetOf('linux', 'arm64')!.wheels), ['cpu']);
});

const framework = path.join('tensorflow', targetOf()?.libraries[1] ?? '');
const ready = "require('bnlab').ready().then((card) => console.log(card.engine))";

/** The library in a folder, with the checksums that a download leaves beside it. */
function libraryAt(folder: string): void {
  const list = path.join(folder, 'checksums.json');
  if (fs.existsSync(list)) return;
  const sums = filesBelow(folder)
    .filter((name) => name.startsWith('tensorflow'))
    .map((name) => [
      name,
      crypto
        .createHash('sha256')
        .update(fs.readFileSync(path.join(folder, name)))
        .digest('hex'),
    ]);
  fs.writeFileSync(list, JSON.stringify(Object.fromEntries(sums)));
}

/** Other bytes of the same number; `quietly`: with the same date, as a failing disk leaves it. */
function damage(file: string, quietly: boolean): void {
  const { mtime } = fs.statSync(file);
  const bytes = fs.readFileSync(file).fill('x', 0, 4096);
  fs.rmSync(file); // its other names keep what they have
  fs.writeFileSync(file, bytes);
  if (quietly) fs.utimesSync(file, mtime, mtime);
}

test('a damaged library of the right size: computed without, told, and mended', { skip: needsNative }, async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  const cache = path.join(project.folder, 'cache');
  try {
    const [name] = fs.readdirSync(project.file('.bnlab/tensorflow'));
    const here = project.file('.bnlab/tensorflow', name);
    libraryAt(here);
    linkTree(project.file('.bnlab/tensorflow'), path.join(cache, 'tensorflow'));
    linkTree(here, path.join(cache, 'sound'));
    const env = { ...offline(project), BNLAB_CACHE: cache };
    const last = (text: string) => text.split('\n').at(-1);
    const first = await project.run(['setup'], { env });
    assert.equal(first.code, 0, first.output);
    assert.equal(last(project.evaluate(ready)), 'native');

    damage(path.join(here, framework), true);
    assert.equal(last(project.evaluate(ready)), 'wasm');
    const mended = await project.run(['setup'], { env });
    assert.match(mended.output, /native TensorFlow .*library was damaged \(tensorflow\/libtensorflow_framework/);
    assert.equal(last(project.evaluate(ready)), 'native');

    // Damaged in the cache as well, and no network: said, and nothing is thrown away that may still serve.
    damage(path.join(here, framework), false);
    damage(path.join(cache, 'tensorflow', name, framework), false);
    const without = await project.run(['setup'], { env });
    assert.equal(without.code, 0, without.output);
    assert.match(without.output, /not native: .*library is damaged \(tensorflow\/libtensorflow_framework.*no other/);
    assert.equal(last(project.evaluate(ready)), 'wasm');
    const doctor = await project.run(['doctor'], { env });
    assert.match(doctor.output, /! addon .*is damaged/);

    // A sound one turns up in the cache: the next set-up that is asked for takes it, and so does --rebuild without a failed load.
    linkTree(path.join(cache, 'sound'), path.join(cache, 'tensorflow', name));
    const again = await project.run(['setup'], { env });
    assert.match(again.output, /native TensorFlow .*was damaged/);
    damage(path.join(here, framework), true);
    if (spawnSync('g++', ['--version']).status !== 0) return;
    const rebuilt = await project.run(['setup', '--rebuild'], { env });
    assert.match(rebuilt.output, /native TensorFlow .*was damaged/);
    assert.equal(last(project.evaluate(ready)), 'native');
  } finally {
    project.remove();
  }
});

test('a load that ended its process is not trusted again', { skip: needsNative }, async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  try {
    assert.equal((await project.run(['setup'])).code, 0);
    assert.match(project.evaluate(ready), /native$/);
    const folder = project.file('node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8');
    const verdict = path.join(folder, 'bnlab-verdict.json');
    const marks = () => fs.readdirSync(folder).filter((name) => name.startsWith('bnlab-loading'));
    assert.deepEqual(marks(), []);
    // The process of this number has ended; its mark says that it had not loaded the addon.
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    fs.writeFileSync(path.join(folder, `bnlab-loading.${pid}`), '');
    fs.writeFileSync(verdict, fs.readFileSync(verdict, 'utf8').replace(/"tensorflow": "[^"]*"/, '"tensorflow": "old"'));
    assert.match(project.evaluate(ready), /native$/);
    assert.doesNotMatch(fs.readFileSync(verdict, 'utf8'), /"old"/, 'the verdict is a new one');
    assert.deepEqual(marks(), []);
    // Set-up looks for it as well.
    fs.writeFileSync(path.join(folder, `bnlab-loading.${pid}`), '');
    const { output } = await project.run(['setup']);
    assert.match(output, /✓ engine .*native/);
  } finally {
    project.remove();
  }
});

test('as many kernels as cores, and as the memory of machine and container carries', async (t) => {
  const GB = 1e9;
  assert.equal(sideBySide({ cores: 8, free: 64 * GB, left: Infinity }), 8);
  assert.equal(sideBySide({ cores: 8, free: 64 * GB, left: 6 * GB }), 2);
  assert.equal(sideBySide({ cores: 8, free: 3 * GB, left: 64 * GB }), 1);
  assert.equal(sideBySide({ cores: 8, free: 64 * GB, left: 0 }), 1);
  // And for real, where a group with a limit can be made.
  const group = `/sys/fs/cgroup/bnlab-test-${process.pid}`;
  const limit = path.join(group, 'memory.max');
  try {
    fs.mkdirSync(group);
    if (fs.existsSync(limit)) fs.writeFileSync(limit, String(3 * GB));
  } catch (error) {
    if (fs.existsSync(group)) fs.rmdirSync(group);
    return t.diagnostic(`no group with a limit can be made here: ${(error as Error).message}`);
  }
  try {
    if (!fs.existsSync(limit)) return t.diagnostic('groups have no limit of memory here');
    const program = `
      require('node:fs').writeFileSync(${JSON.stringify(path.join(group, 'cgroup.procs'))}, String(process.pid));
      console.log(require('bnlab/dist/tools/run/machine').sideBySide());`;
    assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: repository }).toString().trim(), '1');
  } finally {
    await until(() => isRemoved(group)); // the kernel lets go of a process a moment after its end
  }
});

function isRemoved(group: string): boolean {
  try {
    fs.rmdirSync(group);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    return false;
  }
  return true;
}

test('a kernel that the system killed says so, and what it means', async () => {
  const root = collection({ '01-killed': notebookOf(['const a = 1;', "process.kill(process.pid, 'SIGKILL');"]) });
  const { code, said } = await start('notebooks.js', 'runNotebooks', ['--root', root]).ended;
  assert.equal(code, 1, said);
  assert.match(said, /cell 2: the kernel died/);
  assert.match(said, /\(SIGKILL\) it was killed from outside.*memory.*(limit here is|this machine has) [\d.]+ GB/);
  fs.rmSync(root, { recursive: true });
  const program = `
import sys
sys.path.insert(0, sys.argv[1])
from run_notebook import ending
print(ending(-6, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"))
print(ending(-6, "terminate called after throwing an instance of 'std::bad_alloc'"))
print(ending(-11, ""))
print(ending(3, ""), ending(None, ""))
`;
  const glue = path.join(repository, 'lib/tools/jupyter');
  const lines = execFileSync(layout.python, ['-B', '-c', program, glue]).toString().trim().split('\n');
  assert.match(lines[0], /JavaScript's own memory .*max-old-space-size/);
  assert.match(lines[1], /\(SIGABRT\) no more memory/);
  assert.match(lines[2], /\(SIGSEGV\) native code crashed; `npm run setup -- --rebuild`/);
  assert.equal(lines[3], "['(exit code 3)'] []");
});
