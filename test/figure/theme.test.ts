import test from 'node:test';
import assert from 'node:assert/strict';
import { identities, identityOf, ordinalColor, type IdentityName } from 'bnlab';
import { contrast, divergingScale, ink, luminance, sequentialScale } from 'bnlab/dist/src/figure/theme';

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
  // Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
  const sight = {
    protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
    deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
    tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
  };
  const linear = (color: string) =>
    [1, 3, 5].map((i) => {
      const s = parseInt(color.slice(i, i + 2), 16) / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
  const lab = ([r, g, b]: number[]) => {
    const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 4 / 29);
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  for (const [name, m] of Object.entries(sight)) {
    const seen = [identities.none.color, identities.batch.color].map((color) => {
      const v = linear(color);
      return lab([0, 3, 6].map((k) => Math.min(1, Math.max(0, m[k] * v[0] + m[k + 1] * v[1] + m[k + 2] * v[2]))));
    });
    const distance = Math.hypot(...seen[0].map((v, i) => v - seen[1][i]));
    // 2.3 is a just noticeable difference in CIELAB.
    assert.ok(distance > 20, `${name}: ${distance.toFixed(1)}`);
  }
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
