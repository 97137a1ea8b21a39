/**
 * Runs TensorFlow.js core's own test suite on the engine of `BNLAB_ENGINE`, in the process that `conformance` starts for
 * it, and sends what happens there, spec by spec.
 *
 * The suite comes inside the npm package @tensorflow/tfjs-core, as ES modules that Node cannot load as they lie (no
 * "type": "module", imports without extensions), so each file is turned into CommonJS while it loads. It finds the
 * backend that the library registered because TensorFlow.js keeps backends and kernels in one global registry, whichever
 * copy of its code asks.
 */
import * as fs from 'node:fs';
import Module from 'node:module';
import * as path from 'node:path';
import * as ts from 'typescript';
import { ready, tf } from '../src/engine';
import '../src/engine/engines/node';
import '../src/platform/node/set';

/** What this process sends to its parent. */
export type SpecMessage =
  | { kind: 'started'; specs: number; tensorflow: string | null }
  | { kind: 'begin'; spec: string }
  | { kind: 'done'; spec: string; status: string; messages: string[] }
  | { kind: 'end' };

/** As much of jasmine as is used here (its types declare globals that a library should not bring along). */
interface Runner {
  exitOnCompletion: boolean;
  env: { configure(options: { specFilter(spec: { getFullName(): string }): boolean }): void };
  loadConfig(options: { spec_dir: string; spec_files: string[]; random: boolean }): void;
  clearReporters(): void;
  addReporter(reporter: {
    jasmineStarted(suite: { totalSpecsDefined: number }): void;
    specStarted(spec: { fullName: string }): void;
    specDone(spec: { fullName: string; status: string; failedExpectations: { message: string }[] }): void;
  }): void;
  execute(): Promise<unknown>;
}

const core = path.join(path.dirname(require.resolve('@tensorflow/tfjs-core/package.json')), 'dist');

/** Makes `require` turn the ES modules of tfjs-core/dist into CommonJS. */
function transpileCore(): void {
  type Load = (module: NodeJS.Module & { _compile(code: string, file: string): void }, file: string) => void;
  const extensions = (Module as unknown as { _extensions: Record<string, Load> })._extensions;
  const plain = extensions['.js'];
  const compilerOptions: ts.CompilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  extensions['.js'] = (module, file) => {
    const bundle = path.dirname(file) === core && path.basename(file).startsWith('tf-core.');
    if (!file.startsWith(core + path.sep) || bundle) return plain(module, file);
    const source = fs.readFileSync(file, 'utf8');
    const map = source.lastIndexOf('//# sourceMappingURL='); // half of every file, of no use here, slow to parse
    const code = ts.transpileModule(map < 0 ? source : source.slice(0, map), { compilerOptions }).outputText;
    module._compile(code, file);
  };
}

async function main(): Promise<void> {
  const send = (message: SpecMessage) => process.send?.(message);
  const card = await ready();
  transpileCore();
  require(path.join(core, 'public/chained_ops/register_all_chained_ops'));
  require(path.join(core, 'register_all_gradients'));
  const { setTestEnvs } = require(path.join(core, 'jasmine_util')) as {
    setTestEnvs(environments: { name: string; backendName: string; flags: object; isDataSync: boolean }[]): void;
  };
  setTestEnvs([{ name: card.engine, backendName: tf.getBackend(), flags: {}, isDataSync: true }]);

  const Jasmine = require('jasmine') as new (options: { projectBaseDir: string }) => Runner;
  const runner = new Jasmine({ projectBaseDir: __dirname });
  runner.exitOnCompletion = false;
  runner.loadConfig({ spec_dir: '.', spec_files: [], random: false });
  require(path.join(core, 'tests'));
  const filter = process.env.BNLAB_CONFORMANCE_FILTER;
  if (filter) runner.env.configure({ specFilter: (spec) => spec.getFullName().includes(filter) });
  runner.clearReporters();
  runner.addReporter({
    jasmineStarted: ({ totalSpecsDefined }) => {
      send({ kind: 'started', specs: totalSpecsDefined, tensorflow: card.tensorflow });
    },
    specStarted: ({ fullName }) => {
      send({ kind: 'begin', spec: fullName });
    },
    specDone: ({ fullName, status, failedExpectations }) => {
      send({ kind: 'done', spec: fullName, status, messages: failedExpectations.map(({ message }) => message) });
    },
  });
  await runner.execute();
  process.send?.({ kind: 'end' } satisfies SpecMessage, () => process.exit(0));
}

// As TensorFlow.js's own runner does: a rejection that no spec awaits is a defect.
process.on('unhandledRejection', (error) => {
  throw error;
});
void main();
