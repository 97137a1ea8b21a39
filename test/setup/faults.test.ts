/** Set-up under faults, each provoked for real in a copy of this repository. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import { type AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { after, before } from 'node:test';
import { linkTree, offline, Project, repository } from '../support/project';

const native = (JSON.parse(fs.readFileSync(path.join(repository, '.bnlab/engine.json'), 'utf8')) as { native: boolean })
  .native;
const needsNative = native ? false : 'this machine has no native engine (npm run doctor says why)';
const python = execFileSync(path.join(repository, '.venv/bin/python'), [
  '-c',
  'import sys; print(sys.executable if sys.prefix == sys.base_prefix else sys._base_executable)',
])
  .toString()
  .trim();

/** Whole and set up; tests here leave it so. */
let whole: Project;
before(async () => {
  whole = new Project(['node_modules', '.venv', 'dist', 'engine']);
  fs.mkdirSync(whole.file('notebooks'), { recursive: true });
  const { code, output } = await whole.run(['setup']);
  assert.equal(code, 0, output);
});
after(() => whole.remove());

test('with nothing to do, set-up starts no other program', async () => {
  // What costs time is what is started; how long it takes is the machine's affair.
  const preload = path.join(whole.folder, 'spawned.js');
  fs.writeFileSync(
    preload,
    `const children = require('node:child_process');
     for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork', 'exec']) {
       const real = children[name];
       children[name] = (...given) => { process.stderr.write('STARTED ' + JSON.stringify(given.slice(0, 2)) + '\\n'); return real(...given); };
     }`,
  );
  const { code, output } = await whole.run(['setup'], { node: ['--require', preload] });
  assert.equal(code, 0, output);
  assert.match(output, /everything was there/);
  assert.deepEqual(output.match(/^STARTED .*$/gm) ?? [], []);
});

test('the tslab kernel runs from a path with spaces and non-ASCII letters', () => {
  const program = [
    'from jupyter_client.manager import start_new_kernel',
    // A port that Jupyter has chosen may be another's before the kernel gets there: it ends, and others are chosen.
    'for tries in range(5):',
    '    try:',
    "        manager, client = start_new_kernel(kernel_name='tslab', startup_timeout=3600)",
    '        break',
    '    except RuntimeError:',
    '        if tries == 4: raise',
    'client.execute_interactive(\'import { Random } from "bnlab"; /* ü */\', timeout=3600)',
    // As when a package is installed while the kernel runs: tslab alone would fail at the next cell.
    'import os, time',
    "os.utime('../lib/package.json')",
    'time.sleep(1)',
    "client.execute_interactive('console.log(new Random(1).integer(1) + 42)', timeout=3600)",
    'client.stop_channels(); manager.shutdown_kernel(now=True)',
  ].join('\n');
  const env = { ...process.env, HOME: path.join(whole.folder, 'home') };
  const result = spawnSync(whole.file('.venv/bin/python'), ['-I', '-c', program], {
    cwd: whole.file('notebooks'),
    env,
    encoding: 'utf8',
  });
  assert.match(result.stdout, /42/, result.stderr);
  const spec = JSON.parse(whole.read('.venv/share/jupyter/kernels/tslab/kernel.json')) as {
    argv: string[];
    display_name: string;
  };
  assert.equal(spec.display_name, 'TypeScript');
  assert.equal(spec.argv[0], process.execPath);
  assert.ok(spec.argv.includes(whole.file('node_modules/tslab/bin/tslab')));
});

test('JupyterLab opens for this machine only, with a token, and keeps all its files in .venv', async () => {
  const home = path.join(whole.folder, 'a home');
  fs.mkdirSync(home);
  const running = whole.start(['lab', '--no-browser', '--port=0'], { env: { HOME: home, XDG_DATA_HOME: undefined } });
  let address: RegExpExecArray | null = null;
  while (!address && running.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    address = /http:\/\/(127\.0\.0\.1:\d+)\/lab\?token=(\w+)/.exec(running.output);
  }
  assert.ok(address, running.output);
  const [, host, token] = address;
  assert.equal((await fetch(`http://${host}/api/kernelspecs`)).status, 403);
  const answer = await fetch(`http://${host}/api/kernelspecs?token=${token}`);
  const specs = (await answer.json()) as { kernelspecs: Record<string, { spec: { display_name: string } }> };
  assert.equal(specs.kernelspecs['tslab'].spec.display_name, 'TypeScript');
  running.child.kill('SIGTERM');
  await running.ended;
  // npm's and others' caches aside (an extension of JupyterLab looks for language servers with npm)
  const caches = ['.cache', '.npm'];
  assert.deepEqual(
    fs.readdirSync(home).filter((name) => !caches.includes(name)),
    [],
  );
});

