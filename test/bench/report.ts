/** What the benchmark found, as data and as a page. */

/** Timings of one way to run a step. */
export interface Samples {
  /** milliseconds per step, one entry per round */
  milliseconds: number[];
  /** seconds until the first result, compilation included, where the worker tells */
  firstSeconds?: number;
  /** why there are no timings */
  error?: string;
}

export interface Report {
  date: string;
  machine: { cpu: string; cores: number; memoryGiB: number };
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
}

/** What the compiled step is meant to reach: its time at most 1 / `bar` of the best of `against`. */
const BARS: Record<string, { against: string; lanes: RegExp; bar: number }[]> = {
  dense: [
    { against: 'stock `tf.layers` and `fit`', lanes: /^TensorFlow\.js: stock$/, bar: 15 },
    { against: 'PyTorch eager', lanes: /^PyTorch: eager$/, bar: 1.5 },
    { against: "JAX's best mode", lanes: /^JAX: (jit|scan)$/, bar: 1 },
    { against: 'the matrix products alone', lanes: /: products/, bar: 0.5 },
  ],
  wide: [
    { against: 'stock `tf.layers` and `fit`', lanes: /^TensorFlow\.js: stock$/, bar: 1 },
    { against: 'PyTorch eager', lanes: /^PyTorch: eager$/, bar: 1 },
    { against: "JAX's best mode", lanes: /^JAX: (jit|scan)$/, bar: 1 },
  ],
  conv: [
    { against: 'stock `tf.layers` and `fit`', lanes: /^TensorFlow\.js: stock$/, bar: 4 },
    { against: 'PyTorch eager', lanes: /^PyTorch: eager$/, bar: 1.25 },
    { against: "JAX's best mode", lanes: /^JAX: (jit|scan)$/, bar: 1.25 },
  ],
};

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

export function markdown(report: Report): string {
  const { machine, libraries, absent, rounds } = report;
  const versions = Object.entries(libraries).map(([name, about]) =>
    name === 'TensorFlow.js'
      ? `TensorFlow.js ${about.tfjs} on ${about.engine} (TensorFlow ${about.tensorflow}, Node ${about.node})`
      : `${name} ${about.version}`,
  );
  const threads = Object.entries(libraries).flatMap(([name, about]) => {
    const given = about.threads as number | { intraOp: number } | undefined;
    return given === undefined ? [] : [`${name} ${typeof given === 'number' ? given : given.intraOp}`];
  });
  const lines = [
    '# One training step, many ways',
    '',
    `${report.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB. ${versions.join(', ')}.`,
    `Threads: ${threads.join(', ')}; a library left out here takes its own default.`,
    ...Object.entries(absent).map(([name, why]) => `${name} is absent: ${why}.`),
    '',
    `Milliseconds per step over ${rounds} interleaved rounds; ratios are of medians, compiled = 1. Written by \`npm run bench\`.`,
  ];
  for (const { name, title, productMegaflops, samples } of report.cases) {
    const compiled = median(samples['TensorFlow.js: compiled'].milliseconds);
    lines.push(
      '',
      `## ${title[0].toUpperCase()}${title.slice(1)}`,
      '',
      '| step | minimum | median | times compiled |',
      '|---|---|---|---|',
    );
    for (const [key, { milliseconds, error }] of Object.entries(samples)) {
      if (error !== undefined || milliseconds.length === 0) {
        lines.push(`| ${key} | absent: ${(error ?? 'no time').replaceAll('|', '/')} | | |`);
        continue;
      }
      const middle = median(milliseconds);
      lines.push(
        `| ${key} | ${number(Math.min(...milliseconds))} | ${number(middle)} | ${number(middle / compiled)} |`,
      );
    }
    if (productMegaflops) {
      lines.push(
        '',
        `The matrix products of the step are ${productMegaflops.toFixed(1)} million floating-point operations.`,
      );
    }
    const kernels = samples['TensorFlow.js: convolutions']?.milliseconds ?? [];
    if (kernels.length > 0) {
      const share = Math.round((100 * median(kernels)) / compiled);
      lines.push('', `The convolutions alone, in the same graph, take ${share} % of the compiled step.`);
    }
    lines.push('', '| compiled against | wanted at least | measured | |', '|---|---|---|---|');
    const missed: { against: string; best: string; bar: number }[] = [];
    for (const { against, lanes, bar } of BARS[name]) {
      const best = fastest(samples, lanes);
      const ratio = best === undefined ? NaN : median(samples[best].milliseconds) / compiled;
      const verdict = best === undefined ? 'absent' : ratio >= bar ? 'met' : 'not met';
      lines.push(`| ${against} | ${bar} | ${best === undefined ? '' : number(ratio)} | ${verdict} |`);
      if (best !== undefined && !(ratio >= bar)) missed.push({ against, best, bar });
    }
    if (missed.length > 0) lines.push(...profile(samples, missed));
  }
  if (report.extras) lines.push(...extras(report.extras));
  return `${lines.join('\n')}\n`;
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
