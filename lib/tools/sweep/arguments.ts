/** What the commands of sweeps read from their command lines. */
import { InvalidArgumentError } from 'commander';

/** A number of things, at least one. */
export function counting(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Wanted a whole number of at least 1.');
  return value;
}

/** `90s`, `10m`, `2h`; a number alone is seconds. */
export function seconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Wanted a time such as 90s, 10m or 2h.');
  return Number(number) * { s: 1, m: 60, h: 3600 }[unit ?? 's']!;
}
