/** What the benchmark found, as data and as a page. */

/** Timings of one way to run a step. */
export interface Samples {
  /** milliseconds per step, one entry per round */
  milliseconds: number[];
  /** seconds until the first result, compilation included, where the worker tells */
  firstSeconds?: number;
  /** threads that were faster, where there was a choice */
  threads?: number;
  /** why there are no timings */
  error?: string;
}

export interface Report {
  date: string;
  /** of the processor, or `gpu` */
  make: Make;
  machine: { cpu: string; cores: number; memoryGiB: number };
  /** processes that wanted a processor when the run began, as an average over a minute */
  load?: number;
  libraries: Record<string, Record<string, unknown>>;
  /** peers that are not there, and why */
  absent: Record<string, string>;
  rounds: number;
  cases: { name: string; title: string; productMegaflops?: number; samples: Record<string, Samples> }[];
  extras?: {
    traces: { name: string; costs: { traceAndLoad: number; firstStep: number }[] }[];
    calls: { steps: number; millisecondsPerStep: number }[];
    long: { steps: number; seconds: number; beforeMiB: number; peakMiB: number; afterMiB: number };
  };
  /** milliseconds for a step of either of two dense runs: in two processes of one thread at once, and in one process after the other */
  side?: { library: string; mode: string; two: number[]; one: number[]; error?: string }[];
  /** of a dense run on as many pictures as MNIST has */
  /** The median of several processes (one, in files that do not say). */
  memory?: { library: string; mode: string; peakMiB: number; processes?: number }[];
}

/** Whose processor it is. */
export type Make = 'amd' | 'arm' | 'gpu' | 'intel';

export function makeOf(cpu: string, gpu: boolean): Make {
  return gpu ? 'gpu' : /amd/i.test(cpu) ? 'amd' : /intel/i.test(cpu) ? 'intel' : 'arm';
}

/** What an earlier run has measured that a new one may go on from: on the same day and machine, with the same libraries and rounds; else nothing. */
export function goneOnFrom(report: Report, earlier: Report | undefined): Partial<Report> {
  const conditions = ({ date, machine, libraries, absent, rounds }: Report) =>
    JSON.stringify([date, machine, libraries, absent, rounds]);
  if (!earlier || conditions(report) !== conditions(earlier)) return {};
  const { load, cases, extras, side, memory } = earlier;
  return { load, cases, extras, side, memory };
}

/** What the compiled step is meant to reach: its time at most 1 / `bar` of the best of `against`, on this make or on any. */
interface Bar {
  against: string;
  lanes: RegExp;
  bar: number | Partial<Record<Make, number>>;
}

const STOCK = { against: 'stock `tf.layers` and `fit`', lanes: /^TensorFlow\.js: stock$/ };
const PYTORCH = { against: "PyTorch's best mode", lanes: /^PyTorch: (eager|torch)/ };
const JAX = { against: "JAX's best mode", lanes: /^JAX: (jit|scan)$/ };

const BARS: Record<string, Bar[]> = {
  dense: [
    { ...STOCK, bar: 15 },
    { ...PYTORCH, bar: { intel: 3.2, amd: 3.7 } },
    { ...JAX, bar: { intel: 1.6, amd: 1.4 } },
    { against: 'the matrix products alone', lanes: /: products/, bar: 0.5 },
  ],
  wide: [
    { ...STOCK, bar: 1 },
    { ...PYTORCH, bar: { intel: 1.08, amd: 2 } },
    { ...JAX, bar: { intel: 1.08, amd: 1.05 } },
  ],
  conv: [
    { ...STOCK, bar: 7 },
    { ...PYTORCH, bar: 1.15 },
    { ...JAX, bar: 1.25 },
  ],
};

