/** Weights of networks in files: this library's and those of other frameworks. */
import { expectArgument, expectOptions, list, network as aNetwork, Options, own, shown, text } from '../core/checks';
import {
  type DataArray,
  DataError,
  readNpz,
  readSafetensors,
  readTfjsWeights,
  tfjsFiles,
  writeNpz,
  writeSafetensors,
  writeTfjsWeights,
} from '../data';
import {
  FRAMEWORKS,
  type FrameworkName,
  giveWeights,
  namedArrays,
  type Network,
  type StateDict,
  takeWeights,
} from '../nn';
import { platform } from '../platform/port';

/** Whose names and layouts: this library's own labels, or a framework's. */
export type WeightsOf = 'bnlab' | FrameworkName;

/** Options of {@link loadWeights}. */
export interface LoadWeightsOptions {
  /** Default `bnlab`. */
  from?: WeightsOf;
  /**
   * The framework's names of the modules, in the order of the network's layers with weights: `['conv1', 'bn1', 'fc']`. Needed only
   * where several are of one size and their names do not tell which comes first.
   */
  modules?: readonly string[];
}

/** Options of {@link saveWeights}. */
export interface SaveWeightsOptions {
  /** Default `bnlab`. */
  to?: WeightsOf;
  /** The framework's names of the modules, as {@link loadWeights} returns them; left out, the layers' own: `layer1`, `layer1_norm`. */
  modules?: readonly string[];
}

const LOAD_OPTIONS: Options<LoadWeightsOptions> = { from: own, modules: list };
const SAVE_OPTIONS: Options<SaveWeightsOptions> = { to: own, modules: list };
const NAMES: readonly WeightsOf[] = ['bnlab', ...(Object.keys(FRAMEWORKS) as FrameworkName[])];

function expectFramework(where: string, option: string, name: WeightsOf): void {
  if (NAMES.includes(name)) return;
  throw new RangeError(`${where}: ${option} must be one of ${NAMES.join(', ')}; got ${shown(name)}.`);
}

/**
 * Puts the weights of a file into a network of the same layers: `.npz`, `.safetensors`, or a `model.json` of TensorFlow.js with the
 * files that it names. PyTorch's `state_dict` goes into the first two (`safetensors.torch.save_file(net.state_dict(), file)`), and so
 * do the weights of Keras (`numpy.savez(file, **{w.path: w.numpy() for w in model.weights})`).
 *
 * The network is built beforehand, with what no such file holds: `normOptions: { convention: 'keras' }` for that library's epsilon,
 * `pad: 1` of `conv2d` for PyTorch's padding.
 *
 * @example const net = mlp({ sizes: [784, 100, 10], norm: 'batch', normOptions: { convention: 'pytorch' } });
 *   const modules = await loadWeights(net, 'net.safetensors', { from: 'pytorch' });
 *   await saveWeights(net, 'back.safetensors', { to: 'pytorch', modules });
 * @param source the file's path; in a browser its bytes (`.npz`, `.safetensors`), or arrays by name
 * @returns the names of the framework's modules in the order of the network's layers; of `bnlab`'s own none
 * @throws DataError for a file that is damaged or another; RangeError when layers, sizes or names differ, a value is not finite or a
 *   variance negative; TypeError for values that are no floating-point numbers. Nothing is changed then
 */
export async function loadWeights(
  network: Network,
  source: string | Uint8Array | Readonly<Record<string, DataArray>>,
  options: LoadWeightsOptions = {},
): Promise<string[]> {
  expectArgument('loadWeights', 'network', network, aNetwork);
  expectOptions('loadWeights', options, LOAD_OPTIONS);
  const { from = 'bnlab', modules } = options;
  expectFramework('loadWeights', 'from', from);
  const arrays = await arraysOf(source);
  if (from !== 'bnlab') return takeWeights(network, arrays, from, modules);
  const state: StateDict = {};
  for (const [label, { shape, values, type }] of Object.entries(arrays)) {
    if (label in network.named && !type.includes('float'))
      throw new TypeError(`loadWeights: ${label} is ${type}; wanted float32.`);
    state[label] = { shape, values: Float32Array.from(values) };
  }
  network.loadStateDict(state);
  return [];
}

