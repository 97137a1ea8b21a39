/**
 * The way to the reader: one message carries several forms of the same thing (HTML, Markdown, text, a figure), and the
 * reader's program picks.
 */
import { escapeHtml } from '../core/html';
import { type Bundle, platform } from '../platform/port';
import type { Figure } from './figure';

/** Where displays go instead of the kernel or the terminal, while a test listens. */
let listener: ((bundle: Bundle, metadata: Record<string, unknown>, id?: string, update?: boolean) => void) | undefined;
let entries = 0;

/**
 * Displays one thing in all its forms.
 *
 * @param bundle MIME type -> content
 * @param metadata stored with the output in the notebook, for the tools that read it
 */
export function emit(bundle: Bundle, metadata: Record<string, unknown> = {}): void {
  send(bundle, metadata);
}

function send(bundle: Bundle, metadata: Record<string, unknown>, id?: string, update = false): void {
  if (listener) listener(bundle, metadata, id, update);
  else platform().display({ bundle, metadata, id, update });
}

/** A display that can be replaced later, wherever it stands in the notebook. */
export interface Place {
  /** shows the bundle, or replaces what stands there */
  show(bundle: Bundle, metadata?: Record<string, unknown>): void;
}

/**
 * A place in the notebook that later cells can write to again: Jupyter's `update_display_data`. Programs that execute
 * notebooks (nbclient) put the last version into the first cell's output. In a script only the first version is printed.
 */
export function newPlace(): Place {
  // Unique among the kernels that a notebook may have had; never saved, so the file stays the same from run to run.
  const id = `bnlab-${platform().session}-${++entries}`;
  let shown = false;
  return {
    show(bundle, metadata = {}) {
      send(bundle, metadata, id, shown);
      shown = true;
    },
  };
}

/**
 * Shows a figure with its caption. In a notebook: one output with the interactive figure (Plotly's MIME type) and its
 * summary as text, and one with the caption. In a script: the summary is printed.
 *
 * @param figure what a builder of this library made
 * @throws TypeError for something that is not a figure
 */
export function show(figure: Figure): void {
  if (!figure || !Array.isArray(figure.data) || typeof figure.alt !== 'string' || typeof figure.summary !== 'string') {
    throw new TypeError(
      'show: wanted a figure, as lineFigure({...}) and its sisters make them. Wrap your data in one.',
    );
  }
  const { data, layout, config, frames } = figure;
  emit(
    {
      'application/vnd.plotly.v1+json': { data, layout, config, ...(frames ? { frames } : {}) },
      'text/plain': figure.summary,
    },
    { bnlab: { role: 'figure', alt: figure.alt } },
  );
  if (listener || platform().showsDisplays()) {
    emit(
      {
        'text/html': `<p class="bnlab-caption" style="max-width:740px;margin:0 0 1em 12px;font-size:90%;color:#595959"><em>${escapeHtml(figure.caption)}</em></p>`,
        'text/markdown': `*${figure.caption}*`,
        'text/plain': figure.caption,
      },
      { bnlab: { role: 'caption' } },
    );
  }
}

/** Runs `body` and returns what it displayed, instead of displaying it. For tests. @internal */
export function capture(
  body: () => void,
): { bundle: Bundle; metadata: Record<string, unknown>; id?: string; update?: boolean }[] {
  const seen: ReturnType<typeof capture> = [];
  const before = listener;
  listener = (bundle, metadata, id, update) => void seen.push({ bundle, metadata, id, update });
  try {
    body();
  } finally {
    listener = before;
  }
  return seen;
}
