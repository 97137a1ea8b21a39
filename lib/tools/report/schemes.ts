/**
 * One text for a light page and a dark one: where both have a colour of their own, a variable of CSS that is named by the two,
 * `var(--on-1f1f1f-ececec)`. The page says what each is (`schemeStyle`); no script is needed, and a picture is there once.
 */

/** What the library's displays write in their styles, for paper; beside each, the colour of the same meaning on a dark page. */
const DARK: Readonly<Record<string, string>> = {
  '#00427d': '#8fc1f2',
  '#00664b': '#4fcf9f',
  '#5b3a8c': '#b79df2',
  '#7a5c00': '#dcb343',
  '#b34700': '#f08a4b',
  '#8c8c8c': '#7d858d',
  '#d0d0d0': '#3a4046',
  '#595959': '#a9b0b7',
};

const COLOR = /rgba?\([^()]*\)|#[0-9a-f]{6}\b/g;

/** A display's HTML: the colours that its styles name get their dark ones; those of another maker stay. */
export function displayForBoth(html: string): string {
  return html.replace(/ style="[^"]*"/g, (rules) =>
    rules.replace(/#[0-9a-f]{6}\b/g, (color) => (Object.hasOwn(DARK, color) ? variable(color, DARK[color]) : color)),
  );
}

/** The same drawing twice, as one: nothing when more than colours differs. */
export function pictureForBoth(light: string, dark: string): string | undefined {
  const [parts, others] = [light, dark].map((svg) => svg.split(COLOR).map(withoutIds));
  if (parts.length !== others.length || parts.some((part, i) => part !== others[i])) return undefined;
  const colors = dark.match(COLOR) ?? [];
  let at = 0;
  return light.replace(COLOR, (color) => {
    const other = colors[at++];
    return color === other ? color : variable(color, other);
  });
}

/** What the variables of a page's text are, on its light side and its dark one. */
export function schemeStyle(html: string): string {
  const names = [...new Set(html.match(/--on-[0-9a-f]{6,8}-[0-9a-f]{6,8}(?=\))/g) ?? [])].sort();
  if (names.length === 0) return '';
  const side = (place: 2 | 3) => names.map((name) => `${name}:#${name.split('-')[place + 1]}`).join(';');
  return `:root{${side(2)}}@media screen and (prefers-color-scheme:dark){:root{${side(3)}}}`;
}

function variable(light: string, dark: string): string {
  return `var(--on-${digits(light)}-${digits(dark)})`;
}

/** `1f1f1f` of `#1f1f1f` and of `rgb(31, 31, 31)`; with an opacity, two digits more. */
function digits(color: string): string {
  if (color.startsWith('#')) return color.slice(1);
  const [r, g, b, opacity = 1] = color.match(/[\d.]+/g)!.map(Number);
  const all = opacity === 1 ? [r, g, b] : [r, g, b, 255 * opacity];
  return all.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('');
}

/** Ids begin with a mark of the figure they were drawn for. */
function withoutIds(text: string): string {
  return text.replace(/\bf[0-9a-f]{8}-(?=\d)/g, 'f-');
}