async function arraysOf(source: unknown): Promise<Record<string, DataArray>> {
  if (typeof source === 'string') {
    const files = platform().files;
    if (/\.json$/i.test(source)) {
      const model = await files.readText(source);
      const folder = source.replace(/[^/\\]*$/, '');
      const parts = await Promise.all(tfjsFiles(model, source).map((path) => files.readBytes(folder + path)));
      return readTfjsWeights(model, parts, source);
    }
    return ofBytes(await files.readBytes(source), source);
  }
  if (Object.prototype.toString.call(source) === '[object Uint8Array]')
    return ofBytes(source as Uint8Array, 'the bytes');
  expectArgument('loadWeights', 'source, if it is neither a path nor bytes,', source, namedArrays);
  return source as Record<string, DataArray>;
}

/** What frameworks save unless told otherwise, and how the same weights are saved as what is read here. */
const UNREAD: { is: (bytes: Uint8Array) => boolean; what: string; advice: string }[] = [
  {
    // The archive of today, and the pickle of before version 1.6 with its magic number.
    is: (bytes) => firstFile(bytes).endsWith('/data.pkl') || startsWith(bytes, [0x80, 0x02, 0x8a, 0x0a]),
    what: 'what torch.save writes',
    advice: 'In Python: safetensors.torch.save_file(net.state_dict(), file).',
  },
  {
    is: (bytes) => firstFile(bytes) === 'metadata.json' || startsWith(bytes, [0x89, 0x48, 0x44, 0x46]),
    what: 'what Keras saves, a .keras archive or HDF5',
    advice: 'In Python: numpy.savez(file, **{w.path: w.numpy() for w in model.weights}).',
  },
];

const startsWith = (bytes: Uint8Array, wanted: readonly number[]) => wanted.every((byte, i) => bytes[i] === byte);

/** The name of the first file of a zip; empty where it is none. */
const firstFile = (bytes: Uint8Array): string =>
  isZip(bytes) ? new TextDecoder().decode(bytes.subarray(30, 30 + bytes[26] + 256 * bytes[27])) : '';

const isZip = (bytes: Uint8Array) => startsWith(bytes, [0x50, 0x4b]);

/** What is neither a zip nor known, `readSafetensors` names. */
function ofBytes(bytes: Uint8Array, name: string): Record<string, DataArray> {
  const other = UNREAD.find(({ is }) => is(bytes));
  if (other) {
    throw new DataError('format', `${name}: ${other.what}; wanted an .npz or .safetensors file. ${other.advice}`);
  }
  return isZip(bytes) ? readNpz(bytes, name) : readSafetensors(bytes, name);
}

/** The weights of a network as arrays by name, as this library or a framework names and lays them out. */
export function weightArrays(network: Network, options: SaveWeightsOptions = {}): Record<string, DataArray> {
  expectArgument('weightArrays', 'network', network, aNetwork);
  expectOptions('weightArrays', options, SAVE_OPTIONS);
  const { to = 'bnlab', modules } = options;
  expectFramework('weightArrays', 'to', to);
  if (to !== 'bnlab') return giveWeights(network, to, modules);
  const own = Object.entries(network.stateDict());
  return Object.fromEntries(own.map(([label, entry]) => [label, { ...entry, type: 'float32' }]));
}

/**
 * Writes the weights of a network to a file, whole or not at all: `.npz`, `.safetensors`, or for `to: 'tfjs'` a `.json` with a
 * weights manifest and the `.bin` of the same name, which `tf.io.loadWeights` reads. What is written for a framework holds the names
 * and layouts that `load_state_dict` (PyTorch), `assign` by path (Keras) and `loadWeights` (TensorFlow.js) want.
 *
 * @throws RangeError for another ending, or a layer that has no counterpart; the host's error when it cannot be written
 */
export async function saveWeights(network: Network, file: string, options: SaveWeightsOptions = {}): Promise<void> {
  expectArgument('saveWeights', 'network', network, aNetwork);
  expectArgument('saveWeights', 'file', file, text);
  expectOptions('saveWeights', options, SAVE_OPTIONS);
  const ending = /\.(npz|safetensors|json)$/i.exec(file)?.[1].toLowerCase();
  if (ending === undefined || (ending === 'json' && options.to !== 'tfjs')) {
    throw new RangeError(`saveWeights: '${file}' must end in .npz or .safetensors, or in .json for { to: 'tfjs' }.`);
  }
  const arrays = weightArrays(network, options);
  const { files } = platform();
  if (ending === 'json') {
    const bin = file.replace(/json$/i, 'bin');
    const { manifest, bytes } = writeTfjsWeights(arrays, bin.replace(/^.*[/\\]/, ''));
    await files.writeAtomically(bin, bytes);
    return files.writeAtomically(file, manifest);
  }
  await files.writeAtomically(file, ending === 'npz' ? writeNpz(arrays) : writeSafetensors(arrays));
}
