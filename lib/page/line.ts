/** What a chart draws. */

/** Who a line belongs to: its colour and dash are the page's, by this name. */
export type Wearer = 'none' | 'batch' | 'layer' | 'renorm' | 'other' | 'first' | 'second' | 'third' | 'fourth';

/** One line. */
export interface Line {
  name: string;
  as: Wearer;
  x: readonly number[];
  y: readonly number[];
  /** A band around it. */
  low?: readonly number[];
  high?: readonly number[];
  /** Of the run that is stored in the report: stands behind. */
  committed?: boolean;
  /** Points alone. */
  dots?: boolean;
}
