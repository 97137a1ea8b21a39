/** What the library needs of Node, set once: its host, its engines, and where data comes from. */
import './platform/node/set';
import './engine/engines/node';
import { setDatasetSource } from './data/source';
import { obtainFiles } from './data/sources';

setDatasetSource(obtainFiles);
