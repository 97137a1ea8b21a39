/**
 * One right call of every function and class of the public face, as the arguments it takes. Not a test by itself: face.test.ts and
 * fuzz.test.ts change one thing in it at a time. Settings are as small as they can be.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as bnlab from 'bnlab/internal';
import {
  activation,
  batchNormLayer,
  type Comparison,
  compare,
  conv2d,
  dense,
  engineCard,
  experiments,
  gaussian,
  generateDigits,
  type History,
  initializer,
  lineFigure,
  mlp,
  Network,
  oneHotLabels,
  Random,
  rule,
  saveComparison,
  saveHistory,
  saveSnapshot,
  saveWeights,
  SCALAR_FUNCTIONS,
  tf,
  type TrainingSnapshot,
  trainNetwork,
} from 'bnlab';

import { FILES, idxBytes, temporaryFolder, writeManifest } from '../data/fixture';

const { weightArrays, writeSafetensors, writeTfjsWeights } = bnlab;

/** What calls are made of, made once. */
export interface World {
  network: Network;
  /** [6, 4], finite float32. */
  x: tf.Tensor;
  /** One-hot, [6, 3]. */
  y: tf.Tensor;
  history: History;
  comparison: Comparison;
  snapshot: TrainingSnapshot;
}

export async function makeWorld(): Promise<World> {
  const x = tf.tensor2d(new Random(1).normals(24), [6, 4]);
  const y = oneHotLabels([0, 1, 2, 0, 1, 2], 3);
  const network = mlp({ sizes: [4, 3, 3, 3], activation: 'sigmoid', norm: 'batch', seed: 1 });
  const data = { train: { x, y }, test: { x, y } };
  const run = { data, steps: 2, batchSize: 3, mode: 'eager' } as const;
  let snapshot: TrainingSnapshot | undefined;
  const history = await trainNetwork({
    ...run,
    onSnapshot: (taken) => void (snapshot = taken),
    network,
    learningRate: 0.1,
    seed: 1,
    probes: { at: ({ step }) => step },
    record: ({ loss }) => ({ norm: loss }),
  });
  const build = (seed: number) => mlp({ sizes: [4, 3, 3], seed });
  const comparison = await compare({
    ...run,
    sides: [
      { name: 'a', build },
      { name: 'b', build },
    ],
    seeds: [1],
    learningRates: [0.1],
    evaluate: { train: 6 },
  });
  await saveHistory(fileOf('history.json'), history);
  await saveSnapshot(fileOf('snapshot.json'), snapshot!);
  await saveComparison(fileOf('comparison.json'), comparison);
  await saveWeights(network, fileOf('weights.npz'), { to: 'keras' });
  return { network, x, y, history, comparison, snapshot: snapshot! };
}

const values = (rows = 5, units = 2) => ({
  shape: [rows, units],
  values: new Random(2).normals(rows * units),
});
const rows = [
  [1, 2],
  [3, 5],
  [4, 0],
  [2, 2.5],
];
const numbers = [1, 2, 4, 3];
const text = { title: 'A title', data: 'no data', alt: 'What it shows.', caption: 'How to read it.' };
const axes = { x: { label: 'x' }, y: { label: 'y' } };
const line = { label: 'a line', x: [1, 2, 3], y: [1, 2, 4] };
const byTap = 'layer1/preActivation';
const folder = temporaryFolder();
const fileOf = (name: string) => path.join(folder, name);
fs.mkdirSync(fileOf('mnist'));
for (const [name, bytes] of Object.entries(FILES)) fs.writeFileSync(path.join(folder, 'mnist', name), bytes);
/** Under which `mnist` is a small set that lies in the folder, and nothing asks the network. */
const environment = { BNLAB_MANIFEST: writeManifest(folder, []), BNLAB_DATA: folder, BNLAB_OFFLINE: '1' };
/** Files of NumPy, in base64. */
const golden = JSON.parse(fs.readFileSync(path.join(__dirname, '../../data/golden/files/arrays.json'), 'utf8')) as {
  npy: { file: string }[];
  npz: { file: string; arrays: object }[];
};

