/** Pictures that Markdown names, put into the page: what lies in the cell, or beside the notebook. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Cell } from '../notebook';

export type Attachments = NonNullable<Cell['attachments']>;

const TYPES: Record<string, string> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

/** Vector before raster, lossless before lossy. */
const PREFERRED = ['image/svg+xml', 'image/png'];

/**
 * The picture as a `data:` address.
 *
 * @param address as the text names it: `attachment:NAME`, or a file
 * @param folder the one in which files are looked for; what lies outside of it, or is no picture, stays outside of the page
 * @returns the address as it is when there is no such picture: a browser then shows the picture's words
 */
export function embedded(address: string, folder: string, attachments: Attachments): string {
  if (address.startsWith('attachment:')) {
    const types = attachments[decoded(address.slice('attachment:'.length))] ?? {};
    const pictures = Object.keys(types).filter((type) => /^image\/[\w.+-]+$/.test(type));
    const type = PREFERRED.find((wanted) => pictures.includes(wanted)) ?? pictures[0];
    return type === undefined ? address : `data:${type};base64,${[types[type]].flat().join('').replace(/\s/g, '')}`;
  }
  const type = TYPES[path.extname(address).toLowerCase()];
  if (type === undefined || /^(?:[a-z][\w+.-]*:|\/\/)/i.test(address)) return address;
  const file = path.resolve(folder, decoded(address));
  const isInside = file.startsWith(path.resolve(folder) + path.sep);
  if (!isInside || !fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return address;
  return `data:${type};base64,${fs.readFileSync(file).toString('base64')}`;
}

/** markdown-it hands over addresses percent-encoded. */
function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
