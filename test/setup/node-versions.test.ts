/**
 * The versions of Node that people have: what of this project stands on Node itself, tried under each in a copy of the repository.
 * Every test under one of them: `npm test -- --node=26`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { SetupError } from 'bnlab/dist/setup/errors';
import { majorOf, obtainNode, versions } from 'bnlab/dist/setup/other-nodes';
import { parseNotebook } from 'bnlab/dist/tools/notebook';
import { Project, repository } from '../support/project';
import { notebookOf } from '../support/sample';

const native = (JSON.parse(fs.readFileSync(path.join(repository, '.bnlab/engine.json'), 'utf8')) as { native: boolean })
  .native;
const wanted = native ? 'native' : 'wasm';

/** The program, or why it cannot be had here. */
async function programOf(major: string): Promise<{ program: string } | { why: string }> {
  const known = majorOf(major);
  assert.ok(known);
  try {
    return { program: await obtainNode(known) };
  } catch (error) {
    if (error instanceof SetupError) return { why: `Node ${major} is not to be had here: ${error.message}` };
    throw error;
  }
}

for (const major of Object.keys(versions).filter((name) => name !== process.versions.node.split('.')[0])) {
  test(`Node ${major}: set-up, doctor, addon, kernel and a notebook`, async (t) => {
    const had = await programOf(major);
    if ('why' in had) return t.skip(had.why);
    const { program } = had;
    const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1);
    assert.equal(version.split('.')[0], major);
    const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
    try {
      const setup = await project.run(['setup'], { program });
      assert.equal(setup.code, 0, setup.output);
      assert.match(setup.output, /tslab kernel .*registered/);
      // Under another Node the addon is loaded and asked to compute anew, in a process of its own.
      if (native) assert.match(setup.output, /engine .*native TensorFlow/);

      const doctor = await project.run(['doctor', '--json'], { program });
      assert.equal(doctor.code, 0, doctor.output);
      const { able, findings } = JSON.parse(doctor.output) as {
        able: boolean;
        findings: { name: string; state: string; found: string; more?: { card: { engine: string; node: string } } }[];
      };
      assert.ok(able);
      const found = (name: string) => findings.find((finding) => finding.name === name);
      assert.match(found('Node.js')!.found, new RegExp(`^${version} `));
      assert.equal(found('tslab kernel')!.state, 'ok');
      assert.equal(found('engine')!.more?.card.engine, wanted, found('engine')!.found);
      assert.equal(found('engine')!.more?.card.node, version);

      const folder = path.join(project.folder, 'own');
      fs.mkdirSync(path.join(folder, 'notebooks'), { recursive: true });
      fs.symlinkSync(project.file('node_modules'), path.join(folder, 'node_modules'));
      const cells = [
        "import { compile, ready, tf } from 'bnlab';\nconst card = await ready();\ncard.engine + ' ' + process.versions.node",
        [
          'const w = tf.variable(tf.tensor1d([1, 1]));',
          'const step = compile(({ x }) => ({ loss: tf.sum(tf.mul(x, w)) }), { xla: false });',
          'const run = { data: { x: tf.tensor2d([[1, 2], [3, 4]]) }, batches: Int32Array.of(0, 1), batchSize: 1 };',
          'const { outputs } = await step.run(run);',
          "'losses ' + outputs.loss.dataSync().join(' and ')",
        ].join('\n'),
      ];
      fs.writeFileSync(path.join(folder, 'notebooks', '01-smoke.ipynb'), notebookOf(cells));
      const ran = await project.run(['notebooks', '--root', folder], { program });
      assert.equal(ran.code, 0, ran.output);
      const executed = parseNotebook(
        fs.readFileSync(path.join(folder, 'notebooks', '01-smoke.ipynb'), 'utf8'),
        'smoke',
      );
      const outputs = executed.cells.flatMap((cell) => cell.outputs ?? []);
      const text = JSON.stringify(outputs);
      assert.match(text, new RegExp(`${wanted} ${version.replaceAll('.', '\\.')}`));
      assert.match(text, /losses 3 and 7/);
      assert.ok(!/"stderr"/.test(text), text);
    } finally {
      project.remove();
    }
  });
}