/** By name, the arguments of a right call; made anew for each, inside the scope in which its tensors die. */
export function calls({ network, x, y, history, comparison, snapshot }: World): Record<string, () => unknown[]> {
  const d2 = () => tf.tensor1d([1, 2]);
  const x2 = () => tf.tensor2d(rows);
  const image = () => tf.tensor4d(new Random(3).normals(48), [2, 3, 4, 2]);
  const square = () => tf.tensor2d([2, 0.5, 0.5, 1], [2, 2]);
  const digits = generateDigits({ train: 30, test: 10 }).train;
  const run = { data: { train: { x, y }, test: { x, y } }, steps: 2, batchSize: 3 };
  const build = (seed: number) => mlp({ sizes: [4, 3, 3], norm: 'batch', seed });
  const plain = (seed: number) => mlp({ sizes: [4, 3, 3], seed });
  const look = { network, x, training: true };
  const lossLook = { ...look, y };
  const smallBatches = {
    ...{
      data: {
        ...generateDigits({ train: 30, test: 10 }),
        name: 'digits',
        title: 'digits',
        checksum: '0',
        classCount: 10,
      },
    },
    ...{ network: { kind: 'mlp', sizes: [784, 3, 10] }, norms: ['batch'], batchSizes: [3], equal: 'steps', amount: 1 },
    ...{ classes: 2, memory: 6, learningRate: 0.1, factor: 3, tuning: [9], seeds: [1] },
  };
  const domainShift = {
    ...{ data: smallBatches.data, network: smallBatches.network, changes: ['inverted'], strengths: [1] },
    ...{ learningRates: [0.1], steps: 1, batchSize: 3, examples: 6, tuning: [9], seeds: [1] },
  };
  const batch = { batchSize: 4, steps: 2, random: new Random(1) };
  const random = new Random(4);
  const tfjs = () => writeTfjsWeights(weightArrays(network, { to: 'tfjs' }), 'weights.bin');
  const idx = idxBytes([2], Uint8Array.of(7, 9));
  const images = idxBytes([2, 28, 28], new Uint8Array(2 * 784));
  const array = (shape: number[], values: number[]) => ({ shape, values: Uint8Array.from(values), type: 'uint8' });
  const shaped = { shape: [2, 2, 1] };
  const cifar = Buffer.concat([Uint8Array.of(7), new Uint8Array(3072)]);
  const pair = (part: string) => ({ images: `${part}-images-idx3-ubyte.gz`, labels: `${part}-labels-idx1-ubyte.gz` });
  const norms = { x: { ...axes.x, values: [1, 2] }, y: { ...axes.y, values: ['a', 'b'] }, z: { label: 'z' } };
  const series = (more = {}) => ({ ...text, ...axes, series: [line], ...more });
  const fan = { x: [1, 2], percentiles: [[0, 1], [1, 2], [2, 3]] }; // prettier-ignore
  const record = {
    id: 'one',
    claim: 'It is so.',
    source: 'section 1',
    expected: '',
    measured: '1',
    verdict: 'holds',
    rule: '',
    profile: 'quick',
  };
  const claim = { id: 'one', quote: 'It is so.', section: '3.2', measured: 'how it is' };
  return {
    engineCard: () => [],
    ready: () => [],
    engineCardHtml: () => [engineCard()],
    engineCardText: () => [engineCard()],
    togetherPays: () => [1e6],
    fusedBatchNorm: () => [x2(), d2(), d2(), 1e-3],
    fusedIsFaster: () => [x2()],
    compile: () => [({ u }: { u: tf.Tensor }) => ({ v: tf.square(u) }), { mode: 'eager' }],
    insideStep: () => [],
    bootstrapInterval: () => [numbers, { level: 0.9, resamples: 100 }],
    isotonicRegression: () => [[1, 3, 2]],
    linearFit: () => [numbers, [1, 2, 3, 5]],
    median: () => [numbers],
    medianInterval: () => [numbers],
    relativeLinearFit: () => [numbers, [1, 2, 3, 5]],
    powerLaw: () => [numbers, [1, 2, 3, 5]],
    quantile: () => [numbers, 0.5],
    quantileBand: () => [[numbers, numbers], 0.25, 0.75],
    quantiles: () => [numbers, [0.1, 0.5]],
    batchIndices: () => [{ n: 9, ...batch, remainder: 'drop' }],
    examplesAt: () => [digits, [0, 2]],
    oneClassBatchIndices: () => [{ labels: digits.labels, ...batch }],
    stratifiedBatchIndices: () => [{ labels: digits.labels, ...batch }],
    subset: () => [digits, 10, random],
    shrinkImages: () => [digits, 2],
    toTensors: () => [digits, { pixels: 'grey', limit: 3 }],
    datasetText: () => [{ title: 'a set', train: { n: 3 }, test: { n: 2 }, checksum: '0123456789abcdef' }],
    loadDataset: () => ['digits', { digits: { train: 10, test: 10, seed: 1 }, environment }],
    generateDigits: () => [{ train: 10, test: 10, seed: 1 }],
    dataCacheFolder: () => [{ BNLAB_CACHE: folder }],
    examplesFrom: () => [array([2, 2, 2], [0, 9, 8, 1, 2, 3, 4, 5]), array([2], [1, 2]), { firstLabel: 1 }, 'a pair'],
    imageShape: () => [shaped],
    sizeOf: () => [shaped],
    readCifar: () => [[cifar], 'cifar10', ['a file']],
    readExamples: () => [images, idx, 'a pair', { classCount: 10, white: 255 }],
    readIdx: () => [idx, 'a file'],
    readNpy: () => [Buffer.from(golden.npy[0].file, 'base64'), 'a file'],
    readNpz: () => [Buffer.from(golden.npz[0].file, 'base64'), 'a file', Object.keys(golden.npz[0].arrays)[0]],
    writeNpy: () => [array([2], [1, 2])],
    writeNpz: () => [{ a: array([2], [1, 2]) }],
    readSafetensors: () => [writeSafetensors({ a: array([2], [1, 2]) }), 'a file'],
    writeSafetensors: () => [{ a: array([2], [1, 2]) }],
    readTfjsWeights: () => [tfjs().manifest, [tfjs().bytes], 'a file'],
    tfjsFiles: () => [tfjs().manifest, 'a file'],
    writeTfjsWeights: () => [weightArrays(network, { to: 'tfjs' }), 'weights.bin'],
    cifarFiles: () => [folder, 'cifar100'],
    emnistFiles: () => [folder, 'letters'],
    kmnistFiles: () => [folder],
    paperFigure1: () => [],
    paperFigure2: () => [],
    readDataset: () => [
      { title: 'a set', folder: fileOf('mnist'), train: pair('train'), test: pair('t10k'), classes: [...'0123456789'] },
    ],
    obtainFiles: () => ['mnist', { environment, unlessSilent: true, answerMs: 10, stallMs: 10 }],
    expectShape: () => [x2(), [4, null], 'x'],
    batchMoments: () => [x2()],
    maskedBatchNorm: () => [x2(), tf.tensor1d([1, 0, 1, 1]), d2(), d2(), {}],
    batchNorm: () => [x2(), d2(), d2(), { epsilon: 1e-3, gradient: 'compact' }],
    batchNormGradient: () => [x2(), x2(), d2(), { epsilon: 1e-3 }],
    batchNormGradientCompact: () => [x2(), x2(), d2(), { epsilon: 1e-3 }],
    batchNormInference: () => [x2(), d2(), d2(), d2(), d2(), { epsilon: 1e-3 }],
    foldBatchNorm: () => [
      { weights: tf.ones([3, 2]), bias: d2(), mean: d2(), variance: d2(), gamma: d2(), beta: d2() },
      { epsilon: 1e-3 },
    ],
    populationStatistics: () => [[{ mean: d2(), variance: d2() }], 4],
    unbiasedVariance: () => [d2(), 4],
    pitfall: () => ['detached'],
    stopGradient: () => [x2()],
    batchRenorm: () => [x2(), d2(), d2(), d2(), d2(), { rMax: 3, dMax: 5 }],
    groupNorm: () => [x2(), 1, d2(), d2(), { epsilon: 1e-3 }],
    instanceNorm: () => [image(), d2(), d2(), { epsilon: 1e-3 }],
    layerNorm: () => [x2(), d2(), d2(), { epsilon: 1e-3 }],
    batchRenormLayer: () => [2, { decay: 0.9, name: 'r' }],
    groupNormLayer: () => [2, { groups: 1 }],
    instanceNormLayer: () => [2, { scale: true }],
    layerNormLayer: () => [2, { center: false }],
    newtonSchulz: () => [square(), { iterations: 3 }],
    normalizationCost: () => ['batch', { m: 60, d: 100, iterations: 5 }],
    whiten: () => [x2(), { method: 'zca' }],
    whitenInference: () => [x2(), d2(), square(), { check: true }],
    whiteningMatrix: () => [square(), { method: 'cholesky' }],
    whiteningLayer: () => [2, { method: 'newton-schulz', iterations: 3 }],
    batchNorm64: () => [rows, { epsilon: 0, gamma: [1, 2], beta: [0, 1] }],
    batchNormGradient64: () => [rows, rows, { gamma: [1, 2] }],
    moments64: () => [rows],
    norm64: () => [[1, 2], rows, 'zca', { epsilon: 0 }],
    normJacobians: () => [rows, 0, 'batch', { epsilon: 0 }],
    allLayers: () => [network],
    batchNormLayers: () => [network],
    foldNetwork: () => [network],
    usePopulationStatistics: () => [build(1), [x, x], {}],
    fans: () => [[3, 2]],
    gaussian: () => [0.1],
    initializer: () => ['he'],
    activation: () => ['relu', { name: 'a' }],
    activationDerivative: () => ['tanh'],
    activationFunction: () => ['sigmoid'],
    averagePool: () => [2, { stride: 1, pad: 'same' }],
    ghostBatchNormLayer: () => [2, { size: 2, decay: 0.9 }],
    referenceBatchNormLayer: () => [2, { reference: 2, decay: 0.9 }],
    withReference: () => [network, x],
    batchNormLayer: () => [2, { decay: 0.9, pitfall: 'detached' }],
    conv2d: () => [1, 2, 3, { stride: 1, bias: false }],
    conv2dTranspose: () => [1, 2, 3, { stride: 2, bias: false }],
    dense: () => [3, 2, { bias: true, seed: 1, initializer: gaussian(0.1) }],
    shiftNoise: () => [{ shift: 0.5, scale: 0.5, name: 'noise' }],
    dropout: () => [0.5, { name: 'drop' }],
    flatten: () => [{ name: 'flat' }],
    globalAveragePool: () => [{ name: 'pool' }],
    maxPool: () => [2, { name: 'max' }],
    toImage: () => [[2, 2, 1], { name: 'image' }],
    convNet: () => [{ image: [4, 4, 1], filters: [2], hidden: 3, classes: 2, norm: 'batch' }],
    inceptionBlock: () => [2, { one: 1, three: [1, 1], double: [1, 1], pool: 1 }, { norm: 'batch' }],
    inceptionNet: () => [
      { image: [4, 4, 1], stem: 2, classes: 2, blocks: [{ one: 1, three: [1, 1], double: [1, 1], pool: 1 }] },
    ],
    mlp: () => [{ sizes: [3, 2, 2], norm: 'batch', normOptions: { decay: 0.9 }, activation: 'tanh', seed: 1 }],
    networkOf: () => [{ kind: 'mlp', sizes: [3, 2, 2], norm: 'batch' }, 1],
    normLayer: () => ['batch', 2, { decay: 0.9 }, 'n'],
    parallel: () => [[dense(3, 2, { name: 'p1' }), dense(3, 2, { name: 'p2' })], { name: 'p' }],
    residual: () => [dense(3, 3), { name: 'r', shortcut: dense(3, 3, { name: 's' }) }],
    residualNet: () => [{ inputs: 3, width: 2, depth: 1, classes: 2 }],
    sequential: () => [[dense(3, 2), activation('relu')], { name: 's' }],
    placedMlp: () => [{ sizes: [3, 2, 2], place: 'input', activation: 'tanh', seed: 1 }],
    meanSquaredError: () => [x2(), x2()],
    softmaxCrossEntropy: () => [tf.ones([6, 3]), y],
    activationPercentiles: () => [values(), 0, [0.1, 0.5]],
    captureActivations: () => [{ ...look, taps: [byTap] }],
    percentileProbe: () => [{ tap: byTap, unit: 0, percentiles: [0.5], training: true }],
    saturation: () => [{ ...look, activation: 'sigmoid', fraction: 0.05, taps: [byTap] }],
    saturationProbe: () => [{ training: true, activation: 'sigmoid' }],
    typicalUnit: () => [values()],
    percentileDrift: () => [[[0, 1, 2], [1, 2, 3]]], // prettier-ignore
    batchDependence: () => [values(), { sizes: [2, 3], draws: 4, random, example: 1 }],
    curvature: () => [{ ...lossLook, iterations: 2, products: 'differences' }],
    gradientNormProbe: () => [{ training: true }],
    gradientNorms: () => [lossLook],
    gradientNoise: () => [{ network: plain(1), x, y, loss: 'crossEntropy' }],
    inputHessian: () => [x, {}],
    gradientProjection: () => [{ ...lossLook, training: true }],
    gradientPredictiveness: () => [{ ...lossLook, stepSizes: [0.1] }],
    lossAlongGradient: () => [{ ...lossLook, stepSizes: [0, 0.1] }],
    sgdUpdateRatios: () => [{ ...lossLook, learningRate: 0.1 }],
    updateRatioProbe: () => [],
    updateRatios: () => [network, network.stateDict()],
    distributionShape: () => [numbers],
    layerShape: () => [values()],
    shapeDistance: () => [numbers, [1, 2, 7, 8]],
    shapeProbe: () => [{ taps: [byTap], examples: 4 }],
    effectiveBatch: () => [{ network, x, tap: 'layer1/linear', batchSizes: [2, 3], draws: 2, seed: 1 }],
    effectiveRank: () => [numbers],
    jacobian: () => [{ of: network, x, training: true, example: 1 }],
    numericalRank: () => [numbers, 1e-3],
    singularValues: () => [rows],
    stableRank: () => [numbers],
    linearityProbe: () => [{ activation: 'sigmoid', examples: 4 }],
    linearizedOutputs: () => [network, x],
    linearRegime: () => [values(), 'sigmoid', { tolerance: 0.1 }],
    linearRegimeOfNormal: () => ['tanh', { mean: 0, deviation: 1, tolerance: 0.1 }],
    scaleFreeTraining: () => [{ x: rows, labels: [0, 1, 1, 0], hidden: [3], steps: 2, batchSize: 3 }],
    scaledLayer: () => [{ u: rows, weights: [[1, 0], [0, 2]], dy: rows, a: 2, normalize: true, epsilon: 0 }], // prettier-ignore
    gradientScan: () => [
      { build: (_: number, seed: number) => build(seed), depths: [1], seeds: [1], scales: [1], x, y },
    ],
    distanceFromOne: () => [[1, 0.5]],
    layerJacobians: () => [{ network, x, from: 'layer1', to: 'layer2', activation: 'sigmoid' as const, examples: 2 }],
    normalizedJacobian: () => [[[1, 0], [0, 2]], 'batch'], // prettier-ignore
    signalPropagation: () => [{ activation: 'sigmoid', depth: 2, gain: 1, norm: 'batch' }],
    sampleProbe: () => [{ tap: byTap, count: 3, seed: 1 }],
    gaussianMean: () => [Math.abs, 1],
    saturationKind: () => [SCALAR_FUNCTIONS.relu],
    saturationPoint: () => ['sigmoid', 0.05],
    covariateShiftProbe: () => [],
    distributionDrift: () => [values(), values(4)],
    driftProbe: () => [{ taps: [byTap], since: 'start', rows: 3 }],
    internalCovariateShift: () => [{ ...lossLook, learningRate: 0.1 }],
    wasserstein1: () => [numbers, [5, 6, 7]],
    chainGradient: () => [[2, 3], 1],
    chainOnBatch: () => [{ w: [2, 3], x: [-1, 1], normalized: true }],
    chainOrders: () => [{ w: [2, 3], epsilon: 0.1, x: 1 }],
    reductionRatio: () => [{ ...lossLook, predicted: [0.01] }],
    bestTrackingRate: () => [{ noise: 1, drift: 0.1 }],
    trackingError: () => [{ noise: 1, drift: 0.1 }, 0.1],
    trackOptimum: () => [{ noise: 1, drift: 0.1, rates: [0.1], seeds: [1], steps: 5 }],
    shiftedRegression: () => [{ powers: [0, 1], examples: 5, seeds: [1] }],
    movingInput: () => [{ ...run, build, below: 1, seeds: [1], rates: [0.1], looks: 1 }],
    layerChange: () => [{ network: look.network, x, weights: 'layer1/weights', share: 0.01, seed: 1 }],
    inputDriftProbe: () => [{ taps: [byTap] }],
    covarianceEigenvalues: () => [x2()],
    pairwiseDistances: () => [x2()],
    rowsWithSpectrum: () => [[2, 1], { m: 4, seed: 1, rotate: true }],
    batchJacobianNorm: () => [rows, 'batch', { epsilon: 0 }],
    batchToBatch: () => [
      { x: x2(), batches: Int32Array.from([0, 1, 2, 1, 2, 3]), batchSize: 3, looked: x2(), method: 'zca' },
    ],
    newtonSchulzErrors: () => [[2, 1], { iterations: 2, prescale: 'trace', seed: 1 }],
    zcaGradients: () => [
      [
        [2, 0],
        [0, 1],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      { precision: 'float32' },
    ],
    layerTimes: () => [
      { m: 4, sizes: [2], layers: [{ name: 'BN', norm: 'batch' }], repeats: 1, sampleMilliseconds: 0.01 },
    ],
    smallBatches: () => [smallBatches],
    changedPictures: () => [tf.tensor2d([[0, 1, 0, 0]]), 'rotated', 0.5],
    domainShift: () => [domainShift],
    gradientErrors: () => [{ network, x, y, batchSizes: [2, 3], draws: 2, seed: 1, training: true }],
    noiseInTraining: () => [
      {
        ...{ build: plain, x, y, seeds: [1], losses: [0.1], batchSize: 3, learningRate: 0.1, mostSteps: 2 },
        ...{ draws: 1, drawSizes: [2] },
      },
    ],
    stepsToLosses: () => [
      {
        ...{ build: plain, x, y, seeds: [1], batchSizes: [3], losses: [2], learningRate: 0.1, factor: 3 },
        ...{ lookAt: 4, mostExamples: 6 },
      },
    ],
    stepTimes: () => [{ network, x, y, batchSizes: [2], modes: ['eager'], repeats: 1, sampleMilliseconds: 0.01 }],
    accuracyBand: () => [comparison, { side: 'a', learningRate: 0.1 }],
    bandOf: () => [comparison, { side: 'a' }, () => 1],
    chooseLearningRates: () => [comparison],
    compare: () => [{ ...run, sides: [{ name: 'a', build }], seeds: [1], learningRates: [0.1], mode: 'eager' }],
    learningRateSweep: () => [
      { ...run, sides: [{ name: 'a', build }], seeds: [1], learningRates: [0.1], mode: 'eager' },
    ],
    runsOf: () => [comparison, 'a', 0.1],
    evaluate: () => [{ network, x, y, training: false, batchSize: 3 }],
    tapNames: () => [network, x],
    accuracies: () => [history],
    finalAccuracy: () => [history],
    probeSeries: () => [history, 'at'],
    curves: () => [[history]],
    overRates: () => [comparison, 'a'],
    usableRates: () => [comparison, 'a', () => true],
    finalLoss: () => [history],
    stepSeries: () => [history, 'norm'],
    ratioBySeed: () => [
      [1, 2],
      [3, 4],
    ],
    differenceBySeed: () => [
      [1, 2],
      [3, 4],
    ],
    withAndWithout: () => [{ kind: 'mlp', sizes: [4, 3] }],
    study: () => [{ data: 'digits', seeds: { quick: [1], full: [1, 2], paper: [1, 2] } }],
    datasetOf: () => [{ kind: 'digits', train: 10, test: 10 }],
    defineExperiment: () => [
      {
        ...{ name: 'mine', version: 1, question: 'What?', whenAborted: 'throws', defaults: {}, options: {} },
        compute: async () => ({}),
      },
    ],
    runIdentity: () => [experiments.get('chain-orders'), { w: [1, 2] }],
    sideBySide: () => [],
    ignoredTerm: () => [],
    inputDescent: () => [],
    defineSweep: () => [{ name: 'seeds', experiment: 'training-run', grid: { seed: [1, 2] } }],
    sweep: () => [
      bnlab.defineSweep({ name: 'seeds', experiment: 'training-run', grid: { seed: [1, 2] } }),
      // Told to end before it begins: no process is started.
      { workers: 1, only: ['seed 1'], retry: false, folder: temporaryFolder(), signal: AbortSignal.abort() },
    ],
    listExperiments: () => [],
    loadSweep: () => {
      const folder = temporaryFolder();
      fs.writeFileSync(path.join(folder, 'results.ndjson'), '{"at":{"seed":1},"answer":2,"seconds":3,"engine":"js"}\n');
      return [folder];
    },
    runExperiment: () => ['chain-orders', { w: [1, 2] }, { onProgress: () => undefined }],
    speedup: () => [
      { comparison, reference: 'a', candidate: 'b', referenceRates: [0.1], candidateRates: [0.1], points: 3 },
    ],
    lossSpeedup: () => [{ comparison, reference: 'a', candidate: 'b', points: 3 }],
    stepsToReach: () => [history, 0.5],
    gapAtLoss: () => [
      { ...history, evaluations: history.evaluations.map((at) => ({ ...at, train: at.test })) },
      { loss: 10 },
    ],
    setPopulationStatistics: () => [build(1), x, { batchSize: 3, batchCount: 2, seed: 1 }],
    scheduleRates: () => [0.1, 3, { kind: 'step', every: 1, factor: 0.5 }],
    loadComparison: () => [fileOf('comparison.json')],
    loadHistory: () => [fileOf('history.json')],
    saveComparison: () => [fileOf('comparison.json'), comparison],
    saveHistory: () => [fileOf('history.json'), history],
    loadSnapshot: () => [fileOf('snapshot.json')],
    saveSnapshot: () => [fileOf('snapshot.json'), snapshot],
    loadWeights: () => [network, fileOf('weights.npz'), { from: 'keras' }],
    saveWeights: () => [network, fileOf('saved.safetensors'), { to: 'pytorch' }],
    weightArrays: () => [network, { to: 'pytorch' }],
    takeWeights: () => [network, weightArrays(network, { to: 'pytorch' }), 'pytorch'],
    giveWeights: () => [network, 'pytorch'],
    oneHotLabels: () => [[0, 1], 3],
    trainNetwork: () => [{ ...run, network: build(1), learningRate: 0.1, seed: 1, mode: 'eager' }],
    shiftThenNormalize: () => [2, { normalize: 'both' }],
    trainShifted: () => [{ x, y, units: 2, steps: 2, learningRate: 0.1, seed: 1 }],
    rateLimit: () => [{ ...run, build, seeds: [1], rates: [0.01, 0.1], accuracy: 0.5, within: 2 }],
    usableRange: () => [
      {
        ...run,
        network: { kind: 'mlp' as const, sizes: [4, 3, 3] },
        ...{ over: 'scale' as const, learningRate: 0.1, seeds: [1], starts: [1], accuracy: 0.5, factor: 8, within: 2 },
      },
    ],
    atRates: () => [[{ seed: 1, runs: [], highest: null, fails: null }], [], Number],
    weightGrowth: () => [{ ...run, build, weights: 'layer1/weights', scales: [1], seeds: [1], learningRate: 0.1 }],
    ignoredJacobian: () => [
      {
        data: {
          train: { x: tf.randomNormal([4, 784]), y: tf.oneHot([0, 1, 2, 3], 10).toFloat() },
          test: { x: tf.randomNormal([4, 784]), y: tf.oneHot([0, 1, 2, 3], 10).toFloat() },
        },
        ...{ norms: ['center'], learningRates: [0.1], seeds: [1], steps: 2, batchSize: 4, features: 2 },
      },
    ],
    normOverBatchLayer: () => ['batch', { statistics: 'detached' }],
    identityOf: () => ['batch', 0, 1],
    ordinalColor: () => [0, 3],
    fmt: () => [0.12345, 2],
    fmtInterval: () => [0.5, 0.4, 0.6, { percent: true }],
    percent: () => [0.5, 1],
    facetFigure: () => [{ ...text, ...axes, panels: [{ title: 'one', series: [line] }], columns: 1 }],
    functionFigure: () => [
      {
        ...text,
        x: { label: 'x', range: [-1, 1] },
        functions: [{ label: 'f', f: Math.tanh, derivative: Math.cos }],
        saturatedBelow: 0.6,
        points: 21,
      },
    ],
    lineFigure: () => [series({ marks: [{ y: 1, label: 'one' }], regions: [{ from: 1, to: 2, label: 'here' }] })],
    percentileFan: () => [{ ...text, ...axes, panels: [fan] }],
    stackedFigure: () => [{ ...text, x: axes.x, panels: [{ series: [line], y: axes.y }] }],
    logLogFigure: () => [series({ theory: [{ label: 'theory', exponent: 1 }] })],
    heatmapFigure: () => [{ ...text, ...norms, panels: [{ values: [[1, 2], [3, 4]] }] }], // prettier-ignore
    histogramSlider: () => [{ ...text, x: axes.x, steps: [0, 1], series: [{ label: 'a', samples: [[1, 2], [2, 3]] }], bins: 3 }], // prettier-ignore
    intervalFigure: () => [
      { ...text, x: axes.x, rows: [{ label: 'a', values: [1, 2, 3] }], reference: { value: 1, label: 'r' } },
    ],
    imageGrid: () => [{ ...text, images: [[0, 1, 2, 3]], side: 2, labels: ['a'], columns: 1 }],
    scatterFigure: () => [{ ...text, ...axes, panels: [{ groups: [{ label: 'g', x: [1, 2, 3], y: [1, 3, 2] }] }] }],
    blockDiagram: () => [{ ...text, rows: [{ label: 'a', blocks: ['W u', 'BN'], note: 'so' }] }],
    rasterFigure: () => [{ ...text, ...axes, white: 'yes', panels: [{ values: [[0, 1]] }] }],
    histogramSeriesFigure: () => [
      {
        ...text,
        y: axes.y,
        steps: [0, 1],
        series: [
          {
            samples: [
              [1, 2],
              [2, 3],
            ],
          },
        ],
      },
    ],
    normalizationAxesFigure: () => [{ ...text }],
    retheme: () => [lineFigure(series() as never), 'dark'],
    show: () => [lineFigure(series() as never)],
    byProfile: () => [{ quick: 1, full: 2, paper: 3 }],
    profile: () => [],
    laterWork: () => ['It is otherwise.', 'Someone 2018'],
    paperSays: () => ['It is so.', '3.2'],
    predict: () => ['What comes?', { choices: ['a', 'b'], think: 'Look.' }],
    say: () => ['A sentence.'],
    table: () => [[{ a: 1, b: 'x' }], { columns: ['a', ['b', 'B']], digits: 3 }],
    takeaways: () => [['One.', 'Two.']],
    weMeasured: () => ['A sentence.'],
    check: () => ['a check', { got: 1, want: 1, within: 0.1 }],
    claimCard: () => [{ question: 'Is it so?', claims: [claim], minutes: { quick: 1, full: 2, paper: 3 } }],
    verdict: () => [{ id: 'one', measured: [1, 2], rule: rule.above(0), data: 'no data' }],
    renderLedger: () => [{ one: [record] }, [{ data: 'other', ledger: { one: [record] } }], []],
    runnable: () => [
      {
        experiment: bnlab.sideBySide(),
        options: { data: { kind: 'digits', train: 20, test: 10 }, steps: 2, batchSize: 5, seeds: [1], evaluations: 1 },
        ...{
          controls: ['rate'],
          figure: 'saturated',
          layer: 1,
          title: () => 'a title',
          alt: 'alt',
          caption: 'caption',
        },
      },
    ],
    progress: () => ['Working', 3],
    exercise: () => ['1', 'Do this.', { hint: 'So.' }],
    exerciseCheck: () => ['1', () => true],
    todo: () => ['the answer'],
    engineCell: () => [engineCard()],
    provenance: () => [{ data: 'no data', seeds: [1] }],
    // Classes.
    Random: () => [1, 'a'],
    BatchRenormLayer: () => [2, { decay: 0.9 }],
    GroupNormLayer: () => [2, { groups: 1, name: 'e' }],
    InstanceNormLayer: () => [2, { name: 'e' }],
    LayerNormLayer: () => [2, { name: 'e' }],
    WhiteningLayer: () => [2, { decay: 0.9 }],
    ActivationLayer: () => ['relu', 'a'],
    BatchNormLayer: () => [2, { decay: 0.9 }],
    Conv2dLayer: () => [1, 2, 3, { stride: 1 }],
    Conv2dTransposeLayer: () => [1, 2, 3, { stride: 2 }],
    DenseLayer: () => [3, 2, { bias: true }],
    DropoutLayer: () => [0.5, 'd'],
    FunctionLayer: () => ['f', (u: tf.Tensor) => u.clone(), [2]],
    Block: () => ['b', dense(3, 2), batchNormLayer(2), activation('relu'), null, 'before'],
    Parallel: () => ['p', [dense(3, 2), conv2d(1, 1, 1)]],
    Residual: () => ['r', dense(3, 3), null],
    Sequential: () => ['s', [dense(3, 2)], {}],
    Deck: () => [6, 3, random],
    Trainer: () => [{ network: build(1), optimizer: 'sgd', mode: 'eager' }],
    ShiftThenNormalizeLayer: () => [2, { scale: true }],
  };
}

/** Right calls of methods, by `what.method`: the object, made anew, and the arguments. */
export function methodCalls({ network, x, y }: World): Record<string, () => [object, string, unknown[]]> {
  const net = () => mlp({ sizes: [4, 3, 3], norm: 'batch', seed: 1 });
  const context = () => ({ training: false });
  const data = { train: { x, y }, test: { x, y } };
  const layers: Record<string, () => { apply: unknown }> = {
    mlp: net,
    dense: () => dense(4, 2),
    batchNormLayer: () => batchNormLayer(4),
    activation: () => activation('relu'),
  };
  return {
    ...Object.fromEntries(
      Object.entries(layers).map(([name, make]) => [
        `${name}.apply`,
        (): [object, string, unknown[]] => [make(), 'apply', [x, context()]],
      ]),
    ),
    'mlp.copyFrom': () => [net(), 'copyFrom', [network]],
    'mlp.loadStateDict': () => {
      const of = net();
      return [of, 'loadStateDict', [of.stateDict()]];
    },
    'batchNormLayer.setStatistics': () => [batchNormLayer(2), 'setStatistics', [tf.zeros([2]), tf.ones([2])]],
    'random.child': () => [new Random(1), 'child', ['a']],
    'random.uniform': () => [new Random(1), 'uniform', [0, 1]],
    'random.normal': () => [new Random(1), 'normal', [0, 1]],
    'random.integer': () => [new Random(1), 'integer', [3]],
    'random.permutation': () => [new Random(1), 'permutation', [3]],
    'random.uniforms': () => [new Random(1), 'uniforms', [3, 0, 1]],
    'random.normals': () => [new Random(1), 'normals', [3, 0, 1]],
    'initializer.make': () => [initializer('he'), 'make', [[3, 2], new Random(1)]],
    'orthogonal.make': () => [initializer('orthogonal'), 'make', [[3, 2], new Random(1)]],
    'initializer.standardDeviation': () => [initializer('he'), 'standardDeviation', [[3, 2]]],
    'rule.above': () => [rule, 'above', [1]],
    'rule.below': () => [rule, 'below', [1]],
    'rule.between': () => [rule, 'between', [1, 2]],
    'rule.near': () => [rule, 'near', [1, 2]],
    'rule.custom': () => [rule, 'custom', ['it is so', () => true]],
    'step.run': () => {
      const step = bnlab.compile(({ x }: { x: tf.Tensor }) => ({ y: tf.square(x) }), { mode: 'eager' });
      const schedules = { rate: [0.1, 0.2] };
      return [step, 'run', [{ data: { x }, batches: Int32Array.of(0, 1, 2, 3), batchSize: 2, schedules, seed: 1 }]];
    },
    'trainer.train': () => {
      const trainer = new bnlab.Trainer({ network: net(), mode: 'eager' });
      return [trainer, 'train', [{ data, steps: 2, batchSize: 3, learningRate: 0.1, seed: 1 }]];
    },
  };
}

/** Functions that the walks leave out, and why. */
export const LEFT_OUT: Record<string, string> = {
  StepRandom: 'made by `compile` for a step',
  EngineError: 'an error',
  CompileError: 'an error',
  DataError: 'an error',
  StoreError: 'an error',
  FigureError: 'an error',
  CheckError: 'an error',
  ExerciseTodo: 'an error',
  todo: 'always throws',
};

/** Calls a function of the face, or makes an object of a class. */
export function invoke(name: string, values: unknown[]): unknown {
  const of = (bnlab as unknown as Record<string, (...given: unknown[]) => unknown>)[name];
  const isClass = Function.prototype.toString.call(of).startsWith('class');
  return isClass ? new (of as unknown as new (...given: unknown[]) => unknown)(...values) : of(...values);
}

/** Runs a call whose displays go nowhere, and whose tensors and variables die with it. */
export async function quietly<T>(name: string, call: () => T | Promise<T>): Promise<void> {
  const before = new Set(Object.keys(tf.engine().registeredVariables));
  const write = process.stdout.write;
  // Strings are displays; bytes are what the test runner reads from this process, the results of other tests among them.
  process.stdout.write = ((chunk: unknown, ...rest: []) =>
    typeof chunk === 'string' || write.call(process.stdout, chunk as string, ...rest)) as typeof write;
  tf.engine().startScope(name);
  try {
    await call();
  } finally {
    tf.engine().endScope();
    process.stdout.write = write;
    for (const [key, variable] of Object.entries(tf.engine().registeredVariables))
      if (!before.has(key)) variable.dispose();
  }
}
