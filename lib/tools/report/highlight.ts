/** Code in colours: highlight.js with the languages that notebooks about this library show. */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import typescript from 'highlight.js/lib/languages/typescript';
import { markup, type Html, raw } from './html';

for (const [name, language] of Object.entries({ bash, javascript, json, python, typescript }))
  hljs.registerLanguage(name, language);

/** What has a colour on the pages. */
const COLOURED = /^<span class="hljs-(?:keyword|literal|built_in|type|string|regexp|subst|number|comment|title)\b/;

/** The code without the elements that have none: a quarter of a page's code. */
function coloured(html: string): string {
  const kept: boolean[] = [];
  return html.replace(/<span[^>]*>|<\/span>/g, (tag) => {
    if (tag === '</span>') return kept.pop() ? tag : '';
    const isKept = COLOURED.test(tag);
    kept.push(isKept);
    return isKept ? tag : '';
  });
}

/** Code as a block that the keyboard reaches, since a long line is moved sideways. */
export function highlighted(code: string, language = 'typescript'): Html {
  const text = code.replace(/\n+$/, '');
  const known = hljs.getLanguage(language) !== undefined;
  const inner = known ? raw(coloured(hljs.highlight(text, { language, ignoreIllegals: true }).value)) : text;
  return markup`<pre tabindex="0"><code>${inner}</code></pre>`;
}
