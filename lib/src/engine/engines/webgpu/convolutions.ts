/**
 * The gradient of a convolution for its filter. TensorFlow.js gives each element of the filter one invocation, which goes through all positions
 * of all examples: a filter of 3 x 3 x 1 x 16 keeps 144 invocations busy for 50,000 rounds and the rest of the device idle. Here it is the product
 *
 *   dw[k, n] = sum over p of patch[p, k] dy[p, n],   k = (row, column, channel) of the filter, p = (example, row, column) of dy,
 *
 * in tiles that a workgroup keeps in its memory, cut into slices along p so that there is work for all; a second program adds the slices.
 */
import { tf } from '../../tf';
import type { Info, KernelFunction } from '../mend';
import type { Program, WebGPUBackend } from './backend';

/** Elements of a tile along either side: 8 x 8 invocations with 4 x 4 each. */
const TILE = 32;
/** Positions whose elements are in a workgroup's memory at once. */
const DEPTH = 16;
/** Workgroups that a device should have. */
const WORKGROUPS = 512;
/** Slices, at most: the second program goes through them one by one. */
const SLICES = 128;

type Layout = 'channelsLast' | 'channelsFirst';

const CODE = (layout: Layout) => `
var<workgroup> patches : array<array<f32, ${TILE}>, ${DEPTH}>;
var<workgroup> outputs : array<array<f32, ${TILE}>, ${DEPTH}>;
fn main() {
  let last = ${layout === 'channelsLast'};
  let inner = select(uniforms.xShape[1], uniforms.xShape[3], last);
  let outer = select(uniforms.dyShape[1], uniforms.dyShape[3], last);
  let height = select(uniforms.xShape[2], uniforms.xShape[1], last);
  let width = select(uniforms.xShape[3], uniforms.xShape[2], last);
  let rows = select(uniforms.dyShape[2], uniforms.dyShape[1], last);
  let columns = select(uniforms.dyShape[3], uniforms.dyShape[2], last);
  let count = uniforms.filterDims.x * uniforms.filterDims.y * inner;
  let positions = uniforms.dyShape[0] * rows * columns;
  let firstK = i32(workgroupId.y) * ${TILE};
  let firstN = i32(workgroupId.x) * ${TILE};
  let begin = i32(workgroupId.z) * uniforms.slice;
  let end = min(positions, begin + uniforms.slice);
  // of the tiles each invocation fills one column, every second row
  let side = i32(localIndex) % ${TILE};
  let k = firstK + side;
  let n = firstN + side;
  let row = k / (uniforms.filterDims.y * inner) - uniforms.pads.x;
  let column = (k / inner) % uniforms.filterDims.y - uniforms.pads.y;
  let channel = k % inner;
  var sums : array<vec4<f32>, 4>;
  for (var done = 0; done < uniforms.slice; done += ${DEPTH}) { // as often in all: a barrier is for all or none
    let at = begin + done;
    for (var d = i32(localIndex) / ${TILE}; d < ${DEPTH}; d += 2) {
      let p = at + d;
      let example = p / (rows * columns);
      let r = (p / columns) % rows;
      let c = p % columns;
      let xR = r * uniforms.strides.x + row;
      let xC = c * uniforms.strides.y + column;
      var patchValue = 0.0;
      if (p < end && k < count && xR >= 0 && xR < height && xC >= 0 && xC < width) {
        patchValue = f32(x[select(((example * inner + channel) * height + xR) * width + xC, ((example * height + xR) * width + xC) * inner + channel, last)]);
      }
      var outputValue = 0.0;
      if (p < end && n < outer) {
        outputValue = f32(dy[select(((example * outer + n) * rows + r) * columns + c, p * outer + n, last)]);
      }
      patches[d][side] = patchValue;
      outputs[d][side] = outputValue;
    }
    workgroupBarrier();
    for (var d = 0; d < ${DEPTH}; d++) {
      let left = i32(localId.x) * 4;
      let ys = vec4<f32>(outputs[d][left], outputs[d][left + 1], outputs[d][left + 2], outputs[d][left + 3]);
      for (var i = 0; i < 4; i++) { sums[i] += patches[d][i32(localId.y) * 4 + i] * ys; }
    }
    workgroupBarrier();
  }
  for (var i = 0; i < 4; i++) {
    for (var j = 0; j < 4; j++) {
      let ownK = firstK + i32(localId.y) * 4 + i;
      let ownN = firstN + i32(localId.x) * 4 + j;
      if (ownK < count && ownN < outer) { result[(i32(workgroupId.z) * count + ownK) * outer + ownN] = sums[i][j]; }
    }
  }
}`;

