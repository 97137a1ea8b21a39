/** The library in a real browser: it bundles without alias or stub, trains, and says what a browser has not. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { loadDataset } from 'bnlab';
import type * as Library from 'bnlab/dist/src/browser';
import { nodePlatform } from 'bnlab/dist/src/platform/node';
import { onEngine } from './support/engines';
import { type LibraryPage, openLibrary } from './support/page';

/* Functions given to `page.evaluate` run in the page, where the bundle made this global. */
declare const bnlab: typeof Library;

let opened: LibraryPage;
before(async () => {
  opened = await openLibrary();
});
after(() => opened.close());

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const digits = { train: 600, test: 200, seed: 1 };

test('an MLP with BN trains on generated digits, the same digits as in Node', async () => {
  const seen = await opened.page.evaluate(async (size) => {
    bnlab.setPlatform(
      bnlab.browserPlatform({ environment: { BNLAB_ENGINE: 'js', BNLAB_PROFILE: 'full' }, commit: 'abc' }),
    );
    const card = await bnlab.ready();
    const data = await bnlab.loadDataset('auto', { digits: size });
    const network = bnlab.mlp({ sizes: [784, 30, 10], activation: 'sigmoid', norm: 'batch', seed: 1 });
    const run = { network, data, steps: 40, batchSize: 60, learningRate: 0.5, seed: 1 };
    const history = await bnlab.trainNetwork({ ...run, evaluate: { every: 40 } });
    const { checksum, from, note } = data;
    return { engine: card.engine, backend: bnlab.tf.getBackend(), history, checksum, from, note };
  }, digits);
  assert.deepEqual([seen.engine, seen.backend], ['js', 'cpu']);
  const { stepsDone, losses, provenance, evaluations } = seen.history;
  assert.equal(stepsDone, 40);
  const values = losses.values.map(Number);
  assert.ok(values.every(Number.isFinite), `losses ${values.join(', ')}`);
  const quarters = [0, 1, 2, 3].map((i) => mean(values.slice((i * values.length) / 4, ((i + 1) * values.length) / 4)));
  assert.ok(values.length >= 4 && quarters.every((one, i) => i === 0 || one < quarters[i - 1]), quarters.join(' > '));
  assert.ok(evaluations.at(-1)!.test.accuracy! > 0.5, JSON.stringify(evaluations.at(-1)));
  assert.deepEqual([provenance.commit, provenance.profile], ['abc', 'full']);
  assert.equal(seen.from, 'generator');
  assert.match(
    seen.note!,
    /^These are generated digits, because mnist: no source of real pictures is set here\. Take 'digits'/,
  );
  assert.equal(seen.checksum, (await loadDataset('digits', { digits })).checksum);
});

test('digests and gzip are those of Node, damage included', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251);
  const whole = gzipSync(bytes);
  const wrongSum = Uint8Array.from(whole);
  wrongSum[whole.length - 6] ^= 1;
  const files = { whole, twice: Buffer.concat([whole, whole]), cut: whole.subarray(0, -9), wrongSum };
  const given = Object.entries(files).map(([name, file]) => [name, [...file]] as const);
  const found = await opened.page.evaluate((all) => {
    const { sha256, gunzip } = bnlab.browserPlatform();
    return {
      sums: [
        sha256(),
        sha256('π and 😀'),
        sha256('a', new Float32Array([1, 2.5]), new Uint8Array([1, 2, 3]).subarray(1)),
      ],
      held: all.map(([name, file]) => {
        try {
          return [name, sha256(gunzip(Uint8Array.from(file)))];
        } catch (error) {
          return [name, error instanceof Error];
        }
      }),
    };
  }, given);
  const { sha256 } = nodePlatform;
  const parts = ['a', new Float32Array([1, 2.5]), new Uint8Array([1, 2, 3]).subarray(1)];
  assert.deepEqual(found.sums, [sha256(), sha256('π and 😀'), sha256(...parts)]);
  const [one, two] = [sha256(bytes), sha256(bytes, bytes)];
  assert.deepEqual(found.held, [['whole', one], ['twice', two], ['cut', true], ['wrongSum', true]]); // prettier-ignore
});

