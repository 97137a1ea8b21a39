/** Set-up stopped at any moment, run twice at once, and over a stale build: it finishes, and it ends its children. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test from 'node:test';
import { Project, processesAt, repository } from './setup-project';

const linux = process.platform === 'linux' ? false : 'looks at /proc';
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test(
  'killed and interrupted at several moments of a fresh set-up, then run again, it finishes',
  { skip: linux },
  async () => {
    const project = new Project();
    try {
      // Moments spread over the steps of a fresh set-up; where exactly each falls depends on the machine, as in life.
      const stops: [number, NodeJS.Signals][] = [
        [150, 'SIGKILL'],
        [1500, 'SIGINT'],
        [4000, 'SIGKILL'],
        [7000, 'SIGTERM'],
        [11_000, 'SIGKILL'],
      ];
      for (const [moment, signal] of stops) {
        const running = project.start(['setup']);
        await Promise.race([sleep(moment), running.ended]);
        running.child.kill(signal);
        const { code, output } = await running.ended;
        if (signal !== 'SIGKILL' && code !== 0) {
          assert.equal(code, signal === 'SIGINT' ? 130 : 143, output);
          assert.match(output, /Nothing is lost/);
          assert.ok(!fs.existsSync(project.file('.bnlab/setup.lock')), 'the lock is given back');
        }
        await sleep(1000);
        assert.deepEqual(processesAt(project.root), [], `children that outlive ${signal} at ${moment} ms`);
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
  try {
    const first = project.start(['setup']);
    while (!fs.existsSync(project.file('.bnlab/setup.lock')) && first.child.exitCode === null) await sleep(20);
    const second = project.start(['setup']);
    const results = await Promise.all([first.ended, second.ended]);
    for (const { code, output } of results) assert.equal(code, 0, output);
    assert.match(results[1].output, /Another set-up \(`npm run setup`, process \d+\) has been at work here/);
    assert.match(results[0].output, /library .*compiled to lib\/dist/);
    assert.match(results[1].output, /everything was there/);

    // The process that this names ended long ago: it is the one above.
    const dead = { pid: first.child.pid, started: '1', host: os.hostname(), command: 'x', since: 0, children: [] };
    fs.writeFileSync(project.file('.bnlab/setup.lock'), JSON.stringify(dead));
    const after = await project.run(['setup']);
    assert.equal(after.code, 0, after.output);
    assert.ok(after.seconds < 5);
    // The number of a living process, but of another one.
    fs.writeFileSync(project.file('.bnlab/setup.lock'), JSON.stringify({ ...dead, pid: process.pid }));
    if (!linux) assert.equal((await project.run(['setup'])).code, 0);
  } finally {
    project.remove();
  }
});

test('lib/dist: stale, tampered with or broken sources', async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  try {
    project.write('lib/src/engine/extra.ts', 'export const extra = 1;\n');
    project.write('lib/dist/engine/random.js', 'throw new Error("tampered with");\n');
    const built = await project.run(['setup']);
    assert.equal(built.code, 0, built.output);
    assert.match(built.output, /library .*compiled again/);
    assert.ok(fs.existsSync(project.file('lib/dist/engine/extra.js')));
    const wanted = fs.readFileSync(path.join(repository, 'lib/dist/engine/random.js'), 'utf8');
    assert.equal(project.read('lib/dist/engine/random.js'), wanted);

    project.write('lib/src/engine/extra.ts', 'export const extra: string = 1;\n');
    const broken = await project.run(['setup']);
    assert.equal(broken.code, 1);
    assert.match(broken.output, /extra\.ts\(1,\d+\): error TS2322/);
    assert.match(project.read('lib/dist/engine/extra.js'), /extra = 1/, 'the build from before is still there');

    // What no source makes any more must not be importable.
    fs.rmSync(project.file('lib/src/engine/extra.ts'));
    const mended = await project.run(['setup']);
    assert.equal(mended.code, 0, mended.output);
    assert.ok(!fs.existsSync(project.file('lib/dist/engine/extra.js')));
  } finally {
    project.remove();
  }
});
