/** HTML put together so that text is escaped unless it is said to be HTML. */
import { escapeHtml } from '../../src/core/html';

/** A piece of HTML. Only `markup` and `raw` make one. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What a template takes: nothing, text (escaped), HTML, or a list of these. */
export type Content = Html | string | number | false | null | undefined | readonly Content[];

/** A template of HTML: markup`<p>${text}</p>`. */
export function markup(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.map((text, i) => (i === 0 ? '' : asHtml(values[i - 1])) + text).join(''));
}

/** Text that is HTML already. */
export function raw(text: string): Html {
  return new Html(text);
}

function asHtml(value: Content): string {
  if (value === false || value == null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(asHtml).join('');
  return escapeHtml(String(value));
}

/** A value as JSON that ends no script element, whatever texts it holds. */
export function forScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