test('what a browser has not is said, with what to do', async () => {
  const said = await opened.page.evaluate(async () => {
    const words = async (act: () => unknown): Promise<string> => {
      try {
        await act();
        return 'no error';
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    };
    const host = bnlab.browserPlatform();
    const history = { kind: 'history' } as never;
    return Promise.all([
      words(() => bnlab.loadDataset('mnist')),
      words(() => bnlab.saveHistory('run.json', history)),
      words(() => bnlab.loadHistory('run.json')),
      words(() => host.cacheFolder()),
    ]);
  });
  const [mnist, save, load, cache] = said;
  assert.match(
    mnist,
    /^DataError: mnist: no source of real pictures is set here\. Take 'digits', .* setDatasetSource\.$/,
  );
  assert.match(save, /^StoreError: run\.json: cannot be written \(A browser has no files, .* as a download\.\)/);
  assert.match(load, /^StoreError: run\.json: cannot be read \(A browser has no files, .*Fetch it/);
  assert.match(cache, /^PlatformError: A browser has no folder of its own/);
});

test('the page gets the displays, and messages pass while the library lets go', async () => {
  const seen = await opened.page.evaluate(async () => {
    const shown: string[] = [];
    const host = bnlab.browserPlatform({ display: ({ bundle }) => void shown.push(bundle['text/plain']) });
    bnlab.setPlatform(host);
    bnlab.say('Half of the units are silent.');
    let timers = 0;
    const timer = setInterval(() => void timers++, 0);
    const began = host.milliseconds();
    let turns = 0;
    for (; timers < 3; turns++) await host.yieldToEvents();
    clearInterval(timer);
    return {
      shown,
      forward: host.milliseconds() - began,
      turns,
      version: host.version,
      threads: host.processor().threads,
    };
  });
  assert.deepEqual(seen.shown, ['Half of the units are silent.']);
  assert.ok(seen.forward > 0 && seen.turns > 0);
  assert.match(seen.version, /^(Headless)?Chrome\/\d+/);
  assert.ok(seen.threads >= 1);
  assert.deepEqual(opened.problems, []);
});

/** The paper's network with and without BN, 200 steps on generated digits: what must be the same wherever the wasm engine runs. */
const SAME = `
  const data = await lib.loadDataset('digits', { digits: { train: 2000, test: 500, seed: 1 } });
  const sizes = [784, 100, 100, 100, 10];
  const found = [];
  for (const norm of ['none', 'batch']) {
    const network = lib.mlp({ sizes, activation: 'sigmoid', norm, seed: 1 });
    const weights = Object.values(network.stateDict()).map(({ values }) => Float32Array.from(values));
    const history = await lib.trainNetwork({
      network, data, steps: 200, batchSize: 60, learningRate: 1, seed: 1, pixels: 'binary', evaluate: { every: 100 },
    });
    const { provenance, losses, evaluations } = history;
    found.push({
      weights: given.sha256(...weights), batches: provenance.batches, data: provenance.data.digest,
      losses: losses.values, ends: evaluations.map(({ test }) => test.loss), engine: provenance.engine.engine,
    });
    network.dispose();
  }
  return found;`;

test('the same batches and initial weights as in Node, bit for bit, and the same losses over 200 steps, on WebAssembly', async () => {
  interface Found {
    weights: string;
    batches: string;
    data: string;
    losses: number[];
    ends: number[];
    engine: string;
  }
  const inNode = await onEngine<Found[]>(
    'wasm',
    `const lib = require('bnlab'); given = require('bnlab/dist/src/platform/node').nodePlatform; ${SAME}`,
  );
  const module = require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  const page = await openLibrary();
  try {
    const inPage = (await page.page.evaluate(
      async ([base64, body]) => {
        bnlab.useWasm(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
        await bnlab.ready();
        const run = new Function('lib', 'given', `return (async () => { ${body} })();`);
        return (await run(bnlab, bnlab.platform())) as unknown;
      },
      [fs.readFileSync(module).toString('base64'), SAME],
    )) as Found[];
    assert.deepEqual(inPage.map(({ engine }) => engine), ['wasm', 'wasm']); // prettier-ignore
    inPage.forEach((there, i) => {
      const here = inNode[i];
      for (const name of ['weights', 'batches', 'data'] as const) assert.equal(there[name], here[name], name);
      for (const name of ['losses', 'ends'] as const)
        there[name].forEach((loss, k) => assert.ok(Math.abs(loss / here[name][k] - 1) < 1e-5, `${name} ${k}: ${loss}, ${here[name][k]}`)); // prettier-ignore
      assert.ok(there.losses.at(-1)! < there.losses[0]);
    });
    assert.deepEqual(page.problems, []);
  } finally {
    await page.close();
  }
});
