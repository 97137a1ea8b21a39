import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { DataError, loadDataset, type DownloadOptions } from 'bnlab';
import { obtainFiles } from 'bnlab/internal';
import { until } from '../support/until';
import { FILES, LARGE, type Mirror, NAMES, startMirror, temporaryFolder, writeManifest } from './fixture';

/** A cache, a manifest with these mirrors, and the environment that names them. */
function place(mirrors: string[], cache = temporaryFolder()) {
  const environment: NodeJS.ProcessEnv = {
    XDG_CACHE_HOME: cache,
    BNLAB_MANIFEST: writeManifest(temporaryFolder(), mirrors),
  };
  return { environment, cache, folder: join(cache, 'bnlab', 'data', 'mnist') };
}

async function withMirror(act: (mirror: Mirror) => Promise<void>): Promise<void> {
  const mirror = await startMirror();
  try {
    await act(mirror);
  } finally {
    await mirror.close();
  }
}

/** The cache holds the four files, all of them right, and nothing else. */
function assertCached(folder: string): void {
  assert.deepEqual(fs.readdirSync(folder).sort(), [...NAMES].sort());
  for (const name of NAMES) assert.deepEqual(fs.readFileSync(join(folder, name)), FILES[name]);
}

async function failure(promise: Promise<unknown>): Promise<DataError> {
  const error: unknown = await promise.then(
    () => assert.fail('should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DataError, String(error));
  return error;
}

const ranges = ({ asked }: Mirror) => asked.filter(({ path }) => path.endsWith(LARGE)).map(({ range }) => range);

test('a good mirror: fetched once, then from the cache', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('good')]);
    const seen: number[] = [];
    const onProgress: DownloadOptions['onProgress'] = ({ file, received, total, host }) => {
      assert.match(host, /^127\.0\.0\.1:/);
      assert.equal(total, FILES[file].length);
      if (file === LARGE) seen.push(received);
    };
    const first = await obtainFiles('mnist', { environment, onProgress });
    assert.equal(first.from, 'network');
    assert.equal(first.problem, undefined);
    assertCached(folder);
    assert.equal(seen.at(-1), FILES[LARGE].length);
    assert.ok(seen.every((received, i) => i === 0 || received >= seen[i - 1]));
    assert.equal(mirror.asked.length, 4);
    const again = await obtainFiles('mnist', { environment });
    assert.equal(again.from, 'cache');
    assert.equal(mirror.asked.length, 4);
    assert.deepEqual(Buffer.from(again.files.trainImages), FILES[LARGE]);
  }));

for (const behaviour of ['slow', 'moved', 'cut-off', 'no-ranges']) {
  test(`a mirror that is ${behaviour} gives the file all the same`, () =>
    withMirror(async (mirror) => {
      const { environment, folder } = place([mirror.url(behaviour)]);
      await obtainFiles('mnist', { environment });
      assertCached(folder);
    }));
}

test('after a cut the rest is asked for, not the whole', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('cut-off')]);
    await obtainFiles('mnist', { environment });
    assertCached(folder);
    const [first, ...others] = ranges(mirror);
    assert.equal(first, undefined);
    assert.ok(others.length >= 2);
    const starts = others.map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
    assert.ok(starts.every((start, i) => start > (i ? starts[i - 1] : 0)));
  }));

// What each bad mirror is reported as; the good one behind it gives the file.
const BAD: [behaviour: string, code: string, words: RegExp][] = [
  ['truncated', 'network', /ended after \d+ bytes/],
  ['too-long', 'network', /sent more bytes than the file has/],
  ['wrong-bytes', 'checksum', /sent \d+ bytes with sha256 [0-9a-f]{64} \(wanted: \d+ bytes with sha256 [0-9a-f]{64}\)/],
  ['portal', 'network', /offered 17 bytes of text\/html/],
  ['not-found', 'network', /HTTP status 404/],
  ['broken', 'network', /HTTP status 503/],
  ['stalled', 'network', /sent nothing for 1 s after \d+ bytes/],
  ['silent', 'network', /did not answer within 2 s/],
  ['cut-off-no-ranges', 'network', /connection closed before the end/],
];

