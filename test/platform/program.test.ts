/** Programs of this project beside this process: what they say of their end, and what a sweep says where none starts. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { sweep } from 'bnlab';
import { type Companion, platform, PlatformError, setPlatform } from 'bnlab/dist/src/platform/port';

const endOf = (program: Companion) =>
  new Promise<string | undefined>((resolve) => program.listen(() => undefined, resolve));

test('who started a program hears how it ended, with its last words', async () => {
  const missing = platform().startProgram('no-such-program')!;
  assert.match(
    (await endOf(missing)) ?? '',
    /^it ended with code 1: [\s\S]*Cannot find module '.*no-such-program\.js'/,
  );
  const killed = platform().startProgram('lane')!;
  const end = endOf(killed);
  killed.end();
  assert.match((await end) ?? '', /^it was ended by SIGKILL/);
});

test('where no program starts, a sweep says so', async (t) => {
  const node = platform();
  t.after(() => setPlatform(node));
  setPlatform({ ...node, startProgram: () => null }); // as the browser's
  await assert.rejects(
    sweep('experiments/mine.ts'),
    (error) => error instanceof PlatformError && /with Node/.test(error.message),
  );
});
