/**
 * Are the formulas held by the tests? Puts one deliberate error at a time into a copy of the library and runs the tests of its
 * file on it:
 *
 *     npm run mutation                            every error, in every file (hours)
 *     npm run mutation -- data core/random.ts     a room, or a file
 *     npm run mutation -- data/batches.ts:103     one line
 *     npm run mutation -- --list                  only says what would be tried, and by which tests
 *
 * The errors: an arithmetic operator, in JavaScript or in TensorFlow.js, becomes another; a sum a mean; a square an absolute
 * value; a number a neighbour; a transposition goes. In rooms of code rather than formulas also: a comparison, a bit operation or
 * a step by one becomes another; an index into an order becomes a plain one; a name goes from a list. What is thrown and said is
 * left alone: tests of bad input hold that. An error that no test notices is a survivor; those known to change nothing are listed
 * below, with the reason.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import ts from 'typescript';

const ROOT = path.join(__dirname, '../..');

interface Room {
  /** Tests that hold the room's files together, the quickest to notice first. */
  tests: string[];
  /** Files without formulas, and why they are left out. */
  leave?: Record<string, string>;
  /** Only these files. */
  only?: string[];
  /** Whether errors of code are put in as well. */
  code?: boolean;
}

const BY_INPUT = 'checks of what is given: tests of bad input hold them';
const PLUMBING = 'no formula: brings others together';

/** Rooms of lib/src; all files below, but for those that hold nothing to get wrong by a sign. */
const ROOMS: Record<string, Room> = {
  nn: {
    tests: ['golden', 'batch-norm', 'pitfalls', 'whitening', 'layers', 'bad-input', 'tf-layers'],
    leave: { 'base.ts': PLUMBING, 'checks.ts': BY_INPUT },
  },
  train: {
    tests: ['parts', 'training', 'compare'],
    leave: { 'compare.ts': PLUMBING, 'provenance.ts': PLUMBING, 'store.ts': PLUMBING, 'trainer.ts': PLUMBING },
  },
  core: { tests: ['random'], only: ['random.ts'], code: true },
  statistics: { tests: ['statistics'] },
  probe: { tests: ['looking', 'gradients', 'percentile-drift'] },
  experiments: { tests: ['experiments'] },
  data: {
    tests: ['files', 'idx'],
    leave: { 'glyphs.ts': 'drawings: the checksum of all digits holds them' },
    code: true,
  },
  engine: {
    tests: ['compile', 'compile-run', 'compile-ops', 'compile-loops', 'compile-errors'],
    leave: Object.fromEntries(
      [
        ...['card.ts', 'engine.ts', 'processor.ts', 'tf.ts'],
        ...['engine.ts', 'node.ts', 'registry.ts', 'warnings.ts', 'wasm/node.ts', 'wasm/wasm.ts'].map(
          (file) => `engines/${file}`,
        ),
        ...['check', 'gpu', 'load', 'marks', 'native', 'paths', 'probe', 'quiet'].map(
          (file) => `engines/native/${file}.ts`,
        ),
      ].map((file) => [file, 'which engine runs: set-up']),
    ),
    code: true,
  },
  figure: { tests: [], only: ['format.ts'], code: true },
};
/**
 * A file's own tests. Elsewhere: a test of the file's name, if there is one that is not among the room's, and it alone (what it lets
 * pass is not held, even if a long run elsewhere would stumble); else the room's.
 */
const OWN_TESTS: Record<string, string[]> = {
  'nn/networks.ts': ['layers', 'golden', 'bad-input'],
  'probe/batch-to-batch.ts': ['whitening'],
  'probe/covariance.ts': ['whitening'],
  'probe/samples.ts': ['propagation'],
  'probe/set-jacobian.ts': ['whitening'],
  'experiments/layer-times.ts': ['normalization-times'],
  'nn/convolution.ts': ['layers', 'golden', 'engines'],
  'train/schedule.ts': ['parts'],
  'nn/loss.ts': ['loss', '../engine/gradients'],
  'train/history.ts': ['compare'],
  'train/population.ts': ['compare'],
  'train/optimizer.ts': ['training'],
  'train/evaluate.ts': ['training'],
  'data/examples.ts': ['files', 'batches'],
  'data/manifest.ts': ['dataset'],
  'data/source.ts': ['dataset'],
  'data/sources/download.ts': ['download'],
  'data/sources/folders.ts': ['dataset', 'download'],
  'data/sources/manifest.ts': ['dataset'],
  'data/sources/obtain.ts': ['download', 'dataset'],
  'data/sources/partial.ts': ['download'],
  'engine/engines/mend.ts': ['fused', 'compile-engines'],
  'engine/engines/js.ts': ['products', 'compile-engines'],
  'engine/engines/products.ts': ['products'],
  'engine/engines/wasm/gather.ts': ['gather'],
  'engine/engines/wasm/kernels.ts': ['gather', 'products', 'compile-engines'],
  'engine/engines/native/kernels.ts': ['fused', 'compile-engines'],
  'engine/engines/native/fused.ts': ['fused'],
  'engine/compile/graph/xla-limits.ts': ['xla-limits', 'fused'],
};

