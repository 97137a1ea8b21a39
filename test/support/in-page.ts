/** Test files in a browser: bundled as they are, with the library for browsers in the place of Node's, and run in the page. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type * as bnlab from 'bnlab/dist/src/browser';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { home } from './sample';

/** How a test ended. */
export interface EndedTest {
  name: string;
  /** What it says of its failure. */
  failure?: string;
}

const library = path.join(home, 'lib', 'src', 'browser.ts');
const asserts = path.join(home, 'node_modules', 'assert', 'build', 'assert.js');

/** `node:test`, as far as files of tests without subtests need it. */
const SHIM = `
const tests = [], befores = [];
export default function test(name, ...rest) { tests.push({ name, body: rest.at(-1) }); }
const before = (body) => void befores.push(body);
Object.assign(test, { test, before });
export { test, before };
globalThis.runTests = async () => {
  for (const body of befores) await body();
  const ended = [];
  for (const { name, body } of tests) {
    try {
      await body();
      ended.push({ name });
    } catch (error) {
      ended.push({ name, failure: String(error?.stack ?? error) });
    }
  }
  return ended;
};`;

/** What stands for what; of Node's own modules nothing: a test that calls one fails. */
const inPage: Plugin = {
  name: 'in-page',
  setup({ onResolve, onLoad }) {
    const contents: Record<string, string> = {
      test: SHIM,
      assert: `module.exports = require(${JSON.stringify(asserts)}).strict;`,
      absent: 'module.exports = {};',
    };
    const as = (name: string) => () => ({ path: name, namespace: 'in-page' });
    onResolve({ filter: /^node:test$/ }, as('test'));
    onResolve({ filter: /^node:assert\/strict$/ }, as('assert'));
    onResolve({ filter: /^bnlab(?:\/internal)?$/ }, () => ({ path: library }));
    onResolve({ filter: /^(?:node:.*|fs|path|crypto|buffer)$/ }, as('absent'));
    onLoad({ filter: /.*/, namespace: 'in-page' }, ({ path: name }) => ({
      contents: contents[name],
      resolveDir: home,
    }));
  },
};

async function bundled(lines: readonly string[]): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: home,
    stdin: {
      contents: `import * as bnlab from 'bnlab'; globalThis.bnlab = bnlab;\n${lines.join('\n')}`,
      resolveDir: path.join(home, 'test'),
    },
    ...{ bundle: true, platform: 'browser', format: 'iife', write: false, logLevel: 'silent', plugins: [inPage] },
    define: { __dirname: '""', global: 'globalThis' },
  });
  return outputFiles[0].text;
}

/** Flags with which Chromium offers its GPU in software. */
export const SOFTWARE_GPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** What a call in a page takes. */
export interface InPage {
  /** a module below `test/` */
  module: string;
  /** a function that it exports; what it gives is plain data */
  call: string;
  /** what trains; `webgpu` is Chromium's GPU in software */
  engine: 'wasm' | 'webgpu';
}

/** Calls a function of a module in a browser with the network off. */
export async function callInPage<T>({ module, call, engine }: InPage): Promise<T> {
  const script = await bundled([`import { ${call} } from './${module}'; globalThis.called = ${call};`]);
  return inBrowser(script, engine, 'called');
}

/** Runs test files, given by their path below `test/`, in a browser with the network off, on WebAssembly. */
export async function runInPage(files: readonly string[]): Promise<EndedTest[]> {
  const script = await bundled(files.map((file) => `import './${file}';`));
  return inBrowser(script, 'wasm', 'runTests');
}

async function inBrowser<T>(script: string, engine: InPage['engine'], name: string): Promise<T> {
  const wasm = fs.readFileSync(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
  const browser = await launchBrowser(engine === 'webgpu' ? SOFTWARE_GPU : []);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-page-'));
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.context().setOffline(true);
    // A page from disk: WebGPU is kept from about:blank.
    fs.writeFileSync(path.join(folder, 'page.html'), '<!doctype html><meta charset="utf-8"><title>tests</title>');
    await page.goto(pathToFileURL(path.join(folder, 'page.html')).href);
    // What the package of assertions looks at.
    await page.addScriptTag({ content: 'globalThis.process = { env: {} };' });
    await page.addScriptTag({ content: script });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return (await page.evaluate(
      async ([base64, on, what]) => {
        const here = globalThis as unknown as { bnlab: typeof bnlab } & Record<string, () => Promise<unknown>>;
        const { useWasm, useWebgpu, setPlatform, browserPlatform } = here.bnlab;
        setPlatform(browserPlatform({ environment: { BNLAB_ENGINE: on } }));
        (on === 'webgpu' ? useWebgpu : useWasm)(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
        return here[what]();
      },
      [wasm.toString('base64'), engine, name],
    )) as T;
  } finally {
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