for (const [behaviour, code, words] of BAD) {
  test(`a mirror with fault ${behaviour}: the second mirror is taken; alone it is an error that says what to do`, () =>
    withMirror(async (mirror) => {
      // Only the fault itself is waited out; whatever else the machine is slow at is not one.
      const patience = {
        answerMs: behaviour === 'silent' ? 2000 : 600_000,
        stallMs: behaviour === 'stalled' ? 1000 : 600_000,
      };
      const both = place([mirror.url(behaviour), mirror.url('good')]);
      await obtainFiles('mnist', { environment: both.environment, ...patience });
      assertCached(both.folder);

      const alone = place([mirror.url(behaviour)]);
      const error = await failure(obtainFiles('mnist', { environment: alone.environment, ...patience }));
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.match(error.message, /small MNIST could not be fetched.*127\.0\.0\.1.*npm run data -- mnist.*BNLAB_DATA/s);
      const left = fs.existsSync(alone.folder) ? fs.readdirSync(alone.folder) : [];
      assert.ok(!left.includes(LARGE), 'nothing wrong under the final name');
    }));
}

test('a mirror that answers with another range than asked is started anew', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('wrong-range')]);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(join(folder, `${LARGE}.part`), FILES[LARGE].subarray(0, 5000));
    await obtainFiles('mnist', { environment });
    assertCached(folder);
    assert.deepEqual(ranges(mirror), ['bytes=5000-', undefined]);
  }));

test('what an interrupted process left is continued, whole or not; what it left wrong is replaced', () =>
  withMirror(async (mirror) => {
    const half = FILES[LARGE].subarray(0, 50_000);
    const wrong = Buffer.from(half);
    wrong[100] ^= 1;
    const cases: [left: Buffer, asked: (string | undefined)[]][] = [
      [half, ['bytes=50000-']],
      [FILES[LARGE], []],
      [wrong, ['bytes=50000-', undefined]],
      [Buffer.concat([FILES[LARGE], half]), [undefined]],
    ];
    for (const [left, asked] of cases) {
      const { environment, folder } = place([mirror.url('good')]);
      mirror.asked.length = 0;
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(join(folder, `${LARGE}.part`), left);
      await obtainFiles('mnist', { environment });
      assertCached(folder);
      assert.deepEqual(ranges(mirror), asked);
    }
  }));

test('a damaged file in the cache is fetched anew', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('good')]);
    await obtainFiles('mnist', { environment });
    fs.truncateSync(join(folder, LARGE), 1000);
    const again = await obtainFiles('mnist', { environment });
    assert.equal(again.from, 'network');
    assert.equal(mirror.asked.length, 5, 'only the damaged one');
    assertCached(folder);
  }));

test('an unreachable mirror is asked once, not for each file', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('silent'), mirror.url('good')]);
    await obtainFiles('mnist', { environment, answerMs: 2000 });
    assertCached(folder);
    assert.equal(mirror.asked.filter(({ path }) => path.startsWith('/silent/')).length, 1);
  }));

test('no network: named at once, and generated digits take the place of MNIST under auto only', async () => {
  const mirror = await startMirror();
  const gone = mirror.url('good');
  await mirror.close();
  const { environment } = place([gone, 'http://no-such-host.invalid/']);
  // Who waited for an answer would wait for an hour.
  const options = { environment, digits: { train: 20, test: 10 }, answerMs: 3_600_000 };
  const data = await loadDataset('auto', options);
  assert.equal(data.title, 'generated digits');
  assert.match(data.note!, /generated digits, because small MNIST could not be fetched.*connection refused/s);
  const error = await failure(loadDataset('mnist', options));
  assert.equal(error.code, 'network');

  // Another process need not wait for the same mirrors; one that asks for MNIST by name insists.
  const later = { ...environment, BNLAB_DATA: '' };
  assert.match(
    (await loadDataset('auto', { ...options, environment: later })).note!,
    /not be reached some minutes ago/,
  );
  assert.match((await failure(loadDataset('mnist', { ...options, environment: later }))).message, /connection refused/);

  const offline = await loadDataset('auto', { ...options, environment: { ...environment, BNLAB_OFFLINE: '1' } });
  assert.match(offline.note!, /BNLAB_OFFLINE is set/);
});

