/** A block diagram on a phone, drawn anew from its rows: names above their chains, chains on several lines. */
import { headingOn, readHeading } from '../heading';
import { type BlockRow, chains, planNarrow } from '../marks/chains';
import type { Frame } from '../plot';
import { light, type Palette, type Role } from '../palette';
import { hiddenScale } from '../scales';
import { recolor } from './colors';
import { PHONE } from './phone-page';
import type { StoredFigure } from './stored';

const MARGIN = 14;

/** Undefined for a figure that is no block diagram; one that does not hold its rows stays as it is. */
export function chainsOnPhone(figure: StoredFigure, palette: Palette): StoredFigure | undefined {
  const meta = figure.layout.meta as {
    chains?: { rows: BlockRow[]; highlight: string[] };
    roles: Record<string, Role>;
  };
  if (!meta?.chains) return figure.data.length === 1 && figure.data[0].mode === 'text' ? figure : undefined;
  const inner = PHONE.width - 2 * MARGIN;
  const plan = planNarrow(meta.chains.rows, meta.chains.highlight, inner);
  const { height } = plan;
  const frame: Frame = {
    ...{ axes: { xaxis: 'x', yaxis: 'y' }, x: hiddenScale([0, inner]), y: hiddenScale([height, 0]) },
    ...{ domainX: [0, 1], domainY: [0, 1], width: inner, height },
  };
  const drawing = chains(plan)(frame);
  const { finding, under } = readHeading((figure.layout.title as { text: string }).text);
  const heading = headingOn(PHONE, light.ink, finding, under);
  const layout = {
    ...figure.layout,
    ...{ width: PHONE.width, height: Math.round(heading.height + height + MARGIN), title: heading.title },
    margin: { t: heading.height, r: MARGIN, b: MARGIN, l: MARGIN },
    ...{ shapes: drawing.shapes, annotations: drawing.annotations },
    xaxis: { ...(figure.layout.xaxis as object), range: [0, inner] },
    yaxis: { ...(figure.layout.yaxis as object), range: [height, 0] },
  };
  const drawn = { data: [...(drawing.data ?? [])], layout } as StoredFigure;
  if (palette === light) return drawn;
  const roles = Object.fromEntries(Object.values(meta.roles).map((role) => [light.color(role), role]));
  return recolor(drawn, roles, palette);
}