/** The bar for a make; for one that has none, the lowest. */
function barFor({ bar }: Bar, make: Make): number {
  return typeof bar === 'number' ? bar : (bar[make] ?? Math.min(...Object.values(bar)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The lane with the smallest median among those that have times. */
function fastest(samples: Record<string, Samples>, lanes: RegExp): string | undefined {
  const middle = (key: string) => median(samples[key].milliseconds);
  return Object.keys(samples)
    .filter((key) => lanes.test(key) && samples[key].error === undefined && samples[key].milliseconds.length > 0)
    .sort((a, b) => middle(a) - middle(b))[0];
}

/** The variant by which a library runs the dense step fastest, and its number of threads where there was a choice. */
export function bestMode({ cases }: Report, library: string): { mode: string; threads?: number } | undefined {
  const samples = cases.find(({ name }) => name === 'dense')?.samples;
  const mode = library === 'TensorFlow.js' ? 'compiled$' : '(eager|torch|jit|scan)';
  const best = samples && fastest(samples, new RegExp(`^${library.replace('.', '\\.')}: ${mode}`));
  return best === undefined ? undefined : { mode: best.slice(`${library}: `.length), threads: samples![best].threads };
}

/**
 * Why a bar was not met: what share of each library's step its kernels take by themselves, and whether the ratio is larger than what it
 * varies by from round to round.
 */
function profile(
  samples: Record<string, Samples>,
  missed: readonly { against: string; best: string; bar: number }[],
): string[] {
  const compiled = samples['TensorFlow.js: compiled'];
  const rows: string[] = [];
  const row = (library: string, step: string | undefined) => {
    const alone = fastest(samples, new RegExp(`^${library}: (products|convolutions)`));
    if (!step || !alone) return;
    const [whole, part] = [step, alone].map((key) => median(samples[key].milliseconds));
    const share = `${Math.round((100 * part) / whole)} %`;
    rows.push(`| ${step} | ${number(whole)} | ${number(part)} | ${number(whole - part)} | ${share} |`);
  };
  row('TensorFlow\\.js', 'TensorFlow.js: compiled');
  row('PyTorch', fastest(samples, /^PyTorch: (eager|torch)/));
  row('JAX', fastest(samples, /^JAX: (jit|scan)$/));
  const lines = ['', 'Where the time of a step goes, milliseconds, medians of the same rounds:', ''];
  lines.push(
    '| step | whole | its products or convolutions alone | the rest | share alone |',
    '|---|---|---|---|---|',
    ...rows,
  );
  for (const { against, best, bar } of missed) {
    const ratios = samples[best].milliseconds
      .map((ms, round) => ms / compiled.milliseconds[round])
      .sort((a, b) => a - b);
    const quartile = (q: number) => number(ratios[Math.round(q * (ratios.length - 1))]);
    const reached = ratios.filter((ratio) => ratio >= bar).length;
    lines.push(
      '',
      `Not met against ${against}: round by round, ${best} took ${number(median(ratios))} times compiled (quartiles ` +
        `${quartile(0.25)} to ${quartile(0.75)}); ${reached} of ${ratios.length} rounds reached ${bar}.`,
    );
  }
  return lines;
}

const number = (value: number) => (Number.isFinite(value) ? value.toPrecision(3) : 'none');

/** The page: makes of processor side by side, then each by itself. */
export function markdown(reports: readonly Report[]): string {
  const lines = [
    '# One training step, many ways',
    '',
    'Milliseconds per step, the rounds interleaved; ratios are of medians in one run. Written by `npm run bench`: a run on another make of',
    'processor adds to this page. Peers run with one thread or all, whichever was faster in their warm-up.',
    '',
    '## Side by side',
    '',
    'How many times as long a peer takes as the compiled step, and what was wanted.',
    '',
    `| step | against | ${reports.map(({ make }) => NAMES[make]).join(' | ')} |`,
    `|---|---|${reports.map(() => '---|').join('')}`,
    ...Object.entries(BARS).flatMap(([name, bars]) =>
      bars.map(
        (bar) => `| ${name} | ${bar.against} | ${reports.map((report) => inShort(report, name, bar)).join(' | ')} |`,
      ),
    ),
  ];
  for (const report of reports) lines.push(...ofMake(report));
  return `${lines.join('\n')}\n`;
}

export const NAMES: Record<Make, string> = { amd: 'AMD', arm: 'ARM', gpu: 'GPU', intel: 'Intel' };

function against(samples: Record<string, Samples>, { lanes }: Bar): { best?: string; ratio: number } {
  const best = fastest(samples, lanes);
  const compiled = samples['TensorFlow.js: compiled'].milliseconds;
  return { best, ratio: best === undefined ? NaN : median(samples[best].milliseconds) / median(compiled) };
}

function inShort({ cases, make }: Report, name: string, bar: Bar): string {
  const found = cases.find((one) => one.name === name);
  if (!found) return '';
  const { ratio } = against(found.samples, bar);
  return Number.isNaN(ratio) ? 'absent' : `${number(ratio)} (${barFor(bar, make)})`;
}

function ofMake(report: Report): string[] {
  const { make, machine, load, libraries, absent, rounds } = report;
  const versions = Object.entries(libraries).map(([name, about]) =>
    name === 'TensorFlow.js'
      ? `TensorFlow.js ${about.tfjs} on ${about.engine} (TensorFlow ${about.tensorflow}, Node ${about.node})`
      : `${name} ${about.version}`,
  );
  const busy =
    load === undefined || load <= machine.cores / 2
      ? ''
      : ` The machine was busy when the run began (load ${number(load)} on ${machine.cores} cores): read ratios, not times.`;
  const lines = [
    '',
    `# ${NAMES[make]}`,
    '',
    `${report.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${rounds} rounds. ${versions.join(', ')}.${busy}`,
    ...Object.entries(absent).map(([name, why]) => `${name} is absent: ${why}.`),
  ];
  for (const one of report.cases) lines.push(...ofCase(one, make));
  if (report.side?.length) lines.push(...sideBySide(report.side));
  if (report.memory?.length) lines.push(...memory(report.memory));
  if (report.extras) lines.push(...extras(report.extras));
  return lines;
}

function ofCase({ name, title, productMegaflops, samples }: Report['cases'][number], make: Make): string[] {
  const compiled = median(samples['TensorFlow.js: compiled'].milliseconds);
  const lines = [
    '',
    `## ${title[0].toUpperCase()}${title.slice(1)}`,
    '',
    '| step | minimum | median | times compiled | threads |',
    '|---|---|---|---|---|',
  ];
  for (const [key, { milliseconds, error, threads }] of Object.entries(samples)) {
    if (error !== undefined || milliseconds.length === 0) {
      lines.push(`| ${key} | absent: ${(error ?? 'no time').replaceAll('|', '/')} | | | |`);
      continue;
    }
    const middle = median(milliseconds);
    const [least, ratio] = [number(Math.min(...milliseconds)), number(middle / compiled)];
    lines.push(`| ${key} | ${least} | ${number(middle)} | ${ratio} | ${threads ?? ''} |`);
  }
  const copy = samples['TensorFlow.js, a copy: compiled']?.milliseconds ?? [];
  if (copy.length > 0) {
    const ratio = number(median(copy) / compiled);
    lines.push('', `Noise: a copy of the compiled lane, in a process of its own, took ${ratio} times as long.`);
  }
  if (productMegaflops) {
    const flops = productMegaflops.toFixed(1);
    lines.push('', `The matrix products of the step are ${flops} million floating-point operations.`);
  }
  const kernels = samples['TensorFlow.js: convolutions']?.milliseconds ?? [];
  if (kernels.length > 0) {
    const share = Math.round((100 * median(kernels)) / compiled);
    lines.push('', `The convolutions alone, in the same graph, take ${share} % of the compiled step.`);
  }
  lines.push('', '| compiled against | wanted at least | measured | |', '|---|---|---|---|');
  const missed: { against: string; best: string; bar: number }[] = [];
  for (const one of BARS[name]) {
    const { best, ratio } = against(samples, one);
    const bar = barFor(one, make);
    const verdict = best === undefined ? 'absent' : ratio >= bar ? 'met' : 'not met';
    lines.push(`| ${one.against} | ${bar} | ${best === undefined ? '' : number(ratio)} | ${verdict} |`);
    if (best !== undefined && !(ratio >= bar)) missed.push({ against: one.against, best, bar });
  }
  if (missed.length > 0) lines.push(...profile(samples, missed));
  return lines;
}

function sideBySide(side: NonNullable<Report['side']>): string[] {
  const rows = side.map(({ library, mode, two, one, error }) => {
    if (error !== undefined || two.length === 0) return `| ${library}: ${mode} | absent: ${error ?? 'no time'} | | |`;
    return `| ${library}: ${mode} | ${number(median(two))} | ${number(median(one))} | ${number(median(one) / median(two))} |`;
  });
  return [
    '',
    '## Two runs side by side (dense)',
    '',
    'Milliseconds for a step of either run, medians: two processes of one thread at once, as a sweep has them, and one process after the other.',
    '',
    '| library | two processes | one after the other | gain |',
    '|---|---|---|---|',
    ...rows,
  ];
}

function memory(found: NonNullable<Report['memory']>): string[] {
  return [
    '',
    '## Memory (dense, 60,000 pictures as bytes)',
    '',
    '| library | most that was resident, MiB | median of how many processes |',
    '|---|---|---|',
    ...found.map(
      ({ library, mode, peakMiB, processes = 1 }) => `| ${library}: ${mode} | ${Math.round(peakMiB)} | ${processes} |`,
    ),
  ];
}

function extras({ traces, calls, long }: NonNullable<Report['extras']>): string[] {
  return [
    '',
    '## What compiling costs',
    '',
    '| step | trace and load, ms | until the first step is done, ms |',
    '|---|---|---|',
    ...traces.map(({ name, costs }) => {
      const of = (key: 'traceAndLoad' | 'firstStep') => number(median(costs.map((cost) => cost[key])));
      return `| ${name} | ${of('traceAndLoad')} | ${of('firstStep')} |`;
    }),
    '',
    '## Steps per call of `run` (dense)',
    '',
    '| steps | ms per step |',
    '|---|---|',
    ...calls.map(({ steps, millisecondsPerStep }) => `| ${steps} | ${number(millisecondsPerStep)} |`),
    '',
    `## ${long.steps.toLocaleString('en')} steps (dense)`,
    '',
    `${number(long.seconds)} s. Resident memory of the process: ${long.beforeMiB} MiB before, ${long.peakMiB} at the peak, ` +
      `${long.afterMiB} after.`,
  ];
}
