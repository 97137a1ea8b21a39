/** What this project's kernel does for the cell that runs (tools/kernel/stop.js); another kernel, and a script, does neither. */
import type { Platform } from '../port';

/** Where the kernel leaves them in the global object. */
const KERNEL = Symbol.for('bnlab.kernel');

const kernel = () => (globalThis as { [KERNEL]?: Pick<Platform, 'beginWork' | 'whenCellEnds'> })[KERNEL];

/** Announces work to the kernel; null where nobody takes announcements. */
export const beginWork: Platform['beginWork'] = () => kernel()?.beginWork() ?? null;

/** Asks the kernel to tell the end of the cell. */
export const whenCellEnds: Platform['whenCellEnds'] = (listener) => kernel()?.whenCellEnds(listener);