test('a Node that is too old is told which one is wanted; one of the future is not refused', async () => {
  // This Node is made to give another version, before any of our code runs; node-versions.test.ts has real ones.
  const given = (version: string) => {
    const preload = path.join(whole.folder, `node-${version}.js`);
    fs.writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    return { node: ['--require', preload] };
  };
  const old = await whole.run(['setup'], given('18.20.4'));
  assert.equal(old.code, 1);
  assert.match(old.output, /Node 18\.20\.4/);
  assert.match(old.output, /needs Node 20 or later/);
  const doctor = await whole.run(['doctor'], given('18.20.4'));
  assert.equal(doctor.code, 1);
  assert.match(doctor.output, /✗ Node\.js/);
  for (const version of ['20.0.0', '23.1.0', '31.0.0']) {
    const { code, output } = await whole.run(['setup'], given(version));
    assert.equal(code, 0, output);
  }
});

test('npm test says when no test has that name, before it sets anything up', async () => {
  const bare = new Project();
  try {
    const { code, output } = await bare.run(['test', 'no-such-test']);
    assert.equal(code, 1);
    assert.match(output, /'no-such-test'/);
    assert.ok(!fs.existsSync(bare.file('node_modules')));
  } finally {
    bare.remove();
  }
});

test('doctor on a bare clone: says what set-up would do; without Python the main job cannot run', async () => {
  const bare = new Project();
  try {
    const able = await bare.run(['doctor', '--json']);
    assert.equal(able.code, 0, able.output);
    const told = JSON.parse(able.output) as { able: boolean; findings: { name: string; state: string }[] };
    const states = Object.fromEntries(told.findings.map(({ name, state }) => [name, state]));
    assert.equal(told.able, true);
    assert.equal(states['npm packages'], 'later');
    assert.equal(states['.venv'], 'later');
    assert.equal(states['Node.js'], 'ok');

    const empty = bare.binaries({});
    const unable = await bare.run(['doctor'], { env: { PATH: empty, npm_execpath: '' } });
    assert.equal(unable.code, 1);
    assert.match(unable.output, /✗ Python +no Python was found/);
    assert.match(unable.output, /✗ npm /);
    assert.match(unable.output, /! C\+\+ compiler/);
  } finally {
    bare.remove();
  }
});

test('no Python: set-up says what to install', async () => {
  const project = new Project(['node_modules', 'dist']);
  try {
    const { code, output } = await project.run(['setup'], { env: { PATH: project.binaries({}) } });
    assert.equal(code, 1);
    assert.match(output, /no Python was found/);
    assert.match(output, /What to do: .*3\.10/);
    assert.ok(!fs.existsSync(project.file('.venv')));
    const forced = await project.run(['setup'], { env: { BNLAB_PYTHON: '/no/such/python' } });
    assert.equal(forced.code, 1);
    assert.match(forced.output, /BNLAB_PYTHON=\/no\/such\/python/);
  } finally {
    project.remove();
  }
});

test('Python without venv: the package to install is named, and the environment from before works still', async () => {
  const project = new Project(['node_modules', 'dist', '.venv']);
  try {
    // Debian's python3 without python3-venv: it has the module venv, which then fails.
    const wrapper = `#!/bin/sh\nif [ "$1" = -m ] && [ "$2" = venv ]; then echo 'The virtual environment was not created successfully because ensurepip is not available.'; exit 1; fi\nexec '${python}' "$@"\n`;
    const bin = project.binaries({ python3: wrapper });
    project.write('requirements.txt', project.read('requirements.txt').replace(/^plotly==\S+/m, 'plotly==5.0.0'));
    const { code, output } = await project.run(['setup'], {
      env: { PATH: `${bin}:${process.env.PATH}`, BNLAB_PYTHON: path.join(bin, 'python3') },
    });
    assert.equal(code, 1, output);
    assert.match(output, /could not make a virtual environment/);
    assert.match(output, /apt install python3\.\d+-venv|brew install/);
    assert.match(
      execFileSync(project.file('.venv/bin/python'), ['-c', 'import nbclient; print("works")']).toString(),
      /works/,
    );
  } finally {
    project.remove();
  }
});

