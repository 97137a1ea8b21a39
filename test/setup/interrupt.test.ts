/** Set-up stopped at any moment, run twice at once, and over a stale build: it finishes, and it ends its children. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test from 'node:test';
import { look } from 'bnlab/dist/setup/lock-file';
import { self } from 'bnlab/dist/src/platform/node/processes';
import { until } from '../support/until';
import { Project, processesAt, repository } from '../support/project';

const linux = process.platform === 'linux' ? false : 'looks at /proc';
/** Leaves of the library's compiled sources those that set-up itself stands on, so that to compile them takes a moment. */
function shrinkLibrary(project: Project): void {
  for (const folder of ['lib/src', 'lib/tools'])
    for (const name of fs.readdirSync(project.file(folder), { recursive: true, encoding: 'utf8' }))
      if (/\.[tj]s$/.test(name) && !/^(?:core|platform)\W/.test(name)) fs.rmSync(project.file(folder, name));
}

test(
  'killed and interrupted at several moments of a fresh set-up, then run again, it finishes',
  { skip: linux },
  async () => {
    const project = new Project();
    try {
      const log = (name: string) => {
        const file = project.file('.bnlab/log', `${name}.log`);
        return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
      };
      // What set-up is in the middle of when it is stopped.
      const stops: [string, () => boolean, NodeJS.Signals][] = [
        ['the lock', () => true, 'SIGKILL'],
        ['npm', () => /npm.* ci /.test(log('npm')), 'SIGINT'],
        ['the virtual environment', () => fs.existsSync(project.file('.venv/bin')), 'SIGKILL'],
        ['pip', () => /pip install/.test(log('python')), 'SIGTERM'],
        ['npm again', () => fs.existsSync(project.file('.bnlab/tmp')), 'SIGHUP'],
        ['the compiler of the library', () => /tsc/.test(log('library')), 'SIGKILL'],
      ];
      for (const [what, isAt, signal] of stops) {
        const running = project.start(['setup']);
        const holds = () => look(project.file('.bnlab/setup.lock')).holder?.pid === running.child.pid;
        await until(() => (holds() && isAt()) || running.child.exitCode !== null, what);
        running.child.kill(signal);
        const { code, output } = await running.ended;
        if (signal !== 'SIGKILL' && code !== 0) {
          assert.equal(code, 128 + os.constants.signals[signal], output);
          assert.match(output, /Stopped\. The same command goes on from here\./);
          assert.ok(!fs.existsSync(project.file('.bnlab/setup.lock')), 'the lock is given back');
        }
        await until(() => processesAt(project.root).length === 0, `nothing outlives ${signal} at ${what}`);
      }
      const { code, output } = await project.run(['setup']);
      assert.equal(code, 0, output);
      const again = await project.run(['setup']);
      assert.match(again.output, /everything was there/);
      assert.match(
        project.evaluate("require('bnlab').ready().then((card) => console.log(card.engine))"),
        /native|wasm/,
      );
      assert.ok(!fs.existsSync(project.file('.bnlab/tmp')), 'nothing half made is left');
    } finally {
      project.remove();
    }
  },
);

test('two set-ups at once: the second waits and says so; a dead one does not hold the lock', async () => {
  const project = new Project(['node_modules', '.venv', 'engine']);
  shrinkLibrary(project);
  try {
    const first = project.start(['setup']);
    const holder = () => look(project.file('.bnlab/setup.lock')).holder?.pid;
    await until(() => holder() === first.child.pid || first.child.exitCode !== null);
    first.child.kill('SIGSTOP'); // it is at work until the second has seen it
    const second = project.start(['setup']);
    await until(() => second.output.includes('Another command') || second.child.exitCode !== null);
    first.child.kill('SIGCONT');
    const results = await Promise.all([first.ended, second.ended]);
    for (const { code, output } of results) assert.equal(code, 0, output);
    assert.match(results[1].output, /Another command \(`npm run setup`, process \d+\) has been at work here/);
    assert.match(results[0].output, /library .*compiled to lib\/dist/);
    assert.match(results[1].output, /everything was there/);

    // The process that this names ended: it is the one above.
    const dead = { ...self(), pid: first.child.pid!, token: 'x', host: 'x', command: 'x', since: 0, children: [] };
    fs.writeFileSync(project.file('.bnlab/setup.lock'), JSON.stringify(dead));
    const after = await project.run(['setup']);
    assert.equal(after.code, 0, after.output);
    assert.doesNotMatch(after.output, /waiting/);
    // The number of a living process, but of another one.
    fs.writeFileSync(
      project.file('.bnlab/setup.lock'),
      JSON.stringify({ ...dead, pid: process.pid, started: 'long ago' }),
    );
    const reused = await project.run(['setup']);
    assert.equal(reused.code, 0, reused.output);
    assert.doesNotMatch(reused.output, /waiting/);
  } finally {
    project.remove();
  }
});

test('lib/dist: stale, tampered with or broken sources', async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  shrinkLibrary(project);
  try {
    project.write('lib/src/core/extra.ts', 'export const extra = 1;\n');
    project.write('lib/dist/src/core/random.js', 'throw new Error("tampered with");\n');
    const built = await project.run(['setup']);
    assert.equal(built.code, 0, built.output);
    assert.match(built.output, /library .*compiled again/);
    assert.ok(fs.existsSync(project.file('lib/dist/src/core/extra.js')));
    const wanted = fs.readFileSync(path.join(repository, 'lib/dist/src/core/random.js'), 'utf8');
    assert.equal(project.read('lib/dist/src/core/random.js'), wanted);

    project.write('lib/src/core/extra.ts', 'export const extra: string = 1;\n');
    const broken = await project.run(['setup']);
    assert.equal(broken.code, 1);
    assert.match(broken.output, /extra\.ts\(1,\d+\): error TS2322/);
    assert.match(project.read('lib/dist/src/core/extra.js'), /extra = 1/, 'the build from before is still there');

    // What no source makes any more must not be importable.
    fs.rmSync(project.file('lib/src/core/extra.ts'));
    const mended = await project.run(['setup']);
    assert.equal(mended.code, 0, mended.output);
    assert.ok(!fs.existsSync(project.file('lib/dist/src/core/extra.js')));
  } finally {
    project.remove();
  }
});
