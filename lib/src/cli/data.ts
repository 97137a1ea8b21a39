import { loadDataset } from '../data';

/**
 * `npm run data [-- NAME]`: gets a data set ready and says which one it is.
 *
 * @param argv the data set's name: mnist, fashion, digits, or auto (the default: MNIST where it can be had, else digits)
 * @returns exit code
 * @throws TypeError when the name is none of these
 */
export async function getData(argv: string[]): Promise<number> {
  const [name = 'auto'] = argv;
  if (name !== 'auto' && name !== 'mnist' && name !== 'fashion' && name !== 'digits') {
    throw new TypeError(`There is no data set '${name}'. There are: mnist, fashion, digits, and auto.`);
  }
  const began = Date.now();
  const data = await loadDataset(name);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    `  ✓ ${'data'.padEnd(20)}${`${seconds} s`.padStart(8)}   ${data.title}: ${data.train.n} + ${data.test.n} images (${data.source})\n`,
  );
  return 0;
}
