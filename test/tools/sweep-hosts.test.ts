/**
 * A sweep on two hosts, with a wire between them that is cut without a word to either: two network namespaces, where the system lets a user make
 * them (`BNLAB_TEST_HOSTS=1`; about a minute, most of it the silence after which an end takes the other one for gone).
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { loadSweep } from 'bnlab';
import { spawnGuarded } from 'bnlab/dist/setup/guarded';
import { given } from '../support/home';
import { sweeping, working } from '../support/sweeps';
import { until } from '../support/until';
import { findServer } from '../support/valkey';

/** Two hosts; what runs on one is started by `nsenter`. */
class Hosts {
  near: string[] = [];
  far: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: Interface,
  ) {}

  static async start(t: TestContext): Promise<Hosts> {
    const child = spawn('unshare', ['-rn', 'bash', path.join(__dirname, '..', 'support', 'hosts.sh')]);
    t.after(() => child.stdin.end());
    const hosts = new Hosts(child, createInterface({ input: child.stdout }));
    const [near, far] = (await hosts.line()).split(' ');
    const enter = (pid: string) => ['nsenter', '--preserve-credentials', '-U', '-n', '-t', pid];
    [hosts.near, hosts.far] = [enter(near), enter(far)];
    return hosts;
  }

  async wire(wish: 'cut' | 'mend'): Promise<void> {
    this.child.stdin!.write(`${wish}\n`);
    await this.line();
  }

  private line(): Promise<string> {
    return new Promise((resolve) => this.lines.once('line', resolve));
  }
}

test('a host that is cut off loses its run to another one, comes back, and nothing counts twice', async (t) => {
  if (given.BNLAB_TEST_HOSTS !== '1') return t.skip('BNLAB_TEST_HOSTS=1 asks for it');
  const found = findServer();
  if ('why' in found) return t.skip(found.why);
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-hosts-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true, maxRetries: 5 }));
  const marks = path.join(out, 'marks');
  fs.mkdirSync(marks);
  const begun = () => fs.readdirSync(marks).filter((name) => name.startsWith('begun')).length;
  const hosts = await Hosts.start(t);
  const { near, far } = hosts;
  const [enter, ...rest] = near;
  const settings = ['--port', '7000', '--bind', '10.77.0.1', '--protected-mode', 'no', '--dir', out, '--save', ''];
  const server = spawnGuarded(enter, [...rest, found.program, ...settings], { stdio: 'ignore' });
  t.after(() => server.kill('SIGKILL'));
  const url = 'redis://10.77.0.1:7000';
  const env = { BNLAB_TEST_MARKS: marks };
  const afar = working(t, url, { name: 'patient', env, within: far });
  const sweep = sweeping(t, 'patient', out, url, { within: near });
  await until(() => begun() === 1);
  await hosts.wire('cut');
  const here = working(t, url, { name: 'patient', env, within: near });
  await until(() => begun() === 2); // the run is given to the other host, or that one has begun the next
  fs.writeFileSync(path.join(marks, 'go'), '');
  await afar.says(/The queue does not answer/);
  assert.equal(await sweep.end(), 0, sweep.text);
  await hosts.wire('mend');
  await afar.says(/The queue answers again/);
  const results = await loadSweep<{ n: number }>(path.join(out, 'patient'));
  assert.deepEqual(results.map(({ answer }) => answer.n).sort(), [1, 2]);
  for (const worker of [afar, here]) {
    worker.kill('SIGTERM');
    assert.equal(await worker.end(), 143, worker.text);
  }
});
