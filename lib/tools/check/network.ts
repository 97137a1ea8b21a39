/** What would ask the network. */
import { displays, MIME, type Notebook } from '../notebook';
import type { Finding } from './finding';
import { code, lineAt, text } from './walk';

/** Code and pictures that would ask the network. Links in the text are fine: nothing loads them. */
export function addresses(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const rule = 'network address';
  for (const { cell, number } of code(notebook)) {
    cell.source.split('\n').forEach((line, i) => {
      const found =
        /\b(?:https?|wss?|ftp):\/\/[^\s'"`)]+|['"`]\/\/\w[\w-]*\.[^\s'"`)]+|\bfetch\s*\(|['"](?:node:)?(?:https?|http2|net|dns|tls|dgram|undici|ws|axios|node-fetch)['"]/.exec(
          line,
        );
      if (!found) return;
      findings.push({
        file,
        cell: number,
        line: i + 1,
        rule,
        message: `'${found[0]}': code must not need a network; references belong in the text`,
      });
    });
  }
  for (const { cell, number } of text(notebook)) {
    for (const { address, at } of loadedFromNetwork(cell.source)) {
      const line = lineAt(cell.source, at);
      findings.push({ file, cell: number, line, rule, message: `'${address}' is loaded from the network` });
    }
  }
  for (const { index, data } of displays(notebook)) {
    for (const type of ['text/html', 'text/markdown', MIME.svg]) {
      for (const { address } of loadedFromNetwork([data[type] ?? ''].flat().join(''))) {
        const message = `'${address}' in an output is loaded from the network`;
        findings.push({ file, cell: index + 1, line: null, rule, message });
      }
    }
  }
  return findings;
}

const ELSEWHERE = '(?:https?:)?//[^\\s"\'()<>]+';

/** What a browser would ask the network for in Markdown or HTML: pictures, scripts, styles; not links, which it follows only when asked. */
function loadedFromNetwork(source: string): { address: string; at: number }[] {
  const references = new Map(
    [...source.matchAll(/^ {0,3}\[([^\]]+)\]:\s*<?(\S+?)>?(?:\s|$)/gm)].map((found) => [
      found[1].toLowerCase(),
      found[2],
    ]),
  );
  const found: { address: string; at: number }[] = [];
  const elsewhere = new RegExp(`^${ELSEWHERE}`, 'i');
  for (const picture of source.matchAll(/!\[([^\]]*)\](?:\(\s*<?([^\s)>]+)|\[([^\]]*)\])/g)) {
    const address = picture[2] ?? references.get((picture[3] || picture[1]).toLowerCase());
    if (address && elsewhere.test(address)) found.push({ address, at: picture.index });
  }
  for (const pattern of [
    `<(?:img|image|use|script|link|iframe|video|audio|source|object|embed)\\b[^>]*?(?:src|srcset|href|data|poster)\\s*=\\s*["']?(${ELSEWHERE})`,
    `\\b(?:url\\(|@import)\\s*["']?(${ELSEWHERE})`,
  ]) {
    for (const loaded of source.matchAll(new RegExp(pattern, 'gi')))
      found.push({ address: loaded[1], at: loaded.index });
  }
  return found;
}
