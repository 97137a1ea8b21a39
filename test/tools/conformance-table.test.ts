import test from 'node:test';
import assert from 'node:assert/strict';
import { judge } from 'bnlab/dist/tools/conformance';
import { tableText } from 'bnlab/dist/tools/conformance-table';

const run = (engine: 'native' | 'js', passed: string[], failed: string[]) =>
  judge(
    {
      ...{ engine, tensorflow: null, pending: 0, fault: null, seconds: 1, passed },
      failed: failed.map((spec) => ({ spec, messages: ['not equal'] })),
    },
    { native: [], webgpu: [], wasm: [], js: [] },
  );

test('specs are counted by function and engine; what fails, and what an engine has no specs of, is seen', () => {
  const native = run(
    'native',
    ['add native {} a+b', 'add native {} broadcast', 'a|b native {} 1'],
    ['max native {} NaN'],
  );
  const js = run('js', ['add js {} a+b', 'max js {} NaN'], []);
  const lines = tableText([native, js]).split('\n');
  assert.deepEqual(lines.slice(lines.indexOf('| function | native | js |')), [
    '| function | native | js |',
    '|---|---|---|',
    '| all | 3 of 4 | 2 of 2 |',
    '| a\\|b | 1 |  |',
    '| add | 2 | 1 |',
    '| max | **0 of 1** | 1 |',
    '',
  ]);
});
