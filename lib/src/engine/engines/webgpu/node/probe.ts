/**
 * The check of the WebGPU engine, run by `checkWebgpu` in a process of its own: load, compute something whose answer is known, say as
 * JSON what computed.
 */
import { mendKernels } from '../kernels';
import { expectKnownAnswers } from '../known';
import { loadWebgpu } from './load';
import { webgpuPaths } from './paths';

async function main(): Promise<void> {
  const paths = webgpuPaths();
  if (!paths) throw new Error('Dawn is not installed');
  const { adapter, ownDriver } = await loadWebgpu(paths, { software: process.argv[2] === 'any' });
  mendKernels();
  await expectKnownAnswers();
  process.stdout.write(JSON.stringify({ adapter, ownDriver }));
}

main().catch((error: unknown) => {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
