export { tf } from './tf';
export { Random } from './random';
export { ready } from './engine';
