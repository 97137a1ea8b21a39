/** A figure as a notebook stores it. */
import type { PlotlyTrace } from '../figure';

/** What `retheme` takes: a figure, or only what of it is stored in a notebook. */
export interface StoredFigure {
  /** Traces. */
  readonly data: readonly PlotlyTrace[];
  /** Plotly's layout. */
  readonly layout: Readonly<Record<string, unknown>>;
  /** Animation frames. */
  readonly frames?: readonly Record<string, unknown>[];
}
