/** The worker: the library, which trains on a GPU or on WebAssembly. It runs one experiment at a time, by name, and says what it sees as it goes. */
import type { RealName } from '../src/data/manifest';
import { type ObtainedFiles, setDatasetSource } from '../src/data/source';
import { ready, tf } from '../src/engine';
import { js } from '../src/engine/engines/js';
import { registerEngines } from '../src/engine/engines/registry';
import { wasmFromBytes } from '../src/engine/engines/wasm/browser';
import { webgpuBeside } from '../src/engine/engines/webgpu/browser/webgpu';
import { runExperiment } from '../src/experiments';
import { browserPlatform } from '../src/platform/browser';
import { setPlatform } from '../src/platform/port';
import { embeddedFiles, recognized } from './files';
import type { Reply, Request } from './protocol';

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(reply: Reply): void;
};

let running: { id: number; abort: AbortController } | undefined;
/** Runs up to this one are not wanted: a Stop may come while the engine starts, before its run has begun. */
let stoppedUpTo = 0;

/** The pictures that there are, by set. */
const pictures = new Map<RealName, ObtainedFiles>();

async function start({ wasm, environment, commit, embedded }: Extract<Request, { kind: 'start' }>): Promise<void> {
  setPlatform(browserPlatform({ environment, commit }));
  const processor = wasmFromBytes(wasm);
  registerEngines([webgpuBeside(processor), processor, js]);
  if (embedded) pictures.set(embedded.name, embeddedFiles(embedded));
  setDatasetSource(async (name) => {
    const found = pictures.get(name);
    if (found) return found;
    throw new Error(
      `${name === 'mnist' ? 'MNIST' : 'Fashion-MNIST'} is not in this page: choose its four files first.`,
    );
  });
  const card = await ready();
  scope.postMessage({ kind: 'ready', card });
}

async function run({ id, experiment, options }: Extract<Request, { kind: 'run' }>): Promise<void> {
  const abort = new AbortController();
  running = { id, abort };
  if (id <= stoppedUpTo) abort.abort();
  try {
    const answer: unknown = await runExperiment(experiment, options as never, {
      signal: abort.signal,
      onProgress: ({ done, total, text }) => scope.postMessage({ kind: 'progress', id, done, total, text }),
      onPoint: (point) => scope.postMessage({ kind: 'point', id, point }),
    }).catch((error: unknown) => {
      // What is stopped before it has data answers nothing, and throws: that is no failure.
      if (!abort.signal.aborted) throw error;
    });
    const { numTensors, numBytes } = tf.memory();
    const stopped = abort.signal.aborted;
    scope.postMessage({ kind: 'done', id, answer, stopped, tensors: numTensors, bytes: numBytes });
  } finally {
    running = undefined;
  }
}

function take({ files, known }: Extract<Request, { kind: 'files' }>): void {
  const found = recognized(files);
  if ('set' in found) pictures.set(found.set.name, found.files);
  if (known) return;
  const set = 'set' in found ? { set: found.set } : {};
  scope.postMessage({ kind: 'data', message: found.message, ...set });
}

let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === 'stop') {
    stoppedUpTo = data.id;
    if (running && running.id <= data.id) running.abort.abort();
    return;
  }
  const act = async () => {
    if (data.kind === 'start') return start(data);
    if (data.kind === 'run') return run(data);
    take(data);
  };
  turn = turn.then(act).catch((error: unknown) => {
    const id = data.kind === 'run' ? data.id : null;
    scope.postMessage({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  });
};
