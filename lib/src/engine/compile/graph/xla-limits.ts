/** What XLA compiles to other results than TensorFlow's own kernels give: kept out of XLA, or written for it in another way. */
import { Emitter } from './body';
import { Attribute, DataType } from './proto';

/**
 * Operations kept out of XLA although it knows them: it clamps indices that are out of range, where TensorFlow complains; it takes
 * the variance of a batch as E[x^2] - E[x]^2, of which nothing is left in float32 when the mean is large; it sorts -0 below 0;
 * its pooling keeps NaN, which TensorFlow's passes over. Those of the addon it does not know.
 */
export const NOT_FOR_XLA: ReadonlySet<string> = new Set([
  ...['GatherV2', 'GatherNd', 'ScatterNd', 'TensorScatterUpdate', 'UnsortedSegmentSum'],
  ...['FusedBatchNormV3', 'FusedBatchNormGradV3', 'BnlabBatchNorm', 'BnlabBatchNormGrad', 'TopKV2'],
  ...['MaxPool', 'MaxPoolGrad', 'MaxPool3D', 'MaxPool3DGrad'],
]);

/** Operations that divide. For integers, TensorFlow complains of a divisor of 0, and XLA gives some number. */
export const DIVISIONS: ReadonlySet<string> = new Set(['Div', 'FloorDiv', 'FloorMod', 'RealDiv']);

const typeOf = (attribute: Attribute | undefined) =>
  attribute !== undefined && 'type' in attribute ? attribute.type : undefined;

/** Whether XLA gives other results for these types, unless {@link forXla} writes it for XLA. */
export function differsByType(op: string, attributes: Record<string, Attribute>): boolean {
  if (DIVISIONS.has(op)) return typeOf(attributes.T) === DataType.int32;
  if (op === 'ArgMax' || op === 'ArgMin') return typeOf(attributes.T) === DataType.float32;
  if (op === 'EluGrad' || op === 'SeluGrad') return true;
  return isTruncation(op, attributes);
}

function isTruncation(op: string, { SrcT, DstT }: Record<string, Attribute>): boolean {
  return op === 'Cast' && typeOf(SrcT) === DataType.float32 && typeOf(DstT) === DataType.int32;
}

/** Klambauer et al. 2017. */
const [SELU_SCALE, SELU_ALPHA] = [1.0507009873554805, 1.6732632423543772];

/** The largest float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/**
 * An emitter that writes some operations for XLA in other words.
 *
 * - ArgMax and ArgMin: TensorFlow passes over NaN and compares with the smallest (largest) finite number to begin with; XLA takes NaN
 *   for the extremum.
 * - Cast of float32 to int32: on x86 a number out of range, and NaN, become -2^31; XLA saturates, and makes NaN 0.
 * - EluGrad and SeluGrad: at NaN TensorFlow passes the gradient on, XLA makes it NaN.
 * - MatMul: XLA's own has an identity transposition after it, which only its algebraic simplifier would remove.
 *
 * @param castWraps whether this machine's kernels give -2^31 for what is out of range
 */
export function forXla(emitter: Emitter, castWraps: boolean): Emitter {
  const float = { type: DataType.float32 };
  const scalar = (name: string, value: number) => emitter.constant(name, DataType.float32, [], Float32Array.of(value));
  return {
    constant: (...given) => emitter.constant(...given),
    row: (...given) => emitter.row(...given),
    add: (name, op, inputs, attributes, fromTrace) => {
      const [x] = inputs;
      if ((op === 'ArgMax' || op === 'ArgMin') && typeOf(attributes.T) === DataType.float32) {
        const bound = scalar(`${name}/bound`, op === 'ArgMax' ? -LARGEST : LARGEST);
        const isNaN_ = emitter.add(`${name}/is_nan`, 'IsNan', [x], { T: float })();
        const known = emitter.add(`${name}/known`, 'SelectV2', [isNaN_, bound, x], { T: float })();
        const limit = op === 'ArgMax' ? 'Maximum' : 'Minimum';
        const limited = emitter.add(`${name}/limited`, limit, [known, bound], { T: float })();
        return emitter.add(name, op, [limited, ...inputs.slice(1)], attributes, fromTrace);
      }
      if (castWraps && isTruncation(op, attributes)) {
        const truncated = emitter.add(`${name}/truncated`, op, inputs, attributes, fromTrace)();
        const low = scalar(`${name}/low`, -(2 ** 31));
        const high = scalar(`${name}/high`, 2 ** 31);
        const above = emitter.add(`${name}/above`, 'GreaterEqual', [x, low], { T: float })();
        const below = emitter.add(`${name}/below`, 'Less', [x, high], { T: float })();
        const fits = emitter.add(`${name}/fits`, 'LogicalAnd', [above, below], {})();
        const least = emitter.constant(`${name}/least`, DataType.int32, [], Int32Array.of(-(2 ** 31)));
        return emitter.add(name, 'SelectV2', [fits, truncated, least], { T: { type: DataType.int32 } });
      }
      if (op === 'EluGrad' || op === 'SeluGrad') {
        const [gradient, output] = inputs;
        const [slopeAbove, alpha] = op === 'EluGrad' ? [1, 1] : [SELU_SCALE, SELU_SCALE * SELU_ALPHA];
        const two = (what: string, how: string, a: string, b: string) =>
          emitter.add(`${name}/${what}`, how, [a, b], { T: float })();
        const isBelow = two('is_below', 'Less', output, scalar(`${name}/zero`, 0));
        const slope = two('slope', 'AddV2', output, scalar(`${name}/alpha`, alpha));
        const below = two('below', 'Mul', slope, gradient);
        const above = two('above', 'Mul', gradient, scalar(`${name}/scale`, slopeAbove));
        return emitter.add(name, 'SelectV2', [isBelow, below, above], { T: float });
      }
      const { transpose_a: a, transpose_b: b } = attributes;
      if (op === 'MatMul' && a && 'bool' in a && b && 'bool' in b) {
        // DotDimensionNumbers: the contracted axis of each side, fields 1 and 2, packed
        const numbers = String.fromCharCode(0x0a, 1, a.bool ? 0 : 1, 0x12, 1, b.bool ? 1 : 0);
        const dot = { T: attributes.T, dimension_numbers: { string: numbers }, precision_config: { string: '' } };
        return emitter.add(name, 'XlaDot', inputs, dot, fromTrace);
      }
      return emitter.add(name, op, inputs, attributes, fromTrace);
    },
  };
}
