import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { mlp, networkOf, ready, withAndWithout, type OpenNetworkSpec } from 'bnlab';

before(async () => void (await ready()));

test('withAndWithout: one network twice, the norm apart, as the function builds it', () => {
  const network: OpenNetworkSpec = { kind: 'mlp', sizes: [4, 3, 2], activation: 'tanh' };
  const sides = withAndWithout(network);
  assert.deepEqual(sides, [
    { name: 'no BN', network: { ...network, norm: 'none' } },
    { name: 'BN', network: { ...network, norm: 'batch' } },
  ]);
  const { kind: _, ...options } = network as { kind: 'mlp'; sizes: number[]; activation: 'tanh' };
  for (const side of sides) {
    const [got, want] = [networkOf(side.network, 3), mlp({ ...options, norm: side.network.norm as 'none', seed: 3 })];
    assert.deepEqual(got.stateDict(), want.stateDict());
    got.dispose();
    want.dispose();
  }
});

test('withAndWithout: a network with a norm of its own is refused', () => {
  const given = { kind: 'mlp', sizes: [4, 2], norm: 'layer' } as never;
  assert.throws(() => withAndWithout(given), /withAndWithout: the network has a norm of its own/);
  assert.throws(() => withAndWithout('mlp' as never), /network must be an object, got 'mlp'/);
});
