/** Notebook files as the runner, the checks and the report see them. */
export * from './format';
export { normalize, giveIds, withoutAnsi } from './normalize';
export { parseNotebook, readNotebook, readNotebookText, readResult } from './parse';
export { notebookText, stableJson } from './text';
export { writeAtomically } from './write';