test('a proxy is used for what the mirrors are, except hosts in NO_PROXY', () =>
  withMirror(async (mirror) => {
    const tunnels: string[] = [];
    const target = (mirror.server.address() as AddressInfo).port;
    const proxy = createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', (head) => {
        tunnels.push(/^CONNECT (\S+) /.exec(head.toString())?.[1] ?? head.toString());
        const onward = connect(target, '127.0.0.1', () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          client.pipe(onward).pipe(client);
        });
        onward.on('error', () => client.destroy());
        client.on('close', () => onward.destroy());
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    try {
      // A name that only the proxy can reach.
      const { environment, folder } = place(['http://mirror.invalid/good/']);
      await obtainFiles('mnist', { environment: { ...environment, HTTP_PROXY: `http://127.0.0.1:${port}` } });
      assertCached(folder);
      assert.ok(tunnels.length >= 1 && tunnels.every((tunnel) => tunnel === 'mirror.invalid:80'), tunnels.join());

      tunnels.length = 0;
      const near = place([mirror.url('good')]);
      const excepted = { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1' };
      await obtainFiles('mnist', { environment: { ...near.environment, ...excepted } });
      assert.equal(tunnels.length, 0);
    } finally {
      proxy.close();
    }
  }));

test('a signal stops the download, keeps what came, and the next one continues', () =>
  withMirror(async (mirror) => {
    const slow = place([mirror.url('slow')]);
    const stop = new AbortController();
    const onProgress: DownloadOptions['onProgress'] = ({ received }) => received > 20_000 && stop.abort();
    const error = await failure(
      obtainFiles('mnist', { environment: slow.environment, onProgress, signal: stop.signal }),
    );
    assert.equal(error.code, 'stopped');
    assert.match(error.message, /Run again to continue/);
    assert.deepEqual(fs.readdirSync(slow.folder), [`${LARGE}.part`]);
    const kept = fs.statSync(join(slow.folder, `${LARGE}.part`)).size;
    assert.ok(kept > 20_000);
    mirror.asked.length = 0;
    const good = place([mirror.url('good')], slow.cache);
    await obtainFiles('mnist', { environment: good.environment });
    assertCached(slow.folder);
    assert.deepEqual(ranges(mirror), [`bytes=${kept}-`]);
  }));

// ---- the command, in processes of its own ----

const COMMAND =
  "require('bnlab/dist/tools/data').data(process.argv.slice(1)).then((code) => { process.exitCode = code; })";

function start(environment: NodeJS.ProcessEnv, ...names: string[]) {
  const child = spawn(process.execPath, ['-e', COMMAND, ...names], {
    env: { ...process.env, BNLAB_DATA: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const noted: (() => void)[] = [];
  const note = (text: Buffer) => {
    output += String(text);
    noted.forEach((wake) => wake());
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const ended = new Promise<{ code: number | null; signal: string | null; output: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, output })),
  );
  const says = (words: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => words.test(output) && resolve();
      noted.push(look);
      look();
      void ended.then(() => reject(new Error(`ended without saying ${words}: ${output}`)));
    });
  return { child, ended, says };
}

/** Bytes in the partial file of the running process. */
function partialSize(folder: string): number {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.part')) : [];
  // One that is whole gets its name meanwhile.
  return Math.max(0, ...names.map((name) => fs.statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0));
}

test('the command fetches, says where, and says so again', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('good')]);
    const first = await start(environment, 'mnist').ended;
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, new RegExp(`fetching ${LARGE}`));
    assert.ok(first.output.includes(`small MNIST: fetched, checksums right, in ${folder}`), first.output);
    const second = await start(environment, 'mnist').ended;
    assert.equal(second.code, 0);
    assert.match(second.output, /^ {2}✓ data .* small MNIST: in the cache, checksums right, in /);
  }));

test('the command: exit codes for auto, for a set asked for, and for a wrong name', async () => {
  const { environment } = place(['http://127.0.0.1:9/']);
  const auto = await start(environment).ended;
  assert.equal(auto.code, 0, auto.output);
  assert.match(auto.output, /! data .* generated digits\. small MNIST could not be fetched/);
  const asked = await start(environment, 'mnist', 'fashion').ended;
  assert.equal(asked.code, 1);
  assert.match(asked.output, /small MNIST could not be fetched.*small Fashion could not be fetched/s);
  const wrong = await start(environment, 'cifar').ended;
  assert.equal(wrong.code, 2);
  assert.match(wrong.output, /cifar.*mnist, fashion, digits, auto/s);
});

