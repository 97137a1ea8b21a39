/** What TensorFlow's libraries take of memory: loading them and compiling a step leave none of what only they have read. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { nativePaths } from 'bnlab/dist/src/engine/engines/native/paths';

const paths = nativePaths();
const skip = !paths || !fs.existsSync(paths.first) ? 'set-up has not built what gives the pages back' : false;

interface Said {
  /** MiB of TensorFlow's libraries that were resident, stage by stage */
  resident: Record<string, number>;
  /** the most MiB that the process had resident */
  peak: number;
}

/** A process that notes what is resident of the libraries. */
async function inProcess(program: string): Promise<Said> {
  const text = `
    const fs = require('node:fs');
    const resident = {};
    const note = (stage) => {
      let [sum, counts] = [0, false];
      for (const line of fs.readFileSync('/proc/self/smaps', 'utf8').split('\\n')) {
        if (/^[0-9a-f]+-/.test(line)) counts = /libtensorflow/.test(line);
        else if (counts && line.startsWith('Rss:')) sum += Number(/\\d+/.exec(line)[0]) / 1024;
      }
      resident[stage] = sum;
    };
    const said = () => console.log(JSON.stringify({ resident, peak: process.resourceUsage().maxRSS / 1024 }));
    ${program}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', text], {
    cwd: path.join(__dirname, '..', '..'),
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Said;
}

test("a process keeps little of TensorFlow's libraries", { skip }, async () => {
  const plain = await inProcess(`
    process.env.TF_CPP_MIN_LOG_LEVEL = '2';
    process.dlopen({ exports: {} }, ${JSON.stringify(paths!.addon)});
    note('loaded');
    said();`);
  const ours = await inProcess(`
    const { compile, ready, tf } = require('bnlab');
    (async () => {
      await ready();
      note('loaded');
      const w = tf.variable(tf.ones([3, 2]));
      const step = compile(({ x }) => {
        w.assign(w.sub(tf.matMul(x, tf.matMul(x, w), true)));
        return { sum: tf.sum(w) };
      });
      await step.run({ data: { x: tf.ones([4, 3]) }, batches: Int32Array.of(0, 1), batchSize: 2 });
      note('compiled');
      said();
    })();`);
  assert.ok(ours.resident.loaded < plain.resident.loaded / 4, JSON.stringify({ ours, plain }));
  assert.ok(ours.resident.compiled < plain.resident.loaded / 4, JSON.stringify({ ours, plain }));
});

test("what binding TensorFlow's symbols has read is given back before its initializers run", { skip }, async () => {
  const load = (files: string[]) => `
    process.env.TF_CPP_MIN_LOG_LEVEL = '2';
    for (const file of ${JSON.stringify(files)}) process.dlopen({ exports: {} }, file);
    said();`;
  const [plain, ours] = [await inProcess(load([paths!.addon])), await inProcess(load([paths!.first, paths!.addon]))];
  assert.ok(ours.peak < plain.peak - 32, JSON.stringify({ ours, plain }));
});
