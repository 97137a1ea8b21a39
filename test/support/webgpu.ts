/** What a test of the WebGPU engine needs, and what is said where it is not there. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { webgpuPaths } from 'bnlab/dist/src/engine/engines/webgpu/node/paths';

const paths = webgpuPaths();

/** Why Dawn cannot be tested here, as a test's `skip`; false where it can. Its null backend needs nothing else. */
export const noDawn: string | false = paths ? false : 'no Dawn here: `npm run setup -- --webgpu` installs it';

/** Why the engine cannot compute here in software, as a test's `skip`; false where it can. */
export const noSoftwareGpu: string | false =
  noDawn ||
  (fs.existsSync(path.join(paths!.software, 'vk_swiftshader_icd.json'))
    ? false
    : 'no SwiftShader here: the packaged Chromium has one for Linux on x64');
