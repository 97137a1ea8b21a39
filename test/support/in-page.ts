/** Test files in a browser: bundled as they are, with the library for browsers in the place of Node's, and run in the page. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { build, type Plugin } from 'esbuild';
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

async function bundled(files: readonly string[]): Promise<string> {
  const lines = files.map((file) => `import './${file}';`);
  const { outputFiles } = await build({
    absWorkingDir: home,
    stdin: {
      contents: `import { useWasm } from 'bnlab'; globalThis.useWasm = useWasm;\n${lines.join('\n')}`,
      resolveDir: path.join(home, 'test'),
    },
    ...{ bundle: true, platform: 'browser', format: 'iife', write: false, logLevel: 'silent', plugins: [inPage] },
    define: { __dirname: '""', global: 'globalThis' },
  });
  return outputFiles[0].text;
}

/** Runs test files, given by their path below `test/`, in a browser with the network off, on WebAssembly. */
export async function runInPage(files: readonly string[]): Promise<EndedTest[]> {
  const script = await bundled(files);
  const wasm = fs.readFileSync(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.context().setOffline(true);
    await page.setContent('<!doctype html><title>tests</title>');
    // What the package of assertions looks at.
    await page.addScriptTag({ content: 'globalThis.process = { env: {} };' });
    await page.addScriptTag({ content: script });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return await page.evaluate(async (base64) => {
      const here = globalThis as unknown as { useWasm(bytes: ArrayBuffer): void; runTests(): Promise<EndedTest[]> };
      here.useWasm(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
      return here.runTests();
    }, wasm.toString('base64'));
  } finally {
    await browser.close();
  }
}
