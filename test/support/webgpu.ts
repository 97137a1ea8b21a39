/** What a test of the WebGPU engine needs, and what is said where it is not there. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { webgpuPaths } from 'bnlab/dist/src/engine/engines/webgpu/node/paths';
import { runScript } from './engines';

const paths = webgpuPaths();

/** Why Dawn cannot be tested here, as a test's `skip`; false where it can. Its null backend needs nothing else. */
export const noDawn: string | false = paths ? false : 'no Dawn here: `npm run setup -- --webgpu` installs it';

/** Why the engine cannot compute here in software, as a test's `skip`; false where it can. */
export const noSoftwareGpu: string | false =
  noDawn ||
  (fs.existsSync(path.join(paths!.software, 'vk_swiftshader_icd.json'))
    ? false
    : 'no SwiftShader here: the packaged Chromium has one for Linux on x64');

/**
 * Runs the body of an async function of `tf` and `compile` in a process of its own, on Dawn's null backend, which takes commands, checks
 * them and computes nothing; what it returns comes back through JSON.
 */
export async function onNullBackend<T>(body: string): Promise<T> {
  const { stdout } = await runScript(
    `require('ts-node/register/transpile-only');
     const { compile, ready, tf } = require('bnlab');
     const folder = 'bnlab/dist/src/engine/engines/';
     const { loadWebgpu } = require(folder + 'webgpu/node/load');
     const { webgpuPaths } = require(folder + 'webgpu/node/paths');
     const { webgpu } = require(folder + 'webgpu/node/webgpu');
     const { mendKernels } = require(folder + 'webgpu/kernels');
     const { registerEngines } = require(folder + 'registry');
     void (async () => {
       await ready();
       await loadWebgpu(webgpuPaths(), { software: true, options: ['backend=null'] });
       mendKernels();
       require(folder + 'webgpu/trouble').expectNothingFound = () => undefined; // what is read there is nothing
       registerEngines([webgpu]);
       const returned = await (async () => { ${body} })();
       console.log('\\n' + JSON.stringify(returned));
     })();`,
    { BNLAB_ENGINE: 'js' },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}