/** Files of a room, each as `room/file.ts` or `room/folder/file.ts`. */
function filesOf(room: string): string[] {
  const { leave = {}, only } = ROOMS[room];
  return fs
    .readdirSync(path.join(ROOT, 'lib/src', room), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => (only ? only.includes(name) : name.endsWith('.ts') && !(name in leave)))
    .filter((name) => !/(^|\/)(index|types|errors)\.ts$/.test(name))
    .sort()
    .map((name) => `${room}/${name}`);
}

const roomOf = (file: string): string => file.split('/')[0];

/** The tests that have to notice an error in a file. */
function testsOf(file: string): string[] {
  const room = roomOf(file);
  const name = path.basename(file, '.ts');
  if (OWN_TESTS[file]) return OWN_TESTS[file];
  const own = path.dirname(file) === room && fs.existsSync(path.join(ROOT, 'test', room, `${name}.test.ts`));
  return own && !ROOMS[room].tests.includes(name) ? [name] : ROOMS[room].tests;
}

const FILES = Object.keys(ROOMS).flatMap(filesOf);

/** Errors that change nothing that could be tested: part of the source line, and why. */
const EQUIVALENT: { file: string; line: RegExp; becomes?: RegExp; why: string }[] = [
  {
    file: 'data/examples.ts',
    line: /^(low = Math\.min\(low, 0\)|high = Math\.max\(high, white === 255)/,
    becomes: /^(1|256)$/,
    why: 'a number in an error; a short cut where white says the same',
  },
  { file: 'data/examples.ts', line: /^if \(value [<>] (low|high)\)/, becomes: /=$/, why: 'the same number again' },
  { file: 'data/examples.ts', line: /^const each = n > 0/, why: 'words of an error' },
  { file: 'data/arrays.ts', line: /doctype/, becomes: /^65$/, why: 'how far a page may be blank is a matter of taste' },
  {
    file: 'data/npy.ts',
    line: /bytes\.length < 12/,
    becomes: /^(<=|13)$/,
    why: 'no header is that short: what is let through is refused next',
  },
  ...['data/idx.ts', 'data/npy.ts'].map((file) => ({
    file,
    line: /\? 'truncated' : 'too long'/,
    becomes: /^<=$/,
    why: 'of a length that differs, less is less',
  })),
  ...[
    { file: 'data/batches.ts', line: /^for \(let i = 0; i < (limit|x\.length); i\+\+\)/ },
    { file: 'data/arrays.ts', line: /^for \(let (at|i) = 0.* < (out\.length|length);/ },
    { file: 'data/examples.ts', line: /^for \(let i = 0; i < out\.length/ },
  ].map((place) => ({ ...place, becomes: /^<=$/, why: 'a typed array takes no value beyond its end' })),
  {
    file: 'data/batches.ts',
    line: /out\[step \* batch \+ i\] = (rows|deck)/,
    becomes: /^<=$/,
    why: 'what one batch writes beyond its end the next one overwrites, and the last one cannot',
  },
  {
    file: 'data/batches.ts',
    line: /^for \(let step = 0; step < steps/,
    becomes: /^<=$/,
    why: 'one batch more of one class, from a stream that nobody else draws from (of all classes: a test of the stream holds it)',
  },
  {
    file: 'data/batches.ts',
    line: /length: 256|level \/ 255 >= 0\.5/,
    becomes: /^(257|>|256)$/,
    why: 'a byte is at most 255, and none is half of that',
  },
  { file: 'core/random.ts', line: /^private [abc] = 0/, why: 'the constructor sets it before anything is drawn' },
  {
    file: 'engine/compile/graph/xla-limits.ts',
    line: /FusedBatchNormGradV3/,
    becomes: /Grad/,
    why: 'the gradient is given mean and variance: at a mean of 3,000 XLA differs by 2e-7, rounding; it stays beside its operation',
  },
  {
    file: 'engine/compile/graph/xla-limits.ts',
    line: /'Div', 'FloorDiv', 'FloorMod', 'RealDiv'/,
    becomes: /^'not (Div|RealDiv)'$/,
    why: 'TensorFlow.js divides integers by FloorDiv and FloorMod alone; the other two are kept for a release that does not',
  },
  {
    file: 'nn/batch-norm.ts',
    line: /sum\(tf\.mul\(-2, centred\), axes\), m\)|tf\.mul\(dVariance, tf\.div\(tf\.sum/,
    why: 'the last term of dl/dmu is a multiple of sum (x_i - mu), which is zero',
  },
  ...['nn/batch-norm.ts', 'nn/norms.ts', 'nn/whitening.ts'].map((file) => ({
    file,
    line: /check(Batch|Normalization)\(.*check: false/,
    becomes: /^true$/,
    why: 'x would be searched for NaN twice, once as a whole and once by its variances: the same error',
  })),
  { file: 'nn/batch-norm.ts', line: /^const dMean = tf\.add\($/, becomes: /^sub$/, why: 'the same term' },
  ...['probe/linear-regime.ts', 'probe/propagation.ts', 'probe/curvature.ts'].map((file) => ({
    file,
    line: /updateStatistics: false/,
    becomes: /^true$/,
    why: '`untouched` puts the statistics back',
  })),
  ...[
    { file: 'probe/linear-regime.ts', line: /^const n = 20000|^for \(let i = 0; i < n|^const s = -10/ },
    { file: 'probe/saturating.ts', line: /^const PANELS|^const end = |^const half = |^const t = middle/ },
  ].map((place) => ({ ...place, why: 'more or fewer points of an integral that has converged' })),
  {
    file: 'probe/linear-regime.ts',
    line: /deviation \* s\)/,
    becomes: /^-$/,
    why: 'the normal distribution is symmetric',
  },
  {
    file: 'probe/linear-regime.ts',
    line: /^(xy|g|zg) \+= /,
    becomes: /^-=$/,
    why: 'only the square of the sum is used',
  },
  {
    file: 'probe/batch-to-batch.ts',
    line: /Math\.abs\(column/,
    becomes: /^-$/,
    why: 'only the size of the sum is used',
  },
  {
    file: 'probe/batch-to-batch.ts',
    line: /length > 0 \? v \/ length : 0/,
    becomes: /^1$/,
    why: 'a column that does not vary resembles all others alike',
  },
  ...['probe/covariance.ts', 'experiments/newton-schulz.ts', 'probe/curvature.ts'].map((file) => ({
    file,
    line: /seed = 0/,
    becomes: /^1$/,
    why: 'one seed is as good as another',
  })),
  { file: 'probe/curvature.ts', line: /-largest\.vector/, why: 'an eigenvector has no sign' },
  {
    file: 'nn/loss.ts',
    line: /tf\.mul\(y, shifted\), 1, true/,
    becomes: /^false$/,
    why: 'the mean over all pairs of a difference is the difference of the means',
  },
  { file: 'nn/loss.ts', line: /stopGradient\(tf\.max/, why: 'a softmax does not change with the shift' },
  {
    file: 'probe/curvature.ts',
    line: /^for \(let pass|^const exhausted|iterations = 100, tolerance|^const h = /,
    becomes: /^(0\.0015|0\.00045|1\.5e-7|[123]|101|-|\/|sqrt)$/,
    why: 'when an iteration that has converged ends, and a step that is good to an order of magnitude',
  },
  { file: 'probe/batch-dependence.ts', line: /draws = 200/, becomes: /^201$/, why: 'one draw more' },
  {
    file: 'probe/gaussianity.ts',
    line: /deviation > 1e-6/,
    becomes: /^0/,
    why: 'a bound between rounding and a spread',
  },
  {
    file: 'experiments/newton-schulz.ts',
    line: /^const off = /,
    becomes: /^(true|false)$/,
    why: 'the matrices are symmetric',
  },
  {
    file: 'experiments/scaled-layer.ts',
    line: /\?\.length \?\? 0/,
    becomes: /^1$/,
    why: 'no weights are refused either way',
  },
  {
    file: 'probe/saturating.ts',
    line: /^const (logistic|OCTAVES|SAMPLES|near|bounded) |^for \(let i = 0; i <= SAMPLES|OCTAVES\.map|tail\(-1\), tail\(1\)/,
    why: 'the tails are looked at in other places, or the sigmoid is written in the other of its two forms',
  },
  {
    file: 'experiments/ignored-jacobian.ts',
    line: /epsilon = 1e-5, iterations = 12/,
    becomes: /^(0.000015|13)/,
    why: 'another setting, with results that differ by rounding',
  },
  ...['experiments/ignored-jacobian.ts', 'experiments/bias-growth.ts'].map((file) => ({
    file,
    line: /check: false|statistic\(matrix\), false, true/,
    becomes: /^(true|false)$/,
    why: 'x would be searched for NaN twice; the matrix is symmetric',
  })),
  {
    file: 'experiments/bias-growth.ts',
    line: /^const below = dense|^const inputs = /,
    becomes: /^(true|false)$/,
    why: 'a bias before the normalization changes nothing, section 2; a dense layer is the same in training',
  },
  ...['experiments/normalization-times.ts', 'experiments/layer-times.ts'].map((file) => ({
    file,
    line: /tf\.|batchNorm\(|whiten\(z|new Random\(|const rows = root|epsilon = 1e-3/,
    why: 'the result is timed and thrown away',
  })),
  {
    file: 'experiments/normalization-times.ts',
    line: /longest = 1000|> longest|1e-3\)\)|\?\.length \?\? 0|d\.length > 0/,
    why: 'when timing ends, and what is left out for it, depends on the machine',
  },
];

interface Mutation {
  /** Such as `nn/batch-norm.ts`. */
  file: string;
  line: number;
  text: string;
  start: number;
  end: number;
  replacement: string;
}

const SWAPS: Record<string, string> = {
  add: 'sub',
  sub: 'add',
  mul: 'div',
  div: 'mul',
  mean: 'sum',
  sum: 'mean',
  square: 'abs',
  rsqrt: 'sqrt',
  sqrt: 'square',
  neg: 'abs',
  sigmoid: 'tanh',
  tanh: 'sigmoid',
  relu: 'abs',
  ones: 'zeros',
  zeros: 'ones',
  onesLike: 'zerosLike',
  zerosLike: 'onesLike',
  maxPool: 'avgPool',
  avgPool: 'maxPool',
  eye: 'zeros',
  step: 'sign',
  less: 'greater',
  greater: 'less',
  min: 'max',
  max: 'min',
};
const MATH: Record<string, string> = {
  sqrt: 'abs', abs: 'sqrt', max: 'min', min: 'max', floor: 'ceil', ceil: 'floor', exp: 'log1p', log: 'log2', cos: 'sin', hypot: 'max',
}; // prettier-ignore
const OPERATORS: Record<string, string> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '**': '*',
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
};

/** Errors of code: what stands in SWAPS is a formula's. */
const CODE_OPERATORS: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '%': '*',
  '<<': '>>',
  '>>': '<<',
  '>>>': '>>',
  '&': '|',
  '|': '&',
  '^': '&',
  '^=': '&=',
  '|=': '&=',
  '&=': '|=',
  '<<=': '>>=',
  '>>>=': '>>=',
  '&&': '||',
  '||': '&&',
};

// Read once: somebody may be at work on the file while this runs.
const sources = new Map(FILES.map((file) => [file, fs.readFileSync(path.join(ROOT, 'lib/src', file), 'utf8')]));
const source = (file: string): string => sources.get(file)!;
const target = (folder: string, file: string): string =>
  path.join(folder, 'lib/dist/src', file.replace(/\.ts$/, '.js'));

/** Every error that the source of a file can be given. */
function mutations(file: string): Mutation[] {
  const text = source(file);
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const lines = text.split('\n');
  const found: Mutation[] = [];
  const put = (node: ts.Node, replacement: string) => {
    const start = node.getStart(tree);
    const line = tree.getLineAndCharacterOfPosition(start).line;
    found.push({ file, line: line + 1, text: lines[line].trim(), start, end: node.getEnd(), replacement });
  };
  const { code = false } = ROOMS[roomOf(file)];
  const visit = (node: ts.Node): void => {
    if (code) codeErrors(node);
    if (ts.isThrowStatement(node) || ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isTemplateExpression(node) || ts.isStringLiteral(node)) return;
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.getText(tree);
      const joinsText = operator.startsWith('+') && /['`]/.test(node.getText(tree));
      if (operator in OPERATORS && !joinsText) put(node.operatorToken, OPERATORS[operator]);
    }
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(tree) === 'tf' && node.name.text in SWAPS) {
      put(node.name, SWAPS[node.name.text]);
    }
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(tree) === 'Math' && node.name.text in MATH) {
      put(node.name, MATH[node.name.text]);
    }
    if (ts.isNumericLiteral(node) && !ts.isElementAccessExpression(node.parent)) {
      const value = Number(node.text);
      put(node, value === 0 ? '1' : Number.isInteger(value) ? String(value + 1) : String(value * 1.5));
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken)
      put(node, node.operand.getText(tree));
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
      put(node, node.kind === ts.SyntaxKind.TrueKeyword ? 'false' : 'true');
    }
    if (
      ts.isCallExpression(node) &&
      /^(transposed|symmetric|stopGradient|unbiasedVariance)$/.test(node.expression.getText(tree))
    ) {
      put(node, `(${node.arguments[0].getText(tree)})`);
    }
    ts.forEachChild(node, visit);
  };
  const codeErrors = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.getText(tree);
      if (operator in CODE_OPERATORS) put(node.operatorToken, CODE_OPERATORS[operator]);
    }
    if (
      ts.isPostfixUnaryExpression(node) ||
      (ts.isPrefixUnaryExpression(node) && node.getText(tree).startsWith('++'))
    ) {
      const operand = node.operand.getText(tree);
      // The step of a loop: backwards, it would never end, which any test notices.
      if (!ts.isForStatement(node.parent)) put(node, /\+\+/.test(node.getText(tree)) ? `${operand}--` : `${operand}++`);
    }
    // a[order[i]] becomes a[i].
    if (ts.isElementAccessExpression(node) && ts.isElementAccessExpression(node.argumentExpression)) {
      put(node.argumentExpression, node.argumentExpression.argumentExpression.getText(tree));
    }
    // A name goes from a list: another one takes its place, which means nothing.
    if (ts.isStringLiteral(node) && ts.isArrayLiteralExpression(node.parent)) put(node, `'not ${node.text}'`);
  };
  visit(tree);
  return found;
}

/** A copy of the library and its tests, compiled, beside links to everything they need. */
function workshop(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-mutation-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(modules);
  for (const name of fs.readdirSync(path.join(ROOT, 'node_modules'))) {
    if (name !== 'bnlab') fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  fs.cpSync(path.join(ROOT, 'lib/dist'), path.join(folder, 'lib/dist'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'lib/package.json'), path.join(folder, 'lib/package.json'));
  fs.symlinkSync(path.join(folder, 'lib'), path.join(modules, 'bnlab'));
  if (fs.existsSync(path.join(ROOT, 'lib/node_modules'))) {
    fs.symlinkSync(path.join(ROOT, 'lib/node_modules'), path.join(folder, 'lib/node_modules'));
  }
  for (const name of ['golden', 'manifest.json']) {
    fs.cpSync(path.join(ROOT, 'data', name), path.join(folder, 'data', name), { recursive: true });
  }
  for (const name of ['package.json', 'tsconfig.json']) fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
  for (const room of [...Object.keys(ROOMS), 'support']) {
    fs.mkdirSync(path.join(folder, 'test', room), { recursive: true });
    for (const name of fs.readdirSync(path.join(ROOT, 'test', room))) {
      const text = fs.readFileSync(path.join(ROOT, 'test', room, name), 'utf8');
      // engines.test.ts starts everything.ts by that name; the rest runs as JavaScript, for speed.
      fs.writeFileSync(path.join(folder, 'test', room, name), text);
      fs.writeFileSync(path.join(folder, 'test', room, name.replace(/\.ts$/, '.js')), compiled(text));
    }
  }
  return folder;
}

const compiled = (source: string): string =>
  ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
  }).outputText;

/** Nothing of the user's, and a folder for temporary files that goes with the copy, because a test that is ended cannot tidy up. */
function environment(folder: string): NodeJS.ProcessEnv {
  const temporary = path.join(folder, 'tmp');
  fs.mkdirSync(temporary, { recursive: true });
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('BNLAB_') || name === 'BNLAB_ENGINE');
  return { ...Object.fromEntries(kept), TMPDIR: temporary, TF_CPP_MIN_LOG_LEVEL: '2' };
}

/** Runs a test file until its end or its first failure. */
function passes(folder: string, room: string, name: string, limitMs: number): Promise<boolean> {
  const script = path.join(folder, 'test', room, `${name}.test.js`);
  // A group of its own, so that processes that the test has started end with it.
  const child = spawn(process.execPath, ['--test-reporter=tap', script], {
    cwd: folder,
    env: environment(folder),
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const end = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  process.on('exit', end);
  let failed = false;
  let rest = '';
  const fail = () => {
    failed = true;
    end();
  };
  const clock = setTimeout(fail, limitMs);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    // A test that is to do or is skipped may say "not ok" without failing.
    if (lines.some((line) => /^\s*not ok /.test(line) && !/# (TODO|SKIP)/i.test(line))) fail();
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(clock);
      process.off('exit', end);
      resolve(!failed && code === 0);
    });
  });
}

/** Milliseconds that a test takes when nothing is wrong, by folder and name. */
const usual = new Map<string, number>();

/** The test that notices, or undefined. An error after which a test does not end within several times its usual time is noticed. */
async function noticedBy(folder: string, file: string): Promise<string | undefined> {
  const room = roomOf(file);
  for (const name of testsOf(file)) {
    const known = usual.get(`${room}/${name}`);
    const began = Date.now();
    const passed = await passes(folder, room, name, known === undefined ? 2 ** 31 - 1 : 10_000 + 5 * known);
    if (!passed) return name;
    if (known === undefined) usual.set(`${room}/${name}`, Date.now() - began);
  }
  return undefined;
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const unknown = words.filter((word) => !(word in ROOMS) && !FILES.includes(word.replace(/:\d+$/, '')));
  if (unknown.length) {
    throw new Error(
      `${unknown.join(', ')}: not among ${[...Object.keys(ROOMS), ...FILES].join(', ')}, nor one of them with :line`,
    );
  }
  const all = (words.length ? words : FILES).flatMap((word) => {
    if (word in ROOMS) return filesOf(word).flatMap(mutations);
    const [file, line] = word.split(':');
    return mutations(file).filter((m) => line === undefined || m.line === Number(line));
  });
  const known = (m: Mutation) =>
    EQUIVALENT.find((e) => e.file === m.file && e.line.test(m.text) && (e.becomes?.test(m.replacement) ?? true));
  if (process.argv.includes('--list')) {
    for (const m of all)
      console.log(`${m.file}:${m.line}  ${m.text}  ->  ${m.replacement}${known(m) ? '  (changes nothing)' : ''}`);
    for (const file of new Set(all.map((m) => m.file))) console.log(`${file}: ${testsOf(file).join(', ')}`);
    console.log(`${all.length} errors`);
    return;
  }
  const folder = workshop();
  const survivors: Mutation[] = [];
  const counts: Record<string, number> = {};
  // Compiled as the errors will be, so that a difference is the error's and nothing else's.
  for (const file of FILES) fs.writeFileSync(target(folder, file), compiled(source(file)));
  for (const file of new Set(all.map((m) => m.file))) {
    const whole = await noticedBy(folder, file);
    if (whole)
      throw new Error(`${roomOf(file)}/${whole}.test.ts fails without any error put in; nothing can be learnt so.`);
  }
  for (const [i, m] of all.entries()) {
    if (known(m)) continue;
    const right = source(m.file);
    fs.writeFileSync(target(folder, m.file), compiled(right.slice(0, m.start) + m.replacement + right.slice(m.end)));
    const test = await noticedBy(folder, m.file);
    fs.writeFileSync(target(folder, m.file), compiled(right));
    counts[test ?? 'none'] = (counts[test ?? 'none'] ?? 0) + 1;
    if (!test) survivors.push(m);
    console.log(
      `${i + 1}/${all.length} ${m.file}:${m.line} -> ${m.replacement}: ${test ? `noticed by ${test}` : `SURVIVES  ${m.text}`}`,
    );
  }
  console.log(`\nNoticed by: ${JSON.stringify(counts)}; ${all.filter(known).length} change nothing.`);
  for (const m of all.filter(known))
    console.log(`  ${m.file}:${m.line}  ${m.text}  ->  ${m.replacement}: ${known(m)!.why}`);
  console.log(survivors.length ? `${survivors.length} survive:` : 'None survives.');
  for (const m of survivors) console.log(`  ${m.file}:${m.line}  ${m.text}  ->  ${m.replacement}`);
  process.exitCode = survivors.length ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
