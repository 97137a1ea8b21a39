/** The way to the reader: in a tslab notebook, Jupyter's display messages; anywhere else, plain text on standard output. */
import type { Bundle, Display } from '../port';

type WriteDisplayData = (
  content: { data: Bundle; metadata: Record<string, unknown>; transient: { display_id?: string } },
  update: boolean,
) => void;

let kernel: { lastWriteDisplayData: WriteDisplayData | null } | undefined;

/**
 * The kernel's own copy of tslab's Jupyter module, when this process is a tslab kernel. It is looked up among the loaded
 * modules, never required: the kernel may run from another copy of tslab than the one beside this library, and a second
 * copy would write nowhere. tslab's public `display.raw` sends one form per message, so its internal writer is used.
 */
function writer(): WriteDisplayData | null {
  if (kernel === undefined) {
    const loaded = Object.keys(require.cache).find((file) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file));
    kernel = loaded === undefined ? undefined : (require.cache[loaded]?.exports as typeof kernel);
  }
  return kernel?.lastWriteDisplayData ?? null;
}

/** Whether this process is a notebook's kernel. */
export function inNotebook(): boolean {
  return writer() !== null;
}

/** Shows one thing. In a script only the first of what is shown at one place is printed. */
export function display({ bundle, metadata, id, update }: Display): void {
  const write = writer();
  if (write) write({ data: bundle, metadata, transient: id === undefined ? {} : { display_id: id } }, update);
  else if (!update) process.stdout.write(bundle['text/plain'].trimEnd() + '\n');
}
