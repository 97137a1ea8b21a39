/** What the experiment of squares.ts computes with. */
export const TROUBLE = 13;
export const needsTwoTries = (x: number): boolean => x === 3;
export const square = (x: number): number => x * x;
