/**
 * Loaded into the tslab kernel before tslab, by watch.js: its compiler no longer watches package.json files and folders.
 *
 * When one of them changes (a package is installed, or just gets a second hard link), the compiler asks for a timer
 * beside the one it has; tslab knows of one only, and ends with "Unexpected pending rebuildTimer", which fails whatever
 * cell happens to run. Which packages there are does not change under a running kernel anyway: what is loaded stays
 * loaded. Seen with tslab 1.0.22.
 */
'use strict';

const tslab = require.resolve('tslab');
/** @type {{ sys: { watchFile: (file: string, ...rest: unknown[]) => object, watchDirectory: () => object } }} */
const { sys } = require(require.resolve('@tslab/typescript-for-tslab', { paths: [tslab] }));

const unwatched = { close() {} };
const watchFile = sys.watchFile.bind(sys);
/**
 * @param {string} file
 * @param {unknown[]} rest
 */
const watchOthers = (file, ...rest) => (file.endsWith('package.json') ? unwatched : watchFile(file, ...rest));
sys.watchFile = watchOthers;
sys.watchDirectory = () => unwatched;
