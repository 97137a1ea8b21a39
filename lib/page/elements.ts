/** Elements put together; text is never taken for HTML. */

type Child = Node | string | null | undefined | false;

/** An element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string | boolean | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  setAll(made, attributes);
  append(made, children);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same in SVG. */
export function svg(
  name: string,
  attributes: Record<string, string | number | boolean | undefined> = {},
  ...children: Child[]
): SVGElement {
  const made = document.createElementNS(SVG, name);
  setAll(made, attributes);
  append(made, children);
  return made;
}

function setAll(to: Element, attributes: Record<string, string | number | boolean | undefined>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    to.setAttribute(name, value === true ? '' : String(value));
  }
}

function append(to: Element, children: Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) to.append(child);
}
