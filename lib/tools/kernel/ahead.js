/**
 * Loaded into the kernel of `npm run notebooks` before tslab: cells that were compiled before it started (lib/tools/check/ahead.ts)
 * are run as they are, and tslab's compiler, which takes seconds to read the library's types, is not started for them.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** @typedef {import('../check/ahead').CompiledCell} CompiledCell */
/** @typedef {{ convert(earlier: string, source: string): object, close(): void } & Record<string, Function>} Converter */
/** @type {{ createConverter: (...options: unknown[]) => Converter }} */
const converter = require(path.join(path.dirname(require.resolve('tslab')), 'converter.js'));

/** @param {CompiledCell[]} cells all that will be run, in their order */
function runCompiled(cells) {
  const { createConverter } = converter;
  converter.createConverter = (...options) => {
    /** @type {Converter | undefined} */
    let made;
    const live = () => (made ??= createConverter(...options));
    let next = 0;
    return {
      convert(_earlier, source) {
        const cell = cells[next++];
        if (cell?.source !== source) throw new Error('another cell was compiled than the one to be run');
        return { ...cell, declOutput: '', diagnostics: [] };
      },
      inspect: (/** @type {unknown[]} */ ...given) => live().inspect(...given),
      complete: (/** @type {unknown[]} */ ...given) => live().complete(...given),
      addModule: (/** @type {unknown[]} */ ...given) => live().addModule(...given),
      close: () => made?.close(),
    };
  };
}

const file = process.env.BNLAB_KERNEL_CELLS;
if (file) runCompiled(JSON.parse(fs.readFileSync(file, 'utf8')));
