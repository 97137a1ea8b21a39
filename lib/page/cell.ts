/** "Take it with you": a comparison as the cell of a notebook, which gives the page's numbers where the same engine computes. */
import type { ComparisonSpec } from '../src/experiments';

/** A value as a TypeScript literal, names without quotes where they need none. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    return `{ ${entries.map(([name, one]) => `${/^[a-z_$][\w$]*$/i.test(name) ? name : literal(name)}: ${literal(one)}`).join(', ')} }`;
  }
  return typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value);
}

/** The options of a network, in as many lines of 88 columns as they take. */
function network(spec: object): string {
  const { sizes, ...rest } = spec as { sizes: number[] };
  const options = Object.entries({ ...rest, sizes }).filter(([, value]) => value !== undefined);
  return options.reduce((text, [name, value], i) => {
    const added = `${name}: ${literal(value)}${i < options.length - 1 ? ',' : ''}`;
    const last = text.slice(text.lastIndexOf('\n') + 1);
    return i > 0 && last.length + added.length < 82 ? `${text} ${added}` : `${text}\n      ${added}`;
  }, '');
}

/** How often a run is evaluated, as the experiment does it. */
export const everyOf = ({ steps, evaluations }: ComparisonSpec) => Math.ceil(steps / evaluations);

/** The cell. */
export function cellOf(spec: ComparisonSpec): string {
  const { sides, learningRates, seeds, data, pixels, steps, batchSize, optimizer, weightDecay } = spec;
  const rows = sides.map(
    ({ name, network: given }) => `    { name: ${literal(name)}, network: {${network(given)} } },`,
  );
  return `import { compare, datasetOf, finalAccuracy, ready, table } from 'bnlab';
await ready();
const comparison = await compare({
  sides: [
${rows.join('\n')}
  ],
  learningRates: ${literal(learningRates)}, seeds: ${literal(seeds)},
  data: await datasetOf(${literal(data)}),
  pixels: ${literal(pixels)}, steps: ${steps}, batchSize: ${batchSize}, optimizer: ${literal(optimizer)},${weightDecay ? ` weightDecay: ${weightDecay},` : ''}
  evaluate: { every: ${everyOf(spec)} },
});
table(comparison.runs.map(({ side, seedIndex, history }) =>
  ({ side, seed: ${literal(seeds)}[seedIndex], accuracy: finalAccuracy(history) })),
  { percent: ['accuracy'] });
`;
}
