/** The same figure for another page: dark, black-and-white print, a phone. */
import { expectArguments, kind, oneOf } from '../../core/checks';
import { FigureError } from '../figure';
import { dark, everyRole, light, type Palette, print, type Role } from '../palette';
import { recolor } from './colors';
import { forPhone } from './phone';
import type { StoredFigure } from './stored';
import { withSymbols } from './symbols';

/** Pages that figures are drawn for. */
export type Theme = 'light' | 'dark' | 'print' | 'phone';

const STORED = kind('a figure: { data, layout }, plain JSON', (value) => {
  const given = value as Partial<StoredFigure> | null;
  const isObject = (one: unknown) => typeof one === 'object' && one !== null;
  return Array.isArray(given?.data) && given.data.every(isObject) && isObject(given.layout);
});

/**
 * The same figure for another page, as a new object; pure, from the stored JSON alone.
 *
 * - `light`: as it is stored.
 * - `dark`: every colour by its role (`layout.meta.roles`), text at 4.5 : 1 and lines at 3 : 1 or more against the dark page.
 * - `print`: every colour as the grey that is as light; lines keep their dashes and get symbols, which carry the difference.
 * - `phone`: 390 pixels wide: panels below each other, names of lines inside, fewer ticks, titles wrapped anew. It keeps colours, and may be
 *   combined with another: `retheme(retheme(figure, 'dark'), 'phone')`.
 *
 * @param figure what a builder made, or `{ data, layout, frames }` of a notebook's output
 * @param theme the page
 * @throws FigureError for a figure whose colours are another page's already: give the stored one
 */
export function retheme<T extends StoredFigure>(figure: T, theme: Theme): T {
  expectArguments('retheme', { figure: [figure, STORED], theme: [theme, oneOf(['light', 'dark', 'print', 'phone'])] });
  const meta = (figure.layout.meta ?? {}) as { themes?: Theme[]; roles?: Record<string, Role> };
  const themes = meta.themes ?? [];
  if (theme === 'light' || (theme === 'phone' && themes.includes('phone'))) return structuredClone(figure);
  const other = themes.find((one) => one !== 'phone');
  if (theme !== 'phone' && other !== undefined) {
    throw new FigureError(
      `retheme: the figure wears "${other}" already, asked was "${theme}". Pass the figure as it is stored.`,
    );
  }
  const roles = meta.roles ?? everyRole();
  const worn: Palette = other === undefined ? light : PALETTES[other as 'dark' | 'print'];
  const out = structuredClone(figure) as StoredFigure & { layout: Record<string, unknown> };
  const changed =
    theme === 'phone'
      ? forPhone(out, worn)
      : recolor(theme === 'print' ? withSymbols(out) : out, roles, PALETTES[theme]);
  const newRoles = theme === 'phone' ? roles : renamed(roles, PALETTES[theme]);
  const layout = { ...changed.layout, meta: { ...meta, roles: newRoles, themes: [...themes, theme] } };
  return { ...figure, ...changed, layout } as T;
}

const PALETTES = { light, dark, print };

function renamed(roles: Record<string, Role>, palette: Palette): Record<string, Role> {
  const out: Record<string, Role> = {};
  for (const role of Object.values(roles)) out[palette.color(role)] ??= role;
  return out;
}
