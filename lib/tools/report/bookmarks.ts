/**
 * A PDF's bookmarks. Chromium writes a heading that begins at the top of a page twice into its bookmark, "NotationNotation", since
 * it draws the heading on the page before as well, where nothing of it is seen.
 */
import { PDFDict, PDFDocument, PDFHexString, PDFName, PDFString } from '@cantoo/pdf-lib';

/** Bookmarks in the order of the pages. */
export async function bookmarksOf(pdf: Uint8Array): Promise<string[]> {
  return entriesOf(await opened(pdf)).map(titleOf);
}

/** The PDF with a bookmark that says what the heading says: as many as the page has, in its order, else as they are. */
export async function withBookmarks(pdf: Uint8Array, headings: readonly string[]): Promise<Uint8Array> {
  const document = await opened(pdf);
  const entries = entriesOf(document);
  if (entries.length !== headings.length) return pdf;
  for (const [i, entry] of entries.entries()) entry.set(PDFName.of('Title'), PDFHexString.fromText(headings[i]));
  return document.save({ useObjectStreams: false, updateFieldAppearances: false });
}

const opened = (pdf: Uint8Array) => PDFDocument.load(pdf, { updateMetadata: false });

/** Each bookmark before those below it. */
function entriesOf({ catalog }: PDFDocument): PDFDict[] {
  const below = (parent: PDFDict | undefined): PDFDict[] => {
    const found: PDFDict[] = [];
    for (let entry = next(parent, 'First'); entry; entry = next(entry, 'Next')) found.push(entry, ...below(entry));
    return found;
  };
  return below(catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict));
}

function next(entry: PDFDict | undefined, name: string): PDFDict | undefined {
  return entry?.lookupMaybe(PDFName.of(name), PDFDict);
}

function titleOf(entry: PDFDict): string {
  const title = entry.lookup(PDFName.of('Title'));
  return title instanceof PDFString || title instanceof PDFHexString ? title.decodeText() : '';
}
