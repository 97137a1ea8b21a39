/** Makes Node the host: for the entry, and for a command that uses a room without all of the library. */
import { setPlatform } from '../port';
import { nodePlatform } from '.';

setPlatform(nodePlatform);
