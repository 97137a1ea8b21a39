/**
 * Colours by role. A figure wears the colours of the light page and says in `layout.meta.roles` which colour has which role; `retheme`
 * gives the roles other colours. A role is the name of an ink ('text', 'grid'), of an identity ('none', 'batch'), of a group of points
 * ('group 0'), or a place on the ramp of ordered things ('ordinal 2/5': the third of five).
 */
import {
  channels,
  divergingScale,
  groups,
  hex,
  identities,
  type IdentityName,
  ink,
  type Ink,
  luminance,
  onRamp,
  ordinalColor,
  sequentialScale,
} from './theme';

/** Who wears a colour. @internal */
export type Role = string;

/** What a heat map's colours mean: more of something, a sign, a picture, yes or no, the share of values. @internal */
export type ScaleRole = 'sequential' | 'diverging' | 'picture' | 'raster' | 'density';

/** All colours of one page. @internal */
export interface Palette {
  readonly ink: Ink;
  color(role: Role): string;
  scale(role: ScaleRole): [number, string][];
}

/** The role of a series. @internal */
export function roleOf(as: IdentityName | undefined, index: number, count: number): Role {
  return as ?? `ordinal ${index}/${count}`;
}

const pictureScale: [number, string][] = [
  [0, '#f7f7f7'],
  [1, '#000000'],
];
const rasterScale: [number, string][] = [
  [0, '#000000'],
  [1, '#ffffff'],
];
/** From the page to the ink, so that what is not there is not seen. */
const densityScale: [number, string][] = [
  [0, '#ffffff'],
  [0.25, '#a9cbe6'],
  [0.5, '#5b97c8'],
  [0.75, '#215f9a'],
  [1, '#002a55'],
];
const darkDensity: [number, string][] = [
  [0, '#14171a'],
  [0.25, '#1d4468'],
  [0.5, '#3a78ad'],
  [0.75, '#7db4e6'],
  [1, '#dcedff'],
];
const lightScales = {
  ...{ sequential: sequentialScale, diverging: divergingScale, picture: pictureScale },
  ...{ raster: rasterScale, density: densityScale },
};

/** The colours of figures as they are stored. @internal */
export const light: Palette = {
  ink,
  color: (role) => colorOf(role, identityColors(identities), groups, ordinalColor, ink),
  scale: (role) => lightScales[role],
};

const darkInk: Ink = {
  text: '#ececec',
  muted: '#a9b0b7',
  grid: '#2b3036',
  axis: '#7d858d',
  paper: '#14171a',
  shade: '#23282d',
  box: '#23282d',
};

const darkColors: Record<IdentityName, string> = {
  none: '#de6a24',
  batch: '#a9d2ff',
  layer: '#35c495',
  group: '#e88fc3',
  instance: '#d1ab2c',
  renorm: '#5fb0e6',
  whitening: '#b79df2',
  dropout: '#dca33c',
  both: '#cfcfcf',
  sigmoid: '#b79df2',
  tanh: '#35c495',
  relu: '#dca33c',
  linear: '#a3a3a3',
  reference: '#d9d9d9',
};

/** Signed values on a dark page: dark at zero, vermilion below, blue above. */
const darkDiverging: [number, string][] = [
  [0, '#ffb48a'],
  [0.25, '#b85a1e'],
  [0.5, '#23282d'],
  [0.75, '#3a78ad'],
  [1, '#b9dcff'],
];

const darkScales = { ...lightScales, diverging: darkDiverging, density: darkDensity };

/** Ordered things on a dark page, from dark to light, so that the last stands out as it does on paper. */
const darkRamp = ['#3f9f8f', '#53a9c8', '#9db4ec', '#ead9ff'];

/** The colours of a dark page. @internal */
export const dark: Palette = {
  ink: darkInk,
  color: (role) =>
    colorOf(
      role,
      darkColors,
      [{ color: '#5fb0e6' }, { color: '#f0c987' }],
      (index, count) => onRamp(darkRamp, index, count),
      darkInk,
    ),
  scale: (role) => darkScales[role],
};

/** The grey that is as light as a colour. @internal */
export function greyOf(color: string): string {
  const y = luminance(color);
  const level = 255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
  return `#${hex(level).repeat(3)}`;
}

const printInk: Ink = {
  ...ink,
  text: '#000000',
  muted: '#404040',
  grid: '#d9d9d9',
  axis: '#595959',
};

/** Signed values in grey: from black, the most negative, to white; a light grey at zero. */
const printDiverging: [number, string][] = [
  [0, '#000000'],
  [0.25, '#4d4d4d'],
  [0.5, '#9a9a9a'],
  [0.75, '#cdcdcd'],
  [1, '#ffffff'],
];

/** The colours of a page in black and white: every colour becomes the grey that is as light. @internal */
export const print: Palette = {
  ink: printInk,
  color: (role) => (role in printInk ? printInk[role as keyof Ink] : greyOf(light.color(role))),
  scale: (role) =>
    role === 'diverging' ? printDiverging : lightScales[role].map(([at, color]) => [at, greyOf(color)]),
};

function identityColors(known: Record<IdentityName, { color: string }>): Record<IdentityName, string> {
  return Object.fromEntries(Object.entries(known).map(([name, { color }]) => [name, color])) as Record<
    IdentityName,
    string
  >;
}

function colorOf(
  role: Role,
  byName: Record<IdentityName, string>,
  ofGroups: readonly { color: string }[],
  ordinal: (index: number, count: number) => string,
  inks: Ink,
): string {
  if (Object.hasOwn(byName, role)) return byName[role as IdentityName];
  if (Object.hasOwn(inks, role)) return inks[role as keyof Ink];
  const [kind, place = ''] = role.split(' ');
  const [index, count] = place.split('/').map(Number);
  if (kind === 'group' && ofGroups[index]) return ofGroups[index].color;
  if (kind === 'ordinal' && index < count) return ordinal(index, count);
  throw new RangeError(`No colour has the role "${role}".`);
}

/**
 * Which colour has which role, for a figure whose series wear `roles`; `meta.roles` of a figure.
 *
 * @internal
 */
export function rolesOf(roles: Iterable<Role>, palette: Palette = light): Record<string, Role> {
  const found: Record<string, Role> = {};
  for (const role of [...Object.keys(ink), ...roles]) found[palette.color(role)] ??= role;
  return found;
}

/** The roles of a figure that does not say its own: those of all identities. @internal */
export function everyRole(): Record<string, Role> {
  return rolesOf([...Object.keys(identities), 'group 0', 'group 1', ...ordinals()]);
}

function ordinals(): Role[] {
  return Array.from({ length: 12 }, (_, k) => k + 1).flatMap((count) =>
    Array.from({ length: count }, (_, index) => `ordinal ${index}/${count}`),
  );
}

/** `rgba(...)` of a `#rrggbb`, with an opacity. @internal */
export function withOpacity(color: string, opacity: string | number): string {
  return `rgba(${channels(color).join(',')},${opacity})`;
}
