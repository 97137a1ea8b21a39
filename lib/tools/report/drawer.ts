/** A figure's pictures for the pages that it was not stored for: dark ones, and a telephone's. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { retheme, type Theme } from '../../src/figure/retheme/retheme';
import { sha256 } from '../../src/platform/node';
import { home } from '../places';
import type { Stop } from '../running';
import { type DrawnFigure, TwinMaker } from '../run/twins';
import type { Drawing, Figure } from './blocks';
import { markup, type Html, raw } from './html';
import { KeptPictures } from './kept-pictures';
import { pictureForBoth } from './schemes';

type Stored = Parameters<typeof retheme>[0];

/** A drawing for another page; nothing where it cannot be one, as of a figure that others made. */
function rethemed(drawing: Drawing, ...themes: Theme[]): DrawnFigure | undefined {
  try {
    return themes.reduce<Stored>(
      (figure, theme) => retheme(figure, theme),
      drawing as unknown as Stored,
    ) as DrawnFigure;
  } catch {
    return undefined;
  }
}

/** A picture says what it shows. */
function withAlt({ drawing, alt }: Figure): Drawing {
  const { layout } = drawing;
  return { ...drawing, layout: { ...layout, meta: { ...(layout.meta as object | undefined), alt } } };
}

/** Draws what is missing; what was drawn once is kept in .bnlab/pictures. */
export class Drawer {
  private readonly kept = new KeptPictures(path.join(home, '.bnlab', 'pictures'));
  private maker: TwinMaker | undefined;
  /** Why there is no browser: then pages have the pictures that the notebooks hold. */
  problem: string | undefined;

  /** @param open gives the browser that others draw with as well, and that they close; one of its own unless given */
  constructor(
    private readonly stop: Stop,
    private readonly open?: (stop: Stop) => Promise<TwinMaker>,
  ) {}

  /** Puts the pictures into the figures; each is the one for light pages and dark ones. */
  async draw(figures: readonly Figure[]): Promise<void> {
    for (const figure of figures) {
      if (this.stop.asked) return;
      const drawing = withAlt(figure);
      const dark = await this.picture(rethemed(drawing, 'dark'));
      if (figure.twin && dark !== undefined) figure.twin = both(figure.twin.text, dark);
      const [light, darkPhone] = [
        await this.picture(rethemed(drawing, 'phone')),
        await this.picture(rethemed(drawing, 'dark', 'phone')),
      ];
      if (light !== undefined) figure.phone = darkPhone === undefined ? raw(light) : both(light, darkPhone);
    }
  }

  async close(): Promise<void> {
    if (!this.open) await this.maker?.close();
    this.maker = undefined;
    this.kept.prune();
  }

  private async picture(figure: DrawnFigure | undefined): Promise<string | undefined> {
    if (!figure || this.problem !== undefined) return undefined;
    const name = sha256(HOW + JSON.stringify(figure)).slice(0, 24);
    const drawn = this.kept.read(name);
    if (drawn !== undefined) return drawn;
    try {
      this.maker ??= await (this.open ?? ((stop) => TwinMaker.open(stop)))(this.stop);
    } catch (error) {
      this.problem = (error as Error).message;
      return undefined;
    }
    // What Plotly does not draw has its live figure, or nothing: so it was stored.
    const svg = await this.maker.svg(figure).catch(() => undefined);
    if (svg !== undefined) this.kept.write(name, svg);
    return svg;
  }
}

/** What draws: another plotly.js, or another way of making pictures, draws anew. */
const HOW = [require.resolve('../run/twins'), require.resolve('plotly.js-dist/package.json')]
  .map((file) => fs.readFileSync(file, 'utf8'))
  .join('');

/** One picture where only colours differ, else two of which one is seen. */
function both(light: string, dark: string): Html {
  const one = pictureForBoth(light, dark);
  if (one !== undefined) return raw(one);
  return markup`<div class="on-light">${raw(light)}</div><div class="on-dark">${raw(dark)}</div>`;
}
