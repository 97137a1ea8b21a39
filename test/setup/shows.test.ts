/** What only shows (progress lines, the live line, doctor) may not end the work, whatever it looks at or writes to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { after } from 'node:test';
import { filesInSight } from 'bnlab/dist/setup/files';
import { progress } from 'bnlab/dist/setup/node-packages';
import { run } from 'bnlab/dist/setup/run';
import { Steps } from 'bnlab/dist/setup/steps';
import { Project, repository } from '../support/project';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab zeigt '));
after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Makes, renames and removes scope folders below `place`, as npm does, until `work` is done. */
async function whileFoldersComeAndGo(place: string, work: () => void): Promise<void> {
  const program = `
    const fs = require('node:fs'), place = process.argv[1];
    for (;;) {
      for (const name of ['@a', '@b', '@c']) {
        fs.mkdirSync(place + '/' + name + '/one/deep', { recursive: true });
        fs.writeFileSync(place + '/' + name + '/one/deep/file', 'x');
      }
      fs.renameSync(place + '/@a', place + '/.a');
      for (const name of ['.a', '@b', '@c']) fs.rmSync(place + '/' + name, { recursive: true, force: true });
    }`;
  const child = spawn(process.execPath, ['-e', program, place], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    work();
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Calls `look` until it has given another answer than before 200 times: the folders came and went under it. */
function untilItChanged(look: () => unknown): void {
  let before: unknown;
  for (let changes = 0; changes < 200;) {
    const now = look();
    if (now !== before) changes++;
    before = now;
  }
}

test('the count of installed packages bears folders that come and go', async () => {
  const stage = path.join(folder, 'stage');
  fs.mkdirSync(path.join(stage, 'node_modules'), { recursive: true });
  await whileFoldersComeAndGo(path.join(stage, 'node_modules'), () =>
    untilItChanged(() => {
      const said = progress(stage, 10);
      assert.match(said ?? '', /^\d of 10$/);
      return said;
    }),
  );
  fs.rmSync(path.join(stage, 'node_modules'), { recursive: true });
  assert.equal(progress(stage, 10), undefined);
  // A scope that is listed and cannot be read, at rest.
  fs.mkdirSync(path.join(stage, 'node_modules', 'package'), { recursive: true });
  fs.symlinkSync('nowhere', path.join(stage, 'node_modules', '@gone'));
  assert.equal(progress(stage, 10), '1 of 10');
});

test("the sizes of what is being downloaded, and of the cache, bear others' work in the same folder", async () => {
  const place = path.join(folder, 'cache');
  fs.mkdirSync(path.join(place, 'stays'), { recursive: true });
  fs.writeFileSync(path.join(place, 'stays', 'file'), 'abc');
  await whileFoldersComeAndGo(place, () =>
    untilItChanged(() => {
      const sizes = [...filesInSight(place)].map(({ size }) => size);
      assert.ok(sizes.includes(3));
      return sizes.length;
    }),
  );
  assert.deepEqual([...filesInSight(path.join(folder, 'nowhere'))], []);
});

test('a progress line that throws does not end the program that it tells of', async () => {
  const seen = path.join(folder, 'seen');
  const waits = `const t = setInterval(() => require('node:fs').existsSync(${JSON.stringify(seen)}) && clearInterval(t), 20)`;
  const notes: string[] = [];
  const { code } = await run(process.execPath, ['-e', waits], {
    step: 'shows',
    progress: () => {
      fs.writeFileSync(seen, '');
      throw new Error('what is looked at has gone');
    },
    note: (text) => notes.push(text),
  });
  assert.equal(code, 0);
  assert.deepEqual([...new Set(notes)], ['']);
});

test('a step ends with its own result where nothing can be shown', async () => {
  const broken = {
    isTTY: true,
    columns: 80,
    write: () => {
      throw new Error('the terminal is gone');
    },
  } as unknown as NodeJS.WriteStream;
  const steps = new Steps(broken);
  // Longer than the live line's pace, so that its timer draws.
  await steps.run('a step', async (note) => {
    note('works');
    await new Promise((resolve) => setTimeout(resolve, 250));
    return { outcome: 'done', text: 'done' };
  });
  assert.equal(steps.worked, 1);
  await assert.rejects(
    steps.run('another', async () => {
      throw new Error('its own reason');
    }),
    /its own reason/,
  );
});

test('a reader that goes away (`npm run doctor | head -1`) ends neither set-up nor a command', async () => {
  const bare = new Project();
  const calls = [
    { cwd: bare.root, argv: [bare.file('lib/setup/main.js'), 'doctor'] },
    { cwd: repository, argv: [path.join(repository, 'lib/dist/tools/main.js'), 'claims'] },
  ];
  try {
    for (const { cwd, argv } of calls) {
      const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.destroy();
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      const code = await new Promise((resolve) => child.once('close', resolve));
      assert.equal(said, '');
      assert.equal(code, 0);
    }
  } finally {
    bare.remove();
  }
});

test('doctor: what cannot be looked at is a line of the answer', async () => {
  const project = new Project();
  try {
    // A folder that is gone between two looks, or damaged, whichever of them: here the library's sources.
    fs.rmSync(project.file('lib/tsconfig.json'));
    const { code, output } = await project.run(['doctor']);
    assert.match(output, /! library +could not be looked at: .*ENOENT/);
    assert.match(output, /cache/);
    assert.equal(code, 0, output);
  } finally {
    project.remove();
  }
});

test('without a terminal a step that goes on is named again', async () => {
  let said = '';
  const stream = { write: (text: string) => ((said += text), true) } as unknown as NodeJS.WriteStream;
  await new Steps(stream, 5).run('library', async (note) => {
    note('compiling');
    while (said.split('\n').length < 3) await new Promise((resolve) => setImmediate(resolve));
    return { outcome: 'done', text: 'made' };
  });
  const lines = said.trimEnd().split('\n');
  for (const line of lines.slice(0, -1)) assert.match(line, /^ {2}… library [\d.]+ s \(compiling\)$/);
  assert.match(lines.at(-1)!, /✓ library/);
});
