/**
 * Numbers for readers: significant digits, thousands separators, a true minus sign, powers of ten as 10⁻⁵. Used by
 * figures (titles, labels) and by everything a notebook says, so that the same value reads the same everywhere.
 */

import { expectArguments, expectOptions, flag, kind, shown, text } from '../core/checks';

/** What may stand inside a sentence: a number is formatted, a string passes, an array becomes "a, b and c". */
export type Sayable = number | string | boolean | readonly (number | string)[];

/**
 * A number as a reader wants it, or a sentence with such numbers in it.
 *
 * @example
 * fmt(0.97341)          // '0.973'
 * fmt(12345.6)          // '12,346'
 * fmt(0.0000123, 2)     // '1.2×10⁻⁵'
 * fmt`BN reaches ${0.97341} after ${5000} steps` // 'BN reaches 0.973 after 5,000 steps'
 *
 * @param value any number; whole numbers keep all their digits, NaN and infinities are named
 * @param digits significant digits of the others, 3 unless told
 */
export function fmt(value: number, digits?: number): string;
export function fmt(strings: TemplateStringsArray, ...values: Sayable[]): string;
export function fmt(first: number | TemplateStringsArray, ...rest: (Sayable | undefined)[]): string {
  if (typeof first === 'number') {
    const digits = (rest[0] as number | undefined) ?? 3;
    if (digits !== 3) expectArguments('fmt', { digits: [digits, DIGITS] });
    return formatNumber(first, digits);
  }
  if (!Array.isArray(first)) throw new TypeError(`fmt: wanted a number or a template, got ${shown(first)}.`);
  return first.reduce((out, piece, i) => out + (i === 0 ? '' : sayable(rest[i - 1] as Sayable)) + piece, '');
}

/** Digits that JavaScript can write. */
const DIGITS = kind(
  'a whole number from 1 to 100',
  (v) => Number.isInteger(v) && (v as number) >= 1 && (v as number) <= 100,
);
const DECIMALS = kind(
  'a whole number from 0 to 100',
  (v) => Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 100,
);
/** Also what is not finite, which has words of its own. */
const ANY_NUMBER = kind('a number', (v) => typeof v === 'number');

function sayable(value: Sayable): string {
  if (typeof value === 'number') return formatNumber(value, 3);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return list(value.map((v) => sayable(v)));
  throw new TypeError(
    `A sentence takes numbers, strings and arrays of them, got ${shown(value)}. ` +
      'Read the value out first, for example with tensor.dataSync()[0].',
  );
}

/** "a", "a and b", "a, b and c". */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/**
 * A share as percent: `percent(0.97341)` is `'97.3%'`, written as the paper writes it.
 *
 * @param share 0 .. 1
 * @param decimals digits after the point; 1 unless told, and two digits in all below 1%: `percent(0.00134)` is `'0.13%'`
 */
export function percent(share: number, decimals?: number): string {
  expectArguments('percent', { share: [share, ANY_NUMBER], decimals: [decimals ?? 1, DECIMALS] });
  if (!Number.isFinite(share)) return formatNumber(share, 3);
  const hundred = share * 100;
  if (decimals === undefined && Math.abs(hundred) < 1 && hundred !== 0) return `${formatNumber(hundred, 2)}%`;
  return `${fixed(hundred, decimals ?? 1)}%`;
}

/**
 * A value with its interval, all three to the same decimals, as many as the interval's width deserves; where the ends
 * are of different sizes, each to three digits.
 *
 * @example
 * fmtInterval(0.97341, 0.9712, 0.9749)                      // '0.9734 [0.9712, 0.9749]'
 * fmtInterval(0.97341, 0.9712, 0.9749, { percent: true })   // '97.34% [97.12%, 97.49%]'
 * @param options `percent` for shares 0 .. 1; `unit` stands after each form once
 */
export function fmtInterval(
  value: number,
  low: number,
  high: number,
  options: { percent?: boolean; unit?: string } = {},
): string {
  expectArguments('fmtInterval', { value: [value, ANY_NUMBER], low: [low, ANY_NUMBER], high: [high, ANY_NUMBER] });
  expectOptions<typeof options>('fmtInterval', options, { percent: flag, unit: text });
  const sign = options.percent ? '%' : '';
  const unit = options.unit ? ` ${options.unit}` : '';
  const all = [value, low, high].map((v) => (options.percent ? v * 100 : v));
  const sizes = all.map(Math.abs);
  const width = Math.abs(high - low) * (options.percent ? 100 : 1);
  const largest = Math.max(...sizes);
  const alike = all.every(Number.isFinite) && width > 0 && largest < 1e6 && largest >= 1e-3;
  // Two digits of the width; a small end beside a large one (1.43 beside 16.6) would lose its own.
  const decimals = alike ? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(width)))) : 0;
  const one = (v: number) =>
    (alike && (decimals > 0 || Math.min(...sizes) >= 100) ? fixed(v, decimals) : formatNumber(v, 3)) + sign;
  return `${one(all[0])} [${one(all[1])}, ${one(all[2])}]${unit}`;
}

function formatNumber(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return grouped(String(value));
  // Decide on the rounded value: 999,999.7 is 1,000,000, and 0.00099996 is 0.001.
  const rounded = Number(value.toPrecision(digits));
  const exponent = Math.floor(Math.log10(Math.abs(rounded)));
  if (exponent < -3 || exponent >= 9) {
    const [mantissa, power] = value.toExponential(digits - 1).split('e');
    const trimmed = trimZeros(mantissa);
    const ten = `10${superscript(Number(power))}`;
    return trimmed === '1' ? ten : trimmed === '-1' ? `−${ten}` : `${minus(trimmed)}×${ten}`;
  }
  const decimals = Math.max(0, digits - 1 - exponent);
  return grouped(trimZeros(value.toFixed(decimals)));
}

/** A number with a fixed number of decimals, separators and a true minus sign. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return grouped(Number(text) === 0 ? text.replace('-', '') : text);
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function grouped(text: string): string {
  const [whole, part] = text.split('.');
  const withCommas = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return minus(part === undefined ? withCommas : `${withCommas}.${part}`);
}

function minus(text: string): string {
  return text.replace('-', '−');
}

/** A whole number in superscript digits: -5 is '⁻⁵'. */
export function superscript(power: number): string {
  return [...String(power)].map((c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('');
}

/**
 * Breaks a sentence into lines no wider than `width`, at spaces. Widths are estimated for a wide sans serif, so that
 * what fits here fits with any reader's font.
 *
 * @param text plain text
 * @param width pixels
 * @param fontSize pixels
 * @param bold bold letters are wider
 * @returns the lines
 */
export function wrap(text: string, width: number, fontSize: number, bold = false): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && textWidth(longer, fontSize, bold) > width) {
        lines.push(line);
        line = word;
      } else {
        line = longer;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** Estimated width of plain text in pixels (a wide sans serif such as DejaVu Sans). */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let em = 0;
  for (const c of text.replace(/<[^>]*>/g, '')) {
    if (/[iljI.,:;'|!()[\] ]/.test(c)) em += 0.36;
    else if (/[mwMW%@—]/.test(c)) em += 0.93;
    else if (/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/.test(c)) em += 0.42;
    else if (c > '\u2e80') em += 1;
    else if (/[A-Z]/.test(c)) em += 0.68;
    else em += 0.59;
  }
  return em * fontSize * (bold ? 1.1 : 1);
}
