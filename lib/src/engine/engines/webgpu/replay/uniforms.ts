/** Uniforms as WGSL lays out a struct of scalars and vectors. */
import type { Uniform } from '../backend';

/** Bytes to which a field of so many components is aligned; five and six are structs of the backend. */
const ALIGNED = [0, 4, 8, 16, 16, 16, 16];

/**
 * The bytes that the backend would write for a program's uniforms.
 * Source: TensorFlow.js 4.22, `makeUniforms` of backend_webgpu.ts; https://www.w3.org/TR/WGSL/#alignof.
 */
export function packUniforms(uniforms: readonly Uniform[]): ArrayBuffer {
  const fields = uniforms.map(({ type, data }) => ({ type, data: data.length === 0 ? [1] : data }));
  let end = 0;
  let widest = 4;
  let before = 0;
  const offsets = fields.map(({ data }) => {
    const alignment = before > 4 ? 16 : ALIGNED[data.length];
    widest = Math.max(widest, alignment);
    const offset = roundUp(end, alignment);
    end = offset + 4 * data.length;
    before = data.length;
    return offset;
  });
  const bytes = new ArrayBuffer(roundUp(end, widest));
  fields.forEach(({ type, data }, i) => {
    const Kind = type === 'int32' ? Int32Array : type === 'uint32' ? Uint32Array : Float32Array;
    new Kind(bytes, offsets[i], data.length).set(data);
  });
  return bytes;
}

/** The next multiple. */
export const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;
