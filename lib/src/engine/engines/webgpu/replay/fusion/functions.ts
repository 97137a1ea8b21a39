/** The functions that the operations of a group bring along, in one shader. */
import { FUNCTIONS } from '../../shaders/functions';
import type { MapNode } from './nodes';

/** Names of functions that each operation's text has for itself. */
const OWN = ['unaryOperation', 'ownUnary', 'binaryOperation', 'ownBinary', 'oneOperation', 'clip'];

const PRELUDE = `
fn isnan(val : f32) -> bool { return (bitcast<u32>(val) & 0x7fffffffu) > 0x7f800000u; }
fn isinf(val : f32) -> bool { return (bitcast<u32>(val) & 0x7fffffffu) == 0x7f800000u; }
${FUNCTIONS.NAN_WHERE}
fn largest(a : f32, b : f32) -> f32 { return nanWhere(isnan(a) || isnan(b), max(a, b)); }
fn smallest(a : f32, b : f32) -> f32 { return nanWhere(isnan(a) || isnan(b), min(a, b)); }
`;

/** Those of one shader. */
export class Functions {
  /** by their texts: the number that makes their names their own */
  private readonly numbers = new Map<string, number>();
  private readonly shared = new Map<string, string>();
  private readonly own: string[] = [];

  /** All of them; asked for when the last operation has brought its own. */
  text(): string {
    return [PRELUDE, ...this.shared.values(), ...this.own].join('\n');
  }

  /** The node's expression, with functions that no other operation's are mistaken for. */
  renamed({ functions, expression }: MapNode): MapNode['expression'] {
    if (functions === '') return expression;
    let number = this.numbers.get(functions);
    const rename = (text: string) =>
      text.replace(/\b(\w+)\s*\(/g, (all, name: string) => (OWN.includes(name) ? `${name}${number}(` : all));
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(functions, number);
      for (const { name, text } of declarations(functions)) {
        if (OWN.includes(name)) this.own.push(rename(text));
        else if (!PRELUDE.includes(`fn ${name}(`)) this.shared.set(name, text);
      }
    }
    return (operands) => {
      const [call, ...rest] = expression(operands).split('(');
      return [`${call}${number}`, ...rest].join('(');
    };
  }
}

/** Functions and constants of a text, one by one. */
function declarations(text: string): { name: string; text: string }[] {
  const found: { name: string; text: string }[] = [];
  const head = /\b(fn|const)\s+(\w+)/g;
  for (let match = head.exec(text); match; match = head.exec(text)) {
    const end =
      match[1] === 'const' ? text.indexOf(';', match.index) + 1 : closing(text, text.indexOf('{', match.index));
    found.push({ name: match[2], text: text.slice(match.index, end) });
    head.lastIndex = end;
  }
  return found;
}

/** Where the brace that opens at `from` has been closed. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return i + 1;
  }
  return text.length;
}
