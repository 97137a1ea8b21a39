/** Weights as TensorFlow.js stores them: a JSON with a manifest, as `model.json` has it, and the values in files beside it. */
import { listOf, text } from '../core/checks';
import { type DataArray, decode, encode } from './arrays';
import { bytes as byteArray, dataArrays, expectArgument } from './checks';
import { DataError } from './errors';

interface Spec {
  name: string;
  shape: number[];
  dtype: string;
}
interface Group {
  paths: string[];
  weights: Spec[];
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The manifest of a model, checked. */
function manifestOf(json: string, name: string): Group[] {
  const fail = (given: string): never => {
    const wanted =
      "a model.json of TensorFlow.js, with weightsManifest: [{ paths, weights: [{ name, shape, dtype: 'float32' }] }]";
    throw new DataError('format', `${name}: ${given}; wanted ${wanted}. Save it again with model.save.`);
  };
  let model: unknown;
  try {
    model = JSON.parse(json);
  } catch (error) {
    return fail(`no JSON (${(error as Error).message})`);
  }
  const groups = (model as { weightsManifest?: unknown } | null)?.weightsManifest;
  if (!Array.isArray(groups) || groups.length === 0) return fail('JSON without a weightsManifest');
  for (const group of groups as Partial<Group>[]) {
    if (!Array.isArray(group?.paths) || !Array.isArray(group.weights)) return fail('a group without paths or weights');
    // A path leads to a file beside the model, never to another folder.
    const away = group.paths.find(
      (path) => typeof path !== 'string' || !/^[^/\\:]+$/.test(path) || path.startsWith('..'),
    );
    if (away !== undefined) return fail(`the path ${JSON.stringify(away)}, which is no file beside it`);
    for (const spec of group.weights as (Partial<Spec> & { quantization?: unknown })[]) {
      const known = typeof spec?.name === 'string' && Array.isArray(spec.shape) && spec.shape.every(isCount);
      if (!known || spec.dtype !== 'float32' || spec.quantization !== undefined) {
        return fail(`the weight ${JSON.stringify(spec).slice(0, 120)}`);
      }
    }
  }
  return groups as Group[];
}

/**
 * The files of values that a `model.json` names, beside it.
 *
 * @throws DataError `format` for another file, weights that are no float32, or paths into other folders
 */
export function tfjsFiles(json: string, name = 'model.json'): string[] {
  expectArgument('tfjsFiles', 'json', json, text);
  return manifestOf(json, name).flatMap(({ paths }) => paths);
}

/**
 * The weights of a `model.json`.
 *
 * @param json the file's text
 * @param files the contents of {@link tfjsFiles}, in that order
 * @returns arrays by name, `dense_Dense1/kernel`
 * @throws DataError `format` as {@link tfjsFiles}, and for values that are too few or too many
 */
export function readTfjsWeights(
  json: string,
  files: readonly Uint8Array[],
  name = 'model.json',
): Record<string, DataArray> {
  expectArgument('readTfjsWeights', 'json', json, text);
  expectArgument('readTfjsWeights', 'files', files, listOf(byteArray));
  const groups = manifestOf(json, name);
  const out: [string, DataArray][] = [];
  let next = 0;
  for (const { paths, weights } of groups) {
    const parts = files.slice(next, (next += paths.length));
    const sizeOf = ({ shape }: Spec) => 4 * shape.reduce((product, size) => product * size, 1);
    const wanted = weights.reduce((sum, spec) => sum + sizeOf(spec), 0);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    if (parts.length !== paths.length || bytes.length !== wanted) {
      const given = `${bytes.length} bytes in ${paths.join(', ')}`;
      throw new DataError(
        'format',
        `${name}: ${given}; wanted ${wanted} for its weights. Fetch the files of one model again.`,
      );
    }
    let at = 0;
    for (const spec of weights) {
      const size = sizeOf(spec);
      const values = decode(bytes.subarray(at, at + size), size / 4, Float32Array, (view, offset) =>
        view.getFloat32(offset, true),
      );
      out.push([spec.name, { shape: spec.shape, values, type: 'float32' }]);
      at += size;
    }
  }
  return Object.fromEntries(out);
}

/**
 * Weights as `tf.io.loadWeights` and {@link readTfjsWeights} read them.
 *
 * @param path the name that the file of values will have
 * @returns text of the JSON, and the values
 * @throws DataError `argument` for what are no arrays
 */
export function writeTfjsWeights(
  arrays: Readonly<Record<string, DataArray>>,
  path: string,
): { manifest: string; bytes: Uint8Array } {
  expectArgument('writeTfjsWeights', 'arrays', arrays, dataArrays);
  expectArgument('writeTfjsWeights', 'path', path, text);
  const entries = Object.entries(arrays);
  const weights = entries.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' }));
  const parts = entries.map(([, { values }]) => encode(Float32Array.from(values)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return { manifest: `${JSON.stringify({ weightsManifest: [{ paths: [path], weights }] })}\n`, bytes };
}