test('a Python that is too old is named with its version', async () => {
  const project = new Project(['node_modules', 'dist']);
  try {
    const old = `#!/bin/sh\necho '{"executable": "/opt/python3.8", "version": [3, 8, 20], "lacks": []}'\n`;
    const { code, output } = await project.run(['setup'], {
      env: { BNLAB_PYTHON: path.join(project.binaries({ old }), 'old') },
    });
    assert.equal(code, 1);
    assert.match(output, /Python 3\.8\.20 .* is too old: Python 3\.10 or later/);
  } finally {
    project.remove();
  }
});

test('no network: npm and pip fail with a word about the network, and what worked before works still', async () => {
  const project = new Project(['node_modules', 'dist', '.venv']);
  try {
    const lock = project.read('package-lock.json');
    const changed = lock.replace(/("node_modules\/commander": \{\s+"version": ")[^"]+/, '$199.0.0');
    assert.notEqual(changed, lock);
    project.write('package-lock.json', changed);
    project.write('requirements.txt', project.read('requirements.txt').replace(/^plotly==\S+/m, 'plotly==5.0.0'));
    const { code, output } = await project.run(['setup'], { env: offline(project) });
    assert.equal(code, 1, output);
    assert.match(output, /✗ npm packages .*registry could not be reached/);
    assert.match(output, /✗ Python environment .*registry could not be reached/);
    assert.match(output, /What to do: Check the network/);
    assert.ok(fs.existsSync(project.file('node_modules/typescript/bin/tsc')));
    assert.match(
      execFileSync(project.file('.venv/bin/python'), ['-c', 'import nbclient; print("works")']).toString(),
      /works/,
    );
    assert.deepEqual(
      fs.readdirSync(project.file('.bnlab')).filter((name) => /lock|stale/.test(name)),
      [],
    );
  } finally {
    project.remove();
  }
});

test('no compiler and no network for TensorFlow: set-up says so, goes on, and the library computes with wasm', async () => {
  const project = new Project(['node_modules', 'dist', '.venv']);
  try {
    fs.rmSync(project.file('node_modules/@tensorflow/tfjs-node-gpu/lib'), { recursive: true, force: true });
    const cut = offline(project);
    const tools = project.binaries({ python3: python });
    const without = await project.run(['setup'], { env: { ...cut, PATH: tools } });
    assert.equal(without.code, 0, without.output);
    assert.match(without.output, /engine .*not native: no C\+\+ compiler was found/);
    const program = "require('bnlab').ready().then((card) => console.log(card.engine))";
    assert.equal(project.evaluate(program).split('\n').at(-1), 'wasm');
    const doctor = await project.run(['doctor'], { env: { ...cut, PATH: tools } });
    assert.equal(doctor.code, 0, doctor.output);
    assert.match(doctor.output, /! engine +wasm/);
    assert.match(doctor.output, /-> .*g\+\+/);

    const again = await project.run(['setup'], { env: cut });
    assert.equal(again.code, 0, again.output);
    if (spawnSync('g++', ['--version']).status === 0)
      assert.match(again.output, /tensorflow-cpu .*could not be downloaded/);

    const forced = project.evaluate(
      "require('bnlab').ready().catch((error) => console.log(error.name, error.message))",
      { BNLAB_ENGINE: 'native' },
    );
    assert.match(forced, /EngineError/);
    assert.match(forced, /npm run setup/);

    if (native) {
      // A compiler, or the addon of another clone, turns up: the next start takes it without being asked.
      const cache = path.join(project.folder, 'cache');
      for (const [name, place] of Object.entries(cachedAddons(project, cache))) {
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.copyFileSync(path.join(repository, addonFolder, `${name}.node`), place);
      }
      linkTree(path.join(repository, '.bnlab/tensorflow'), path.join(cache, 'tensorflow'));
      const later = await project.run(['setup'], { env: { ...cut, PATH: tools, BNLAB_CACHE: cache } });
      assert.equal(later.code, 0, later.output);
      assert.match(later.output, /native TensorFlow .*addon from the cache/);
      assert.equal(project.evaluate(program).split('\n').at(-1), 'native');
    }
  } finally {
    project.remove();
  }
});

const addonFolder = 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8';

/** Each addon's place in a cache, by its name. */
function cachedAddons(project: Project, cache: string): Record<string, string> {
  const program = `const { addons, cachedAddon } = require('./lib/setup/addons');
    console.log(JSON.stringify(Object.fromEntries(addons.map((addon) => [addon.name, cachedAddon(addon)]))))`;
  return JSON.parse(project.evaluate(program, { BNLAB_CACHE: cache })) as Record<string, string>;
}

test(
  'an addon in the cache that does not load is not trusted, and not left in place',
  { skip: needsNative },
  async () => {
    const project = new Project(['node_modules', 'dist', '.venv', 'engine']);
    try {
      fs.rmSync(project.file('node_modules/@tensorflow/tfjs-node-gpu/lib'), { recursive: true });
      const cache = path.join(project.folder, 'cache');
      for (const place of Object.values(cachedAddons(project, cache))) {
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.writeFileSync(place, 'not a library');
      }
      const tools = project.binaries({ python3: python });
      const { code, output } = await project.run(['setup'], { env: { PATH: tools, BNLAB_CACHE: cache } });
      assert.equal(code, 0, output);
      assert.match(output, /engine .*not native/);
      assert.ok(!fs.existsSync(project.file(`${addonFolder}/tfjs_binding.node`)));
      assert.ok(!fs.existsSync(project.file(`${addonFolder}/bnlab_stderr.node`)));
    } finally {
      project.remove();
    }
  },
);

test(
  'an addon that cannot be built, or does not load, takes no other down: its row says why, and the next set-up tries again',
  { skip: needsNative },
  () => {
    const project = new Project(['node_modules', 'dist', '.venv', 'engine']);
    try {
      fs.writeFileSync(project.file('broken.c'), 'this is no C');
      fs.writeFileSync(project.file('empty.c'), 'int nothing = 0;');
      fs.writeFileSync(project.file('whole.c'), '#include <node_api.h>\nNAPI_MODULE_INIT() { return exports; }');
      const rows = `const { addons } = require('./lib/setup/addons');
        const { current, prepareAddon } = require('./lib/setup/engine');
        const like = addons.find(({ name }) => name === 'bnlab_stderr');
        for (const name of ['broken', 'empty', 'whole']) addons.push({ ...like, name, sources: [process.cwd() + '/' + name + '.c'] });
        const prepare = (explicit) => prepareAddon({ variant: 'cpu', explicit, note() {} });`;
      const first = project.evaluate(`${rows} prepare(false).then(({ outcome, text }) => console.log(outcome, text))`);
      assert.match(first, /^done native TensorFlow .*\(without broken: .* could not build the addon broken\)/);
      assert.match(
        first,
        /\(without empty: empty\.node was built, but does not load: Error: Module did not self-register/,
      );
      assert.ok(fs.existsSync(project.file(`${addonFolder}/whole.node`)));
      assert.ok(fs.existsSync(project.file(`${addonFolder}/tfjs_binding.node`)));
      assert.ok(!fs.existsSync(project.file(`${addonFolder}/empty.node`)));
      const said = (program: string) => project.evaluate(`${rows} ${program}`);
      assert.match(said('prepare(false).then(({ outcome }) => console.log(outcome))'), /^kept$/);
      fs.writeFileSync(project.file('broken.c'), fs.readFileSync(project.file('whole.c')));
      assert.match(
        said('prepare(false).then(({ text }) => console.log(text))'),
        /^(?!.*without broken).*without empty/,
      );
      assert.match(
        said("prepare(true).then(() => console.log(Object.keys(current('cpu').lacking).join()))"),
        /^empty$/,
      );
    } finally {
      project.remove();
    }
  },
);

test('a wheel that is cut off, or that has another checksum, is refused', { skip: needsNative }, async () => {
  const file = 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl';
  const body = Buffer.alloc(100_000, 'x');
  let whole = true;
  const server = http.createServer((request, response) => {
    if (!request.url?.endsWith(file)) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html><a href="/${file}">${file}</a>`);
    } else if (whole) {
      response.writeHead(200, { 'content-length': body.length }).end(body);
    } else {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 40_000), () => response.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const project = new Project(['node_modules', 'dist', '.venv']);
  try {
    fs.rmSync(project.file('node_modules/@tensorflow/tfjs-node-gpu/lib'), { recursive: true, force: true });
    const env: NodeJS.ProcessEnv = {
      ...offline(project),
      PIP_INDEX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    };
    const wrong = await project.run(['setup'], { env });
    assert.equal(wrong.code, 0, wrong.output);
    assert.match(wrong.output, /TensorFlow library .*checksum/);
    whole = false;
    const cut = await project.run(['setup'], { env });
    assert.equal(cut.code, 0, cut.output);
    assert.match(cut.output, /! TensorFlow library .*(connection broke|checksum)/);
    assert.deepEqual(fs.readdirSync(path.join(env.BNLAB_CACHE ?? '', 'tmp')), []);
    assert.ok(!fs.existsSync(project.file('.bnlab/tensorflow')));
  } finally {
    server.close();
    project.remove();
  }
});

test('a read-only cache: the project keeps the wheel itself, and says so', { skip: needsNative }, async (t) => {
  const project = new Project(['node_modules', 'dist', '.venv']);
  const cache = path.join(project.folder, 'read-only cache');
  fs.mkdirSync(cache);
  const mounted = process.getuid?.() === 0;
  try {
    if (mounted) {
      // Root passes permission bits; a read-only file system stops root, too.
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', cache]).status !== 0)
        return t.skip('mounting is not permitted here');
    } else fs.chmodSync(cache, 0o555);
    const doctor = await project.run(['doctor'], { env: { BNLAB_CACHE: cache } });
    assert.match(doctor.output, /! cache .*cannot be used/);
    const { code, output } = await project.run(['setup'], { env: { BNLAB_CACHE: cache } });
    assert.equal(code, 0, output);
    if (/registry could not be reached/.test(output)) return t.skip('no network to fetch the wheel from');
    assert.match(output, /TensorFlow library .*the cache cannot be used/);
    assert.match(output, /engine .*native TensorFlow/);
    assert.ok(fs.existsSync(project.file('.bnlab/tensorflow')));
  } finally {
    if (mounted) spawnSync('umount', [cache]);
    project.remove();
  }
});

test('a full disk: said before anything is touched where it can be seen, and clearly where it cannot', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('making a small disk takes root');
  const disk = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab kleine Platte – '));
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]).status === 0;
  if (!mount('size=200m')) {
    fs.rmdirSync(disk);
    return t.skip('mounting is not permitted here');
  }
  try {
    const small = await new Project([], disk).run(['setup']);
    assert.equal(small.code, 1);
    assert.match(small.output, /npm packages need \d+ MB, and the disk .* has \d+ MB left/);
    assert.match(small.output, /What to do: Free some space/);
    spawnSync('umount', [disk]);
    // Room for bytes, not for files: this disk is full in the middle of npm's work.
    assert.ok(mount('size=3g,nr_inodes=1500'));
    const project = new Project([], disk);
    const full = await project.run(['setup']);
    assert.equal(full.code, 1);
    assert.match(full.output, /is full/);
    assert.match(full.output, /What to do: Free some space/);
    assert.ok(!fs.existsSync(project.file('node_modules')));
    assert.ok(!fs.existsSync(project.file('.bnlab/setup.lock')));
  } finally {
    spawnSync('umount', [disk]);
    fs.rmSync(disk, { recursive: true, force: true });
  }
});

test('a moved project: the environment and the kernel are known to be stale', async () => {
  const project = new Project(['node_modules', 'dist', '.venv']);
  try {
    const moved = path.join(project.folder, 'anderswo');
    fs.renameSync(project.root, moved);
    const result = spawnSync(process.execPath, [path.join(moved, 'lib/setup/main.js'), 'doctor', '--json'], {
      encoding: 'utf8',
    });
    const { findings } = JSON.parse(result.stdout) as { findings: { name: string; state: string }[] };
    assert.equal(findings.find(({ name }) => name === '.venv')?.state, 'later');
    assert.equal(findings.find(({ name }) => name === 'tslab kernel')?.state, 'later');
  } finally {
    project.remove();
  }
});

test('wrong arguments are named', async () => {
  const setup = await whole.run(['setup', '--cuda']);
  assert.equal(setup.code, 2);
  assert.match(setup.output, /--cuda/);
  const doctor = await whole.run(['doctor', 'engine']);
  assert.equal(doctor.code, 2);
});
