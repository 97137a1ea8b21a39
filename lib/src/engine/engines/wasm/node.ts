import * as path from 'node:path';
import { wasmEngine } from './wasm';

/** WebAssembly in Node: its modules lie in the installed package. */
export const wasm = wasmEngine({
  locate: () => {
    const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(prefix: string): void };
    const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
    setWasmPaths(path.join(folder, 'dist') + path.sep);
  },
  start: withoutItsListeners,
});

/**
 * Emscripten's start-up code adds listeners that rethrow every unhandled rejection of the whole program, which is not for a library to
 * decide (and ends a notebook's kernel): off they go.
 */
async function withoutItsListeners<T>(work: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const result = await work();
  events.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i].has(listener) && /emscripten|ExitStatus|throw/.test(String(listener))) {
        process.removeListener(event, listener as (...args: unknown[]) => void);
      }
    }
  });
  return result;
}
