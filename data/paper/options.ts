/** What the options of the runs of this folder must be. */
export const whole = {
  words: 'a whole number above 0',
  fits: (v: unknown) => Number.isSafeInteger(v) && Number(v) > 0,
  needed: true,
} as const;
export const positive = {
  words: 'a number above 0',
  fits: (v: unknown) => Number(v) > 0 && Number(v) < Infinity,
  needed: true,
} as const;
export const named = { words: 'a name', fits: (v: unknown) => typeof v === 'string', needed: true } as const;
