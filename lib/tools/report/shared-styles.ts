/**
 * Styles that drawings and tables repeat, said once: plotly.js writes the whole style of each letter and tick at its element, which
 * would be half of a page.
 */

/** The page with classes in the place of repeated styles, and the rules of these. */
export interface Shared {
  html: string;
  rules: string;
}

/** What stands here fewer times, or is shorter, stays where it is. */
const TIMES = 3;
const LETTERS = 16;

const PART = /<(svg|table)\b[^>]*>[^]*?<\/\1>/g;
const STYLED = /<([\w-]+)((?: [^<>"=]+="[^"]*")*) style="([^"]*)"/g;

/** Shares the styles of what stands inside of drawings and tables; their own element keeps its style, and so does what has a class. */
export function sharedStyles(html: string): Shared {
  const counts = new Map<string, number>();
  for (const [part] of html.matchAll(PART))
    for (const style of stylesIn(part)) counts.set(style, (counts.get(style) ?? 0) + 1);
  const names = new Map<string, string>();
  for (const [style, count] of counts)
    if (count >= TIMES && style.length >= LETTERS && isPlain(style)) names.set(style, `d${names.size.toString(36)}`);
  const named = html.replace(PART, (part) =>
    part.replace(STYLED, (whole, tag: string, before: string, style: string) => {
      const name = isShared(tag, before) ? names.get(style) : undefined;
      return name === undefined ? whole : `<${tag}${before} class="${name}"`;
    }),
  );
  return { html: named, rules: [...names].map(([style, name]) => `:is(svg,table) .${name}{${style}}`).join('') };
}

function stylesIn(part: string): string[] {
  return [...part.matchAll(STYLED)].flatMap(([, tag, before, style]) => (isShared(tag, before) ? style : []));
}

/** Plain declarations: a notebook may come from anyone, and what stands in a rule must not end it. */
function isPlain(style: string): boolean {
  const count = (letter: string) => style.split(letter).length;
  return /^[\w\s:;.,#()'%-]*$/.test(style) && count('(') === count(')') && count("'") % 2 === 1;
}

function isShared(tag: string, before: string): boolean {
  return tag !== 'svg' && tag !== 'table' && !/ class="/.test(before);
}