test('Ctrl-C and kill -9 in the middle of a file: the next run continues', () =>
  withMirror(async (mirror) => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGKILL', null],
    ] as const) {
      const { environment, folder, cache } = place([mirror.url('slow')]);
      const run = start(environment, 'mnist');
      await run.says(/fetching/);
      await until(() => partialSize(folder) > 10_000);
      run.child.kill(signal);
      const { code: got, output } = await run.ended;
      assert.equal(got, code, output);
      if (signal === 'SIGINT') assert.match(output, /stopped\. Run again to continue/);
      const kept = partialSize(folder);
      assert.ok(kept > 10_000);
      mirror.asked.length = 0;
      await obtainFiles('mnist', { environment: place([mirror.url('good')], cache).environment });
      assert.deepEqual(ranges(mirror), [`bytes=${kept}-`]);
      assertCached(folder);
    }
  }));

test('two processes at once: both succeed, and nothing is left over', () =>
  withMirror(async (mirror) => {
    const { environment, folder } = place([mirror.url('together')]);
    const runs = await Promise.all([start(environment, 'mnist').ended, start(environment, 'mnist').ended]);
    for (const { code, output } of runs) assert.equal(code, 0, output);
    assert.equal(ranges(mirror).length, 2);
    assertCached(folder);
  }));

test('a file where the cache should be: the data is used from memory, and the command fails', () =>
  withMirror(async (mirror) => {
    const { environment, cache } = place([mirror.url('good')]);
    fs.writeFileSync(join(cache, 'bnlab'), 'in the way');
    const data = await loadDataset('mnist', { environment });
    assert.equal(data.train.n, 600);
    assert.match(data.note!, /could not be kept in .*bnlab.*XDG_CACHE_HOME/s);
    const command = await start(environment, 'mnist').ended;
    assert.equal(command.code, 1);
    assert.match(command.output, /could not be kept in .*bnlab.*XDG_CACHE_HOME/s);
  }));

test('a read-only cache: the data is used from memory, with a word about it', async (t) => {
  if (process.platform === 'win32') return t.skip('permissions are not these on Windows');
  await withMirror(async (mirror) => {
    const { environment, cache } = place([mirror.url('good')]);
    // The superuser may write anywhere, so the test steps down while it loads.
    const superuser = process.geteuid!() === 0;
    fs.chmodSync(cache, 0o555);
    if (superuser) process.seteuid!(65534);
    try {
      const data = await loadDataset('mnist', { environment: { ...environment } });
      assert.equal(data.train.n, 600);
      assert.match(data.note!, /could not be kept in .*\(no permission to write\).*XDG_CACHE_HOME/s);
    } finally {
      if (superuser) process.seteuid!(0);
      fs.chmodSync(cache, 0o755);
    }
  });
});

test('a full disk: the data is used from memory, the command says what to do, and the disk is as before', async (t) => {
  const mounting = 'mount -t tmpfs -o size=64k tmpfs "$0"';
  const folder = temporaryFolder();
  const can = spawnSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', mounting, folder]);
  if (can.status !== 0) return t.skip('needs to mount a small file system of its own, which is not permitted here');
  await withMirror(async (mirror) => {
    const manifest = writeManifest(temporaryFolder(), [mirror.url('good')]);
    const inside = `${mounting} && export XDG_CACHE_HOME="$0" && "$1" -e "$2" mnist; echo "code $?"; find "$0" -name '${LARGE}*'`;
    const child = spawn(
      'unshare',
      ['--map-root-user', '--mount', 'sh', '-c', inside, folder, process.execPath, COMMAND],
      {
        env: { ...process.env, BNLAB_DATA: '', BNLAB_MANIFEST: manifest },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    await new Promise((resolve) => child.on('close', resolve));
    assert.match(output, /could not be kept in .*\(the disk is full\).*Make room.*code 1\n$/s);
  });
});