const SUM = `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var s = 0; s < uniforms.slices; s++) { sum += parts[s * uniforms.size + index]; }
  result[index] = sum;
}`;

/** Of the convolution whose gradient is asked for. */
interface Geometry {
  filterShape: number[];
  pads: number[];
  strides: number[];
  layout: Layout;
  /** of `dy`, in all examples */
  positions: number;
}

/** How many slices there are, and how many positions each has: a multiple of what is in memory at once. */
export function slicesOf(filterShape: readonly number[], positions: number): { slices: number; length: number } {
  const [height, width, inner, outer] = filterShape;
  const tiles = Math.ceil((height * width * inner) / TILE) * Math.ceil(outer / TILE);
  const wanted = Math.max(1, Math.min(SLICES, Math.floor(WORKGROUPS / tiles)));
  const length = DEPTH * Math.max(1, Math.ceil(positions / wanted / DEPTH));
  return { slices: Math.max(1, Math.ceil(positions / length)), length };
}

function productProgram({ filterShape, layout }: Geometry, slices: number): Program {
  const [height, width, inner, outer] = filterShape;
  const whole = slices === 1;
  return {
    variableNames: ['x', 'dy'],
    outputShape: whole ? filterShape : [slices, height * width * inner, outer],
    shaderKey: `bnlab_filter_gradient_${layout}`,
    workgroupSize: [8, 8, 1],
    dispatchLayout: whole ? { x: [3], y: [0, 1, 2] } : { x: [2], y: [1], z: [0] },
    dispatch: [Math.ceil(outer / TILE), Math.ceil((height * width * inner) / TILE), slices],
    uniforms: 'pads : vec2<i32>, strides : vec2<i32>, filterDims : vec2<i32>, slice : i32,',
    getUserCode: () => CODE(layout),
  };
}

function sumProgram(filterShape: number[]): Program {
  return {
    variableNames: ['parts'],
    outputShape: filterShape,
    shaderKey: 'bnlab_sum_of_slices',
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(tf.util.sizeFromShape(filterShape) / 64), 1, 1],
    uniforms: 'slices : i32,',
    size: true,
    getUserCode: () => SUM,
  };
}

function geometryOf(x: Info, attrs: Record<string, unknown>): Geometry {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as {
    strides: [number, number];
    pad: 'same';
    dataFormat: 'NHWC';
    dimRoundingMode?: 'floor';
    filterShape: [number, number, number, number];
  };
  const layout = tf.backend_util.convertConv2DDataFormat(dataFormat);
  const shape = x.shape as [number, number, number, number];
  const { padInfo, strideHeight, strideWidth, batchSize, outHeight, outWidth } = tf.backend_util.computeConv2DInfo(
    ...([shape, filterShape, strides, 1, pad, dimRoundingMode, false, layout] as const),
  );
  return {
    filterShape,
    pads: [padInfo.top, padInfo.left],
    strides: [strideHeight, strideWidth],
    layout,
    positions: batchSize * outHeight * outWidth,
  };
}

/** Kernel function of `Conv2DBackpropFilter`. */
export const filterGradient = (): KernelFunction => (parameters) => {
  const { x, dy } = parameters.inputs as Record<string, Info>;
  const backend = parameters.backend as unknown as WebGPUBackend;
  const geometry = geometryOf(x, parameters.attrs!);
  const { filterShape, pads, strides, positions } = geometry;
  const { slices, length } = slicesOf(filterShape, positions);
  const words = (...data: number[]) => ({ type: 'int32', data });
  const own = [words(...pads), words(...strides), words(filterShape[0], filterShape[1]), words(length)];
  const parts = backend.runWebGPUProgram(productProgram(geometry, slices), [x, dy], 'float32', own);
  if (slices === 1) return parts;
  const sum = backend.runWebGPUProgram(sumProgram(filterShape), [parts], 'float32', [words(slices)]);
  backend.disposeData(parts.dataId);
  return sum;
};
