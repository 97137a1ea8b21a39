/** A recorded step in words. */
import type { AnyCommand, AnyRecording, Feed, Value } from './recording';

const section = (title: string, lines: readonly string[]) =>
  lines.length > 0 ? [`  ${title}`, ...lines.map((line) => `    ${line}`)] : [];

const typed = ({ dtype, shape }: Pick<Value, 'dtype' | 'shape'>) => `${dtype} [${shape.join(', ')}]`;

const fed: Record<Feed['kind'], (feed: never) => string> = {
  rows: () => 'rows',
  step: () => 'step',
  schedule: ({ name }: Feed & { kind: 'schedule' }) => name,
  random: ({ draw }: Feed & { kind: 'random' }) => `random${draw}`,
};

/**
 * A recording, line by line: what goes in, each command as `name = kernel(inputs): type [shape]`, what comes out, what is assigned.
 * @param what a step is, in the first line
 */
export function listing<C extends AnyCommand>(
  { values, commands, outputs, changed }: AnyRecording<C>,
  what: string,
): string {
  const names = new Map<Value, string>();
  const counts = new Map<string, number>();
  const numbered = (name: string) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${name}_${count}`;
  };
  for (const value of values) {
    const { source } = value;
    if (source.kind === 'data') names.set(value, source.name);
    if (source.kind === 'feed') names.set(value, fed[source.feed.kind](source.feed as never));
    if (source.kind === 'variable') names.set(value, source.variable.name);
    if (source.kind === 'constant' || source.kind === 'held') names.set(value, numbered(source.kind));
  }
  const given = [...names].map(([value, name]) => `${name}: ${typed(value)}`);
  const operations = commands.map(({ name, reads, writes }) => {
    for (const value of writes) if (!names.has(value)) names.set(value, numbered(name));
    const made = writes.map((value) => names.get(value)).join(', ');
    return `${made} = ${name}(${reads.map((value) => names.get(value)).join(', ')}): ${writes.map(typed).join(', ')}`;
  });
  return [
    `replay: ${what} a step`,
    ...section('inputs', given),
    ...section('operations', operations),
    ...section(
      'outputs',
      outputs.map(({ name, value, shape, dtype }) => `${name} = ${names.get(value)}: ${typed({ dtype, shape })}`),
    ),
    ...section(
      'variables assigned',
      changed.map(({ variable, after }) => `${variable.name} = ${names.get(after)}: ${typed(after)}`),
    ),
  ].join('\n');
}
