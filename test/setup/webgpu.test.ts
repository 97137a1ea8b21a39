/** `npm run setup -- --webgpu`: what it keeps of what npm brings, what a failure costs, and that nobody has it who did not ask. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import { Project } from '../support/project';

const folder = '.bnlab/webgpu';
const system = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;

/** An npm that leaves what the packages have, for two systems, or fails. */
const npm = `#!/bin/sh
[ "$1" = --version ] && { echo 11.0.0; exit; }
[ -n "$FAILS" ] && { echo 'npm error code E404' >&2; exit 1; }
for file in webgpu/dist/${system}/dawn.node webgpu/dist/other-arch/dawn.node webgpu/package.json webgpu/LICENSE.md webgpu/index.js \\
    @webgpu/types/package.json; do
  mkdir -p "node_modules/$(dirname "$file")" && echo '{}' > "node_modules/$file"
done
`;

test('the engine for any GPU: what this system needs, kept until it is given up, and had by nobody who did not ask', async () => {
  const project = new Project(['node_modules', '.venv', 'dist', 'engine']);
  try {
    const bin = project.binaries({ npm });
    const env = (more: NodeJS.ProcessEnv = {}) => ({
      env: { PATH: `${bin}${path.delimiter}${process.env.PATH}`, ...more },
    });
    const failed = await project.run(['setup', '--webgpu'], env({ FAILS: '1' }));
    assert.equal(failed.code, 1);
    assert.match(failed.output, /`npm ci` of the WebGPU engine failed/);
    assert.equal(fs.existsSync(project.file(folder)), false);

    const asked = await project.run(['setup', '--webgpu'], env());
    assert.equal(asked.code, 0, asked.output);
    assert.match(asked.output, /✓ WebGPU engine +[\d.]+ s +Dawn for Node \(npm webgpu [\d.]+\)/);
    const kept = fs.readdirSync(project.file(folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const files = kept.filter((name) => fs.statSync(project.file(folder, 'node_modules', name)).isFile()).sort();
    assert.deepEqual(files, ['webgpu/LICENSE.md', `webgpu/dist/${system}/dawn.node`, 'webgpu/package.json']);
    if (system === 'linux-x64') {
      const driver = fs.readFileSync(project.file(folder, 'swiftshader', 'libvk_swiftshader.so'));
      assert.equal(driver.toString('latin1', 1, 4), 'ELF');
      assert.match(project.read(folder, 'swiftshader', 'vk_swiftshader_icd.json'), /libvk_swiftshader\.so/);
    }
    // What another lock file wants is fetched, and its failure costs nothing else.
    project.write(
      'lib/setup/webgpu/package.json',
      project.read('lib/setup/webgpu/package.json').replace('0.6.2', '0.6.1'),
    );
    const stale = await project.run(['setup'], env({ FAILS: '1' }));
    assert.equal(stale.code, 0);
    assert.match(stale.output, /! WebGPU engine .*`npm ci` of the WebGPU engine failed/);

    assert.equal((await project.run(['setup', '--cpu'], env())).code, 0);
    assert.equal(fs.existsSync(project.file(folder)), false);
    const both = await project.run(['setup', '--cpu', '--webgpu'], env());
    assert.equal(both.code, 2);
    assert.match(both.output, /--webgpu \(the engine for any GPU\)/);
  } finally {
    project.remove();
  }
});
