/** When a recorded step is recorded again, and what is let go of: the rules that WebGPU and WebAssembly share. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { ready, tf } from 'bnlab';
import { Keeper, expectVariables } from 'bnlab/dist/src/engine/compile/replay/keeper';
import type { AnyCommand, AnyRecording } from 'bnlab/dist/src/engine/compile/replay/recording';

before(ready);

type Recorded = AnyRecording<AnyCommand> & { name: string; does: string };

/** A keeper of recordings that are names, and what happened to each. */
function kept() {
  const events: string[] = [];
  const keeper = new Keeper<Recorded, string>(
    ({ does }) => does,
    (player) => void events.push(`end ${player}`),
  );
  const load = (
    name: string,
    { does = 'this', stale = false, fails = false, key = 'a', variable = undefined as tf.Variable | undefined } = {},
  ) =>
    keeper.load(key, {
      isStale: () => stale,
      record: () => {
        events.push(`record ${name}`);
        const value = variable && {
          ...{ id: 0, shape: [], dtype: variable.dtype, size: 1 },
          source: { kind: 'variable' as const, variable },
        };
        const release = () => void events.push(`release ${name}`);
        return { name, does, values: value ? [value] : [], commands: [], draws: [], changed: [], outputs: [], release };
      },
      player: (recording) => {
        if (fails) throw new Error('no memory');
        return { recording, player: recording.name };
      },
    });
  return { events, keeper, load };
}

test('a recording is kept for its shapes, and made anew when something from outside is gone', () => {
  const { events, keeper, load } = kept();
  assert.match(
    keeper.listing(() => ''),
    /not recorded yet/,
  );
  assert.equal(load('one').player, 'one');
  assert.equal(load('two').player, 'one');
  assert.equal(load('three', { key: 'b' }).player, 'three');
  assert.equal(load('four', { stale: true }).player, 'four');
  assert.deepEqual(events, ['record one', 'record three', 'end one', 'release one', 'record four']);
  assert.equal(keeper.traces.count, 3);
  events.length = 0;
  keeper.dispose();
  assert.deepEqual(events.sort(), ['end four', 'end three', 'release four', 'release three']);
});

test('a step that may do something else is recorded to see: one that does the same stays, one that does not takes its place', () => {
  const { events, keeper, load } = kept();
  const variable = tf.variable(tf.scalar(1));
  load('one', { variable });
  variable.trainable = false;
  assert.equal(load('two', { variable }).player, 'one');
  assert.equal(load('none', { variable }).player, 'one', 'looked at once');
  variable.trainable = true;
  assert.equal(load('three', { variable, does: 'that' }).player, 'three');
  assert.deepEqual(events, ['record one', 'record two', 'release two', 'record three', 'end one', 'release one']);
  assert.equal(keeper.traces.count, 2);
  const { recording } = load('none', { variable });
  expectVariables(recording);
  variable.dispose();
  assert.throws(
    () => expectVariables(recording),
    /CompileError: The variable '.*', which the compiled step uses, has been disposed\./,
  );
});

test('a recording that cannot be played is let go of', () => {
  const { events, keeper, load } = kept();
  assert.throws(() => load('one', { fails: true }), /no memory/);
  assert.deepEqual(events, ['record one', 'release one']);
  assert.equal(keeper.traces.count, 0);
});
