import { escapeHtml } from '../core/html';
import { expectArgument, having, listOf, needed, number, object, oneOf, orNull, text } from '../core/checks';

/** The engines of this library, best first. `native` is TensorFlow itself, on a GPU where it finds one. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The names that `BNLAB_ENGINE` takes. */
export const ENGINE_NAMES = ['native', 'webgpu', 'wasm', 'js'] as const;

/** A better engine that was not taken. */
export interface PassedOver {
  /** `cuda` stands for the native engine on an NVIDIA GPU. */
  engine: 'cuda' | EngineName;
  /** Why it was not taken. */
  why: string;
  /** What to run to have it, or null where nothing would help. */
  fix: string | null;
}

/** What computes, in plain data: safe to store beside a result and to compare. */
export interface EngineCard {
  /** Which engine computes. */
  engine: EngineName;
  /** True when a GPU computes: TensorFlow on one of NVIDIA, or WebGPU on any. */
  gpu: boolean;
  /** The processor or GPU, as its maker names it. */
  device: string;
  /** TensorFlow's version, or null when TensorFlow.js computes without it. */
  tensorflow: string | null;
  /** TensorFlow.js's version. */
  tfjs: string;
  /** Node's version, without the v; in a browser its name and version, `Chrome/147.0`. */
  node: string;
  /**
   * Threads that compute: inside one operation, and operations side by side. TensorFlow takes both from
   * `TF_NUM_INTRAOP_THREADS` and `TF_NUM_INTEROP_THREADS`, else one per processor; wasm and js have one.
   */
  threads: { intraOp: number; interOp: number };
  /** Bytes of memory that this process may use: the machine's, or its container's limit; null where nobody tells. */
  memoryBytes: number | null;
  /** The better engines that were passed over, best first. Empty with a GPU. */
  passedOver: PassedOver[];
}

/** The card as lines of text, for a terminal. */
export function engineCardText(card: EngineCard): string {
  const rows = cardRows('engineCardText', card);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** The card as an HTML table, for a notebook or a report. Needs no style sheet and no network. */
export function engineCardHtml(card: EngineCard): string {
  const rows = cardRows('engineCardHtml', card).map(
    ([name, value]) =>
      `<tr><th scope="row" style="text-align:left">${escapeHtml(name)}</th><td style="text-align:left">${escapeHtml(value)}</td></tr>`,
  );
  return `<table class="bnlab-engine"><caption>What computes here</caption><tbody>\n${rows.join('\n')}\n</tbody></table>`;
}

const PASSED_OVER = listOf(
  having<PassedOver>('an engine that was passed over', { engine: needed(text), why: needed(text), fix: orNull(text) }),
);
const CARD = having<EngineCard>('an engine card, as ready() gives it', {
  ...{ engine: needed(oneOf(ENGINE_NAMES)), device: needed(text), threads: needed(object) },
  ...{ tensorflow: orNull(text), tfjs: needed(text), node: needed(text), memoryBytes: orNull(number) },
  passedOver: needed(PASSED_OVER),
});

/** An engine in words. A card may come from another machine, so that they are not the engine's own to say. */
const WORDS: Record<EngineName, { title(card: EngineCard): string; software(card: EngineCard): string }> = {
  native: {
    title: ({ tensorflow, gpu }) => `native: TensorFlow ${tensorflow} on ${gpu ? 'the GPU' : 'the processor'}`,
    software: ({ tensorflow, gpu }) => `TensorFlow ${tensorflow} on ${gpu ? 'a GPU' : 'the processor'}`,
  },
  webgpu: {
    title: ({ gpu }) => `webgpu: TensorFlow.js on WebGPU, ${gpu ? 'on the GPU' : 'in software'}`,
    software: () => 'TensorFlow.js, webgpu engine',
  },
  wasm: {
    title: () => 'wasm: TensorFlow.js in WebAssembly',
    software: () => 'TensorFlow.js, wasm engine',
  },
  js: {
    title: () => 'js: TensorFlow.js in plain JavaScript',
    software: () => 'TensorFlow.js, js engine',
  },
};

/** What runs the program: Node, or a browser, which has its name in front. */
export function runtimeOf({ node }: EngineCard): string {
  return /^\d/.test(node) ? `Node ${node}` : node;
}

/** What computed, as a line of a provenance says it. */
export function softwareOf(card: EngineCard): string {
  return WORDS[card.engine].software(card);
}

function cardRows(where: string, card: EngineCard): [string, string][] {
  expectArgument(where, 'card', card, CARD);
  const { intraOp, interOp } = card.threads;
  const rows: [string, string][] = [
    ['Engine', WORDS[card.engine].title(card)],
    ['Device', card.device],
    ['Threads', `${intraOp} inside an operation, ${interOp} across operations`],
    ['Memory', card.memoryBytes === null ? 'not told' : `${(card.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['Software', `TensorFlow.js ${card.tfjs}, ${runtimeOf(card)}`],
  ];
  for (const { engine, why, fix } of card.passedOver) {
    rows.push(['Passed over', `${engine}: ${why}${fix ? ` (to have it: ${fix})` : ''}`]);
  }
  return rows;
}
