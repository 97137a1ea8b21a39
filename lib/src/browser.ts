/**
 * What a page or a worker imports in a browser: `import { tf, mlp } from 'bnlab/dist/src/browser'`; a bundler that asks
 * for package.json's `browser` field takes it for `bnlab`.
 *
 * It is the library without what only Node has: the native engine, and data in files and from mirrors (`readDataset`,
 * `obtainFiles` ...). `loadDataset` draws digits, unless the page gives a source with `setDatasetSource`. What else a page
 * may say of itself (environment, displays, the commit it was built from) it says once:
 * `setPlatform(browserPlatform({ display }))`.
 */
import { browserPlatform } from './platform/browser';
import { setPlatform } from './platform/port';

export { type BrowserOptions, browserPlatform } from './platform/browser';
export { type Display, type Environment, type Platform, platform, PlatformError, setPlatform } from './platform/port';
export { setDatasetSource } from './data/source';
export * from './rooms';

setPlatform(browserPlatform());
