/** Other colours for the same roles. */
import type { PlotlyTrace } from '../figure';
import { textOn } from '../marks/heatmap';
import { greyOf, light, type Palette, print, type Role, type ScaleRole, withOpacity } from '../palette';
import { hex, size, templateOf } from '../theme';
import type { StoredFigure } from './stored';

type Json = Record<string, unknown>;

/** Every colour of the figure that has a role, in the palette's colour of that role; colours without a role stay. @internal */
export function recolor(figure: StoredFigure, roles: Record<string, Role>, palette: Palette): StoredFigure {
  const swap = swapper(roles, palette);
  const layout = swapIn(figure.layout, swap) as Json;
  const colorway = (['batch', 'none', 'layer', 'group'] as const).map((name) => palette.color(name));
  const data = figure.data.map((trace) => recolorTrace(trace, swap, palette));
  const annotations = (figure.layout.annotations as Json[] | undefined)?.map((note, i) => {
    const swapped = (layout.annotations as Json[])[i];
    return cellColor(note, swapped, figure.data, data) ?? swapped;
  });
  return {
    data,
    layout: {
      ...layout,
      ...(annotations ? { annotations } : {}),
      template: templateOf(palette.ink, colorway, size),
      meta: figure.layout.meta,
    },
    ...(figure.frames ? { frames: swapIn(figure.frames, swap) as Json[] } : {}),
  };
}

type Swap = (color: string) => string;

/** Colours are written #rrggbb or rgba(r,g,b,opacity) in our figures. */
function swapper(roles: Record<string, Role>, palette: Palette): Swap {
  const to = new Map(Object.entries(roles).map(([color, role]) => [color, palette.color(role)]));
  return (text) =>
    text
      .replace(/#[0-9a-f]{6}\b/gi, (color) => to.get(color.toLowerCase()) ?? color)
      .replace(/rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)/g, (whole, r, g, b, opacity: string) => {
        const known = to.get(`#${[r, g, b].map((v) => hex(Number(v))).join('')}`);
        return known === undefined ? whole : withOpacity(known, opacity);
      });
}

/** Lists of numbers and names hold no colours; a heat map's scale is not made of roles. */
const NO_COLORS = new Set(['x', 'y', 'z', 'customdata', 'colorscale', 'template', 'meta', 'ticktext', 'hovertemplate']);

function swapIn(value: unknown, swap: Swap): unknown {
  if (typeof value === 'string') return /#|rgba/.test(value) ? swap(value) : value;
  if (Array.isArray(value)) return value.map((entry) => swapIn(entry, swap));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, NO_COLORS.has(key) ? entry : swapIn(entry, swap)]),
  );
}

function recolorTrace(trace: PlotlyTrace, swap: Swap, palette: Palette): PlotlyTrace {
  const out = swapIn(trace, swap) as PlotlyTrace;
  if (trace.type === 'image' && palette === print) return { ...out, z: greyPixels(trace.z as number[][][]) };
  const role = scaleRole(trace);
  return role === undefined ? out : { ...out, colorscale: palette.scale(role) };
}

/** A picture in colours, as light everywhere, without them. */
function greyPixels(rows: readonly number[][][]): number[][][] {
  return rows.map((row) =>
    row.map(([r, g, b, opacity]) => {
      const level = parseInt(greyOf(`#${[r, g, b].map(hex).join('')}`).slice(1, 3), 16);
      return [level, level, level, opacity];
    }),
  );
}

/** What the colours of a heat map mean: as it says itself, else by the scale that it has. */
function scaleRole(trace: PlotlyTrace): ScaleRole | undefined {
  if (trace.type !== 'heatmap') return undefined;
  const said = (trace.meta as { scale?: ScaleRole } | undefined)?.scale;
  const same = (role: ScaleRole) => JSON.stringify(light.scale(role)) === JSON.stringify(trace.colorscale);
  return said ?? (['sequential', 'diverging', 'picture', 'raster', 'density'] as const).find(same);
}

/** A number in a cell of a heat map is black or white, whichever is easier to read on the cell's new colour. */
function cellColor(
  note: Json,
  swapped: Json,
  before: readonly PlotlyTrace[],
  after: readonly PlotlyTrace[],
): Json | undefined {
  const at = before.findIndex(
    (trace) =>
      trace.type === 'heatmap' && trace.xaxis === note.xref && trace.yaxis === note.yref && trace.zmin !== undefined,
  );
  const [map, row] = [after[at], (after[at]?.z as (number | null)[][] | undefined)?.[note.y as number]];
  const value = row?.[note.x as number];
  if (map === undefined || typeof value !== 'number') return undefined;
  const share = (value - (map.zmin as number)) / ((map.zmax as number) - (map.zmin as number));
  const color = textOn(map.colorscale as [number, string][], share);
  return { ...swapped, font: { ...(swapped.font as Json), color } };
}
