/** Where a page's numbers come from, as its foot and the index say it. */
import { type Verdict, verdictSigns } from '../../src/notebook/ledger';
import { claimsIn } from '../claims';
import type { Notebook } from '../notebook';

/** A name and its value. */
export interface Fact {
  name: string;
  value: string;
}

/** What stands at the foot of a page. */
export function factsOf(notebook: Notebook): Fact[] {
  const said = notebook.metadata.bnlab?.provenance;
  if (!said) return [];
  const engine = said.engine ?? {};
  const version = (key: string, title: string) => (engine[key] ? `${title} ${String(engine[key])}` : '');
  const software = [version('tensorflow', 'TensorFlow'), version('tfjs', 'TensorFlow.js'), version('node', 'Node')];
  const facts: Fact[] = [
    { name: 'Engine', value: [engine.engine, engine.device].filter(Boolean).join(', ') },
    { name: 'Software', value: software.filter(Boolean).join(', ') },
    { name: 'Data', value: said.data.join(', ') },
    { name: 'Seeds', value: said.seeds.join(', ') },
    { name: 'Profile', value: said.profile },
    { name: 'Time', value: said.minutes < 1 ? `${Math.round(said.minutes * 60)} s` : `${said.minutes} min` },
    { name: 'Code', value: said.commit ?? '' },
    { name: 'Sources', value: said.hash },
  ];
  return facts.filter(({ value }) => value !== '');
}

/** What the index says of a notebook. */
export interface Row {
  /** Each with how many claims of the notebook have it. */
  verdicts: { verdict: Verdict; count: number }[];
  /** Data, engine, profile and time. */
  made: string[];
}

/** The notebook's row of the index. */
export function rowOf(notebook: Notebook): Row {
  const said = notebook.metadata.bnlab?.provenance;
  const counts = new Map<Verdict, number>();
  const known = claimsIn(notebook).filter(({ verdict }) => Object.hasOwn(verdictSigns, verdict));
  for (const { verdict } of known) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return {
    verdicts: [...counts].map(([verdict, count]) => ({ verdict, count })),
    made: said
      ? [
          said.data.join(', ') || 'no data',
          String(said.engine?.engine ?? ''),
          said.profile,
          inMinutes(said.minutes),
        ].filter(Boolean)
      : ['not executed'],
  };
}

function inMinutes(minutes: number): string {
  if (minutes < 0.1) return '< 0.1 min';
  return `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} min`;
}
