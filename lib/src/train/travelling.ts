/** A comparison as plain data, which another process can take. */
import { type ProbeSpec, specOf } from '../probe/made';
import { probeOf } from '../probe/remade';
import type { Probes } from '../probe/types';
import type { CompareOptions, Side } from './compare-options';

/** Settings that are data by themselves. */
const SETTINGS = [
  ...(['steps', 'batchSize', 'schedule', 'evaluate', 'pixels', 'divergenceBound'] as const),
  ...(['optimizer', 'weightDecay', 'loss', 'mode', 'seeds', 'learningRates', 'shareWeights'] as const),
];

type ProbeSpecs = Record<string, ProbeSpec>;
type Own = Omit<NonNullable<Side['options']>, 'probes'> & { probes?: ProbeSpecs };

/** A comparison without its data and its callbacks. */
export interface Travelling {
  settings: Pick<CompareOptions, (typeof SETTINGS)[number]>;
  probes: ProbeSpecs | undefined;
  sides: (Pick<Side, 'name' | 'network' | 'learningRates'> & { options: Own })[];
}

type Given = Omit<CompareOptions, 'onRun'>;

/**
 * The comparison as data; null where a function of the caller's is part of a run (a network that a function builds, a loss, `record`, probes
 * that are not this library's), or where a bound on this process's memory ends it.
 */
export function travelling(options: Given): Travelling | null {
  const { sides, budget } = options;
  if (budget?.bytes !== undefined || !isData(options)) return null;
  if (!sides.every((side) => side.build === undefined && isData(side.options ?? {}))) return null;
  const settings = Object.fromEntries(
    SETTINGS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
  return {
    settings: settings as unknown as Travelling['settings'],
    probes: specsOf(options.probes),
    sides: sides.map(({ name, network, learningRates, options: own = {} }) => {
      const { probes, ...rest } = own;
      return { name, network, learningRates, options: { ...rest, ...(probes && { probes: specsOf(probes) }) } };
    }),
  };
}

/** The options that {@link travelling} was given, but for data and callbacks. */
export function arrived({ settings, probes, sides }: Travelling): Omit<CompareOptions, 'data'> {
  return {
    ...settings,
    ...(probes && { probes: probesOf(probes) }),
    sides: sides.map(({ options: { probes: own, ...rest }, ...side }) => ({
      ...side,
      options: { ...rest, ...(own && { probes: probesOf(own) }) },
    })),
  };
}

function isData({ probes = {}, record, loss }: Pick<Given, 'probes' | 'record' | 'loss'>): boolean {
  return Object.values(probes).every(specOf) && record === undefined && typeof loss !== 'function';
}

function specsOf(probes: Probes | undefined): ProbeSpecs | undefined {
  return probes && Object.fromEntries(Object.entries(probes).map(([name, probe]) => [name, specOf(probe)!]));
}

function probesOf(specs: ProbeSpecs): Probes {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, probeOf(spec)]));
}
