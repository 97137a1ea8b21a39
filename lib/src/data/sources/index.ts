/** What asks the host for data: files in folders, downloads, and what reads them. Node alone has it. */
export { dataCacheFolder } from './folders';
export { cifarFiles, emnistFiles, kmnistFiles } from './known';
export { obtainFiles } from './obtain';
export { type PaperOrigin, type PaperRun, type PaperRuns, paperFigure1, paperFigure2 } from './paper-runs';
export { type ArrayFile, type DatasetFiles, type PartFiles, readDataset } from './read';
