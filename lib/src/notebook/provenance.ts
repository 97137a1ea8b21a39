/** Where the numbers come from: the engine card, and the last cell. */
import { either, expectOptions, having, listOf, needed, number, type Options, text } from '../core/checks';
import { engineCard, engineCardHtml, engineCardText, type EngineCard } from '../engine';
import { runtimeOf, softwareOf } from '../engine/card';
import { emit } from '../figure/display';
import { fmt } from '../figure/format';
import { openClaims } from './claims';
import { card, htmlFacts, textTable } from './html';
import { profile } from '../platform/profile';

/**
 * Shows which engine computes, and why each better one does not.
 *
 * @example engineCell(await ready())
 * @param shown the card; the running engine's unless given
 */
export function engineCell(shown: EngineCard = engineCard()): void {
  emit({ 'text/html': engineCardHtml(shown), 'text/plain': engineCardText(shown) }, { bnlab: { role: 'engine' } });
}

/** What {@link provenance} takes. */
export interface ProvenanceOptions {
  /** the data sets that were used */
  data:
    | { title: string; source?: string; note?: string }
    | readonly { title: string; source?: string; note?: string }[]
    | string;
  /** the seeds that were used */
  seeds: readonly number[];
}

const DATA_SET = having<{ title: string; source?: string; note?: string }>('a data set with its title', {
  ...{ title: needed(text), source: text, note: text },
});
const PROVENANCE_OPTIONS: Options<ProvenanceOptions> = {
  ...{ data: needed(either(text, listOf(DATA_SET), DATA_SET)), seeds: needed(listOf(number)) },
};

/**
 * The last cell: engine, data, seeds and profile that made the numbers above. It holds no time and no machine's name,
 * so that the same run gives the same notebook; commit and minutes are in the notebook's metadata, by the runner.
 *
 * @throws Error when a claim of the card has no verdict
 */
export function provenance(options: ProvenanceOptions): void {
  expectOptions('provenance', options, PROVENANCE_OPTIONS);
  const open = openClaims();
  if (open.length > 0) {
    throw new Error(
      `provenance: no verdict on ${open.join(', ')}. Every claim on the card gets one: call verdict({ id: '${open[0]}', ... }).`,
    );
  }
  const engine = engineCard();
  const sets = typeof options.data === 'string' ? [{ title: options.data }] : [options.data].flat();
  const software = [softwareOf(engine), `TensorFlow.js ${engine.tfjs}`, runtimeOf(engine)];
  const rows: [string, string][] = [
    ['Data', sets.map((set) => [set.title, set.source, set.note].filter(Boolean).join('; ')).join(' / ')],
    [
      'Seeds',
      options.seeds.length > 0 ? options.seeds.map((seed) => fmt(seed)).join(', ') : 'none: nothing here is random',
    ],
    ['Profile', profile()],
    ['Engine', software.join(', ')],
  ];
  emit(
    {
      'text/html': card(
        'provenance',
        '#8c8c8c',
        `<p style="margin:2px 0"><strong>What made these numbers</strong></p>${htmlFacts(rows)}`,
      ),
      'text/plain': textTable(rows),
    },
    {
      bnlab: { role: 'provenance', data: sets.map((set) => set.title), seeds: [...options.seeds], profile: profile() },
    },
  );
}
