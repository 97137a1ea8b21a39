import test from 'node:test';
import assert from 'node:assert/strict';
import { type IdentityName } from 'bnlab';
import { identities, identityOf, ordinalColor } from 'bnlab/internal';
import { contrast, divergingScale, ink, luminance, sequentialScale } from 'bnlab/dist/src/figure/theme';
import { distances } from './sight';

const normalizations: IdentityName[] = [
  'none',
  'batch',
  'layer',
  'group',
  'instance',
  'renorm',
  'whitening',
  'dropout',
  'both',
];
const activations: IdentityName[] = ['sigmoid', 'tanh', 'relu', 'linear'];

test('contrast is the WCAG ratio: 21 between black and white, 4.5 for #767676', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.ok(Math.abs(contrast('#767676', '#ffffff') - 4.54) < 0.01);
});

test('no BN and BN keep their looks: vermilion dashed, blue solid', () => {
  assert.deepEqual([identities.none.color, identities.none.dash], ['#c44f00', 'dash']);
  assert.deepEqual([identities.batch.color, identities.batch.dash], ['#00427d', 'solid']);
});

test('every identity is legible on white, also as the colour of its label', () => {
  for (const [name, { color }] of Object.entries(identities)) {
    assert.ok(contrast(color, ink.paper) >= 4.5, `${name}: ${contrast(color, ink.paper).toFixed(2)}`);
  }
  for (const color of [ink.text, ink.muted]) assert.ok(contrast(color, ink.paper) >= 4.5);
  // Shaded regions hold muted text.
  assert.ok(contrast(ink.muted, ink.shade) >= 4.5);
});

test('in grey, no BN and BN differ in lightness by more than two to one', () => {
  assert.ok(contrast(identities.none.color, identities.batch.color) > 2);
});

test('without colour, each pair of a group differs in dash and in symbol', () => {
  for (const group of [normalizations, activations]) {
    for (const part of ['dash', 'symbol'] as const) {
      assert.equal(new Set(group.map((name) => identities[name][part])).size, group.length, part);
    }
  }
});

test('with any common colour blindness, no BN and BN stay far apart', () => {
  for (const [name, distance] of Object.entries(distances(identities.none.color, identities.batch.color)))
    assert.ok(distance > 20, `${name}: ${distance.toFixed(1)}`);
});

test('scales keep their order in grey: sequential rises, diverging falls away from the middle', () => {
  const rising = (colors: string[]) => colors.map(luminance).every((v, i, all) => i === 0 || v > all[i - 1]);
  assert.ok(rising(sequentialScale.map(([, color]) => color)));
  const [a, b, middle, c, d] = divergingScale.map(([, color]) => color);
  assert.ok(rising([a, b, middle]) && rising([d, c, middle]));
  for (const count of [2, 3, 5, 8]) {
    const ramp = Array.from({ length: count }, (_, i) => ordinalColor(i, count));
    assert.ok(rising([...ramp].reverse()), ramp.join());
    for (const color of ramp) assert.ok(contrast(color, ink.paper) >= 4.5, color);
  }
});

test('an unknown identity is refused with the known ones', () => {
  assert.throws(() => identityOf('batchnorm' as IdentityName), /Unknown identity "batchnorm". Use one of none, batch/);
});
