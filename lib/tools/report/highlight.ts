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

/** Code as a block that the keyboard reaches, since a long line is moved sideways. */
export function highlighted(code: string, language = 'typescript'): Html {
  const text = code.replace(/\n+$/, '');
  const known = hljs.getLanguage(language) !== undefined;
  const inner = known ? raw(hljs.highlight(text, { language, ignoreIllegals: true }).value) : text;
  return markup`<pre tabindex="0"><code>${inner}</code></pre>`;
}
