export { tf } from './tf';
export { Random } from './random';
