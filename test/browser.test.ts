/** The library in a real browser: it bundles without alias or stub, trains, and says what a browser has not. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { loadDataset } from 'bnlab';
import type * as Library from 'bnlab/dist/src/browser';
import { nodePlatform } from 'bnlab/dist/src/platform/node';
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
