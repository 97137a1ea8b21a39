/**
 * What a page or a worker imports in a browser: `import { tf, mlp } from 'bnlab/dist/src/browser'`; a bundler that asks
 * for package.json's `browser` field takes it for `bnlab`.
 *
 * It is the library without what only Node has: the native engine, and data in files and from mirrors (`readDataset`,
 * `obtainFiles` ...). `loadDataset` draws digits, unless the page gives a source with `setDatasetSource`. What else a page
 * may say of itself (environment, displays, the commit it was built from) it says once:
 * `setPlatform(browserPlatform({ display }))`. Plain JavaScript computes, unless the page brings WebAssembly with `useWasm`, or
 * has the reader's GPU train with `useWebgpu`.
 */
import { js } from './engine/engines/js';
import { registerEngines } from './engine/engines/registry';
import { wasmFromBytes } from './engine/engines/wasm/browser';
import { webgpuBeside } from './engine/engines/webgpu/browser/webgpu';
import { browserPlatform } from './platform/browser';
import { setPlatform } from './platform/port';

export { type BrowserOptions, browserPlatform } from './platform/browser';
export { type Display, type Environment, type Platform, platform, PlatformError, setPlatform } from './platform/port';
export { setDatasetSource } from './data/source';
export * from './rooms';

setPlatform(browserPlatform());

/**
 * Makes WebAssembly the engine that `ready()` prefers.
 *
 * @param bytes of `tfjs-backend-wasm-simd.wasm` of the package `@tensorflow/tfjs-backend-wasm`
 */
export function useWasm(bytes: ArrayBuffer): void {
  registerEngines([wasmFromBytes(bytes), js]);
}

/**
 * Makes the reader's GPU the engine that `ready()` prefers, where the browser offers one by WebGPU: what `compile` runs, and so every
 * training, is played there; everything else computes on WebAssembly, as it does where there is no GPU.
 *
 * @param bytes as {@link useWasm} takes them
 */
export function useWebgpu(bytes: ArrayBuffer): void {
  const wasm = wasmFromBytes(bytes);
  registerEngines([webgpuBeside(wasm), wasm, js]);
}
