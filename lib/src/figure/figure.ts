/**
 * What a figure is, what every builder asks for, and what is refused. A figure is plain data for Plotly; nothing here knows a page
 * or a browser, and the same input gives the same bytes.
 */
import { expectOptions, needed, type Options, own, positive, text as aString } from '../core/checks';

/** One Plotly trace, as JSON. */
export type PlotlyTrace = { type: string } & Record<string, unknown>;

/** A figure: plain Plotly JSON, with what a reader needs who does not see it. */
export interface Figure {
  /** Traces. */
  readonly data: PlotlyTrace[];
  /** Plotly layout; `layout.meta` repeats alt, caption and summary for whoever has only the JSON */
  readonly layout: Record<string, unknown>;
  /** Plotly's settings of interaction. */
  readonly config: Record<string, unknown>;
  /** animation frames of a slider figure */
  readonly frames?: Record<string, unknown>[];
  /** what the figure shows, for a reader who cannot see it: one or two sentences */
  readonly alt: string;
  /** what stands below the figure: how to read it, and what it was computed from */
  readonly caption: string;
  /** the figure as text: title, axes, and the numbers that matter */
  readonly summary: string;
}

/** What every builder asks for besides its data. */
export interface FigureText {
  /** the finding, as a sentence, from computed values: fmt`BN reaches ${accuracy}` */
  title: string;
  /** which data the figure shows: a loaded `Dataset`, its title, or for mathematics what was evaluated */
  data: string | { title: string };
  /** more for the line below the title, after data and seeds */
  note?: string;
  /** the figure in one or two sentences, for a reader who cannot see it */
  alt: string;
  /** how to read it, below the figure */
  caption: string;
  /** height of the drawing area of one panel, pixels */
  height?: number;
}

/** What {@link requireText} looks at itself. */
export const TEXT_OPTIONS: Options<FigureText> = {
  ...{ title: needed(own), data: needed(own), note: aString, alt: needed(own), caption: needed(own), height: positive },
};

/** A figure that cannot be drawn as asked; the message says what was given, what was wanted, what to do. */
export class FigureError extends Error {
  /** `FigureError`, in messages and to tell errors apart. */
  override name = 'FigureError';
}

/**
 * {@link expectOptions} of a builder: `seeds` passes, because one object with `data` and `seeds` may be spread into figures, verdicts and
 * provenance alike.
 *
 * @internal
 */
export function expectFigure<T extends FigureText>(
  builder: string,
  given: unknown,
  options: Options<T>,
): asserts given is T {
  expectOptions(builder, given, options, ['seeds']);
  requireText(builder, given as T);
}

/**
 * Refuses a figure without title, data, alt text or caption. Builders call it first.
 *
 * @throws FigureError that names what is missing
 * @internal
 */
export function requireText(builder: string, text: FigureText): void {
  const wanted: [string, unknown, string][] = [
    ['title', text.title, 'the finding as a sentence'],
    ['data', text.data && dataTitle(text), 'the data set, or what was evaluated'],
    ['alt', text.alt, 'what the figure shows, for a reader who cannot see it'],
    ['caption', text.caption, 'how to read the figure'],
  ];
  for (const [name, value, meaning] of wanted) {
    if (typeof value !== 'string' || value.trim() === '') {
      throw new FigureError(
        `${builder}: "${name}" is ${value === undefined ? 'missing' : 'empty'}. Pass ${name}: '...', ${meaning}.`,
      );
    }
  }
}

/** The name of the data that the figure shows. @internal */
export function dataTitle(text: FigureText): string {
  return typeof text.data === 'string' ? text.data : text.data?.title;
}
