/** Where the pieces of the WebGPU engine are in Node. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { WebGPUBackendPackage } from '../backend';

/** Where the pieces are. Absolute paths. */
export interface WebgpuPaths {
  /** Dawn, the WebGPU of Chromium, as an addon for Node. */
  dawn: string;
  /** A folder with a Vulkan loader and a driver in software; it may not be there. */
  software: string;
  /** The folder of the remembered verdict. */
  state: string;
}

/** The folder that `npm run setup -- --webgpu` fills. */
function ownFolder(): string | undefined {
  try {
    const core = require.resolve('@tensorflow/tfjs-core/package.json');
    return path.resolve(path.dirname(core), '..', '..', '..', '.bnlab', 'webgpu');
  } catch {
    return undefined; // a bundle: BNLAB_DAWN names the addon
  }
}

/** The addon in the npm package `webgpu`, for this system. */
function dawnIn(modules: string): string {
  const { platform, arch } = process;
  return path.join(modules, 'webgpu', 'dist', `${platform}-${platform === 'darwin' ? 'universal' : arch}`, 'dawn.node');
}

/**
 * @param environment `BNLAB_DAWN` names a dawn.node, which goes before the installed one
 * @returns the paths, or undefined when no addon is there
 */
export function webgpuPaths(environment: NodeJS.ProcessEnv = process.env): WebgpuPaths | undefined {
  const own = ownFolder();
  const named = environment.BNLAB_DAWN;
  const dawn = named ? path.resolve(named) : own && dawnIn(path.join(own, 'node_modules'));
  if (!dawn || !fs.existsSync(dawn)) return undefined;
  const state = own && fs.existsSync(own) ? own : path.dirname(dawn);
  return { dawn, software: path.join(state, 'swiftshader'), state };
}

/**
 * TensorFlow.js's WebGPU backend. Dawn's globals must be there before, because the package looks for them when it is loaded.
 */
export function requireBackend(): WebGPUBackendPackage {
  return require('@tensorflow/tfjs-backend-webgpu') as WebGPUBackendPackage;
}
