/**
 * The commands that `npm run` calls. Each sets up what it needs; the work itself is compiled TypeScript in lib/dist/tools.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { filesBelow } = require('./files');
const { isFinished, noteFinished, sources } = require('./finished');
const { layout } = require('./layout');
const { environment, runInFront, stopIfAsked, stopSignal } = require('./run');
const { exitCodeOf, explain, goesOn, setUp } = require('./setup');
const { outliveReaders, seconds } = require('./steps');

/**
 * @param {string[]} argv a command and its arguments
 * @returns {Promise<number>} exit code
 */
async function main(argv) {
  outliveReaders();
  const [command = 'help', ...rest] = argv;
  const shown = command === 'start' || command === 'test' ? `npm ${command}` : `npm run ${command}`;
  try {
    switch (command) {
      case 'doctor':
        return await require('./doctor').doctor(rest);
      case 'setup':
        return await setup(shown, rest);
      case 'start':
        return await start(shown, rest);
      case 'test':
        return await test(shown, rest);
      case 'lint':
        return await lint(shown, rest);
      case 'format':
        return await format(shown, rest);
      default:
        await setUp({ command: shown });
        return await workOf(command, rest);
    }
  } catch (error) {
    return explain(error);
  }
}

/** Commands that keep what was finished, and do the rest when they are called again. */
const resumable = new Set(['data', 'notebooks', 'report', 'replicate', 'sweep', 'paper']);

/**
 * @param {string} command
 * @param {string[]} rest
 */
async function workOf(command, rest) {
  const lab = command === 'lab';
  const code = await runInFront(process.execPath, [layout.cli, command, ...rest], { alone: lab });
  const signal = stopSignal();
  // Ctrl-C is how JupyterLab is ended.
  if (!signal || lab || code === 0) return code;
  process.stderr.write(resumable.has(command) ? goesOn : 'Stopped.\n');
  return exitCodeOf(signal);
}

/**
 * @param {string} shown
 * @param {string[]} rest
 */
async function setup(shown, rest) {
  const known = ['gpu', 'webgpu', 'cpu', 'rebuild'];
  // `npm run setup --gpu`, without the separating `--`, arrives as npm's own configuration.
  const asNpm = known.filter((name) => process.env[`npm_config_${name}`] === 'true').map((name) => `--${name}`);
  const asked = new Set([...rest, ...asNpm]);
  if (
    [...asked].some((word) => !known.includes(word.replace('--', ''))) ||
    (asked.has('--cpu') && (asked.has('--gpu') || asked.has('--webgpu')))
  ) {
    process.stderr.write(
      "setup takes --gpu (TensorFlow's CUDA build), --webgpu (the engine for any GPU) or --cpu (back to the processor's, without " +
        'either), and --rebuild (the addon anew); ' +
        `it got: ${[...asked].join(' ')}\n`,
    );
    return 2;
  }
  const variant = asked.has('--gpu') ? 'gpu' : asked.has('--cpu') ? 'cpu' : undefined;
  const withWebgpu = asked.has('--webgpu') ? true : asked.has('--cpu') ? false : undefined;
  const rebuild = asked.has('--rebuild');
  const { worked, elapsed } = await setUp({ command: shown, variant, explicit: true, rebuild, withWebgpu });
  process.stdout.write(worked > 0 ? `Set up in ${elapsed}.\n` : `Set-up: everything was there (${elapsed}).\n`);
  return 0;
}

/**
 * From a fresh clone to the report.
 *
 * @param {string} shown
 * @param {string[]} rest names of notebooks; all when there are none
 */
async function start(shown, rest) {
  const began = Date.now();
  await setUp({ command: shown });
  // The committed notebooks stay as they are: what this machine computes goes to reports/, and only what is not there yet.
  const executed = path.join(path.dirname(layout.report), 'executed');
  let worst = 0;
  let made = '';
  const notebooks = ['notebooks', '--out', executed, '--pages', path.dirname(layout.report), '--stale', ...rest];
  for (const step of [['data'], notebooks, ['report', '--from', executed]]) {
    const code = await runInFront(process.execPath, [layout.cli, ...step]);
    stopIfAsked();
    worst = Math.max(worst, code);
    if (step[0] === 'data') {
      made = sources(); // with the data that have come
      if (code === 0 && rest.length === 0 && isFinished(made)) {
        process.stdout.write('Every notebook is up to date, and so is the report.\n');
        break;
      }
    }
    // A notebook that fails costs the others nothing: the report has those that finished, and names it.
    if (code === 0 || (step[0] === 'notebooks' && code === 1 && holdsNotebooks(executed))) continue;
    process.stderr.write(
      `\`npm run ${step[0]}\` ended with exit code ${code}; what to do is said above. What was finished is kept.\n`,
    );
    return code;
  }
  if (worst === 0 && rest.length === 0) noteFinished(made);
  const outcome =
    worst === 0 ? 'Done' : 'Some notebooks failed (why is said above and in the report); the others are done';
  process.stdout.write(
    `\n${outcome} in ${seconds(Date.now() - began)}. Open ${layout.report}\n  ${pathToFileURL(layout.report).href}\n`,
  );
  return worst;
}

/** @param {string} folder */
function holdsNotebooks(folder) {
  return fs.existsSync(folder) && fs.readdirSync(folder).some((file) => file.endsWith('.ipynb'));
}

/**
 * Every test, or those whose path contains one of the words. `--node=26` runs them, and set-up before them, under that Node;
 * `--limit=20` ends a file after so many seconds (twenty minutes, unless told: far more than any takes on a busy machine); what else
 * starts with a dash goes to node's test runner.
 *
 * @param {string} shown
 * @param {string[]} rest
 */
async function test(shown, rest) {
  const asked = rest.find((word) => word.startsWith('--node='));
  if (asked !== undefined)
    return testUnder(
      asked.slice('--node='.length),
      rest.filter((word) => word !== asked),
    );
  const folder = path.join(layout.root, 'test');
  const all = filesBelow(folder).filter(
    (name) => name.endsWith('.test.ts') && !name.split(path.sep).includes('node_modules'),
  );
  const limit = rest.find((word) => word.startsWith('--limit='))?.slice('--limit='.length) ?? '1200';
  if (!(Number(limit) > 0)) {
    process.stderr.write(`--limit wants the seconds that a test file may take; it got: ${limit || 'nothing'}\n`);
    return 2;
  }
  const options = rest.filter((word) => word.startsWith('-') && !word.startsWith('--limit='));
  const words = rest.filter((word) => !word.startsWith('-'));
  const files = all.filter(
    (name) => words.length === 0 || words.some((word) => path.join('test', name).includes(word)),
  );
  if (files.length === 0) {
    process.stderr.write(
      `No test file's path contains ${words.map((word) => `'${word}'`).join(' or ') || '.test.ts'}; there are ${all.length} test files below ${folder}.\n`,
    );
    return 1;
  }
  await setUp({ command: shown });
  const reporters = options.some((word) => word.startsWith('--test-reporter'))
    ? []
    : ['spec', path.join(__dirname, 'test-times.js')].flatMap((reporter) => [
        `--test-reporter=${reporter}`,
        '--test-reporter-destination=stdout',
      ]);
  const concurrency = options.some((word) => word.startsWith('--test-concurrency'))
    ? []
    : [`--test-concurrency=${filesAtOnce()}`];
  return runInFront(
    process.execPath,
    [
      '-r',
      'ts-node/register/transpile-only',
      '-r',
      path.join(folder, 'support', 'home.ts'),
      '--test',
      ...reporters,
      ...concurrency,
      ...options,
      ...files.map((name) => path.join('test', name)),
    ],
    { env: environment({ TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2', BNLAB_TEST_LIMIT: limit }) },
  );
}

/**
 * How many test files run side by side: one more than two processors carry, because much of what they do is to wait, for programs to start
 * and end and for limits to pass. Each may have a TensorFlow and a browser of its own.
 */
function filesAtOnce() {
  const memory = Math.min(os.freemem(), process.availableMemory?.() ?? Infinity);
  return os.availableParallelism() > 1 && memory > 8e9 ? 3 : 2;
}

/**
 * @param {string} word a major version of Node
 * @param {string[]} rest
 */
async function testUnder(word, rest) {
  const { majorOf, obtainNode, versions } = require('./other-nodes');
  const major = majorOf(word);
  if (major === undefined) {
    process.stderr.write(`--node wants one of ${Object.keys(versions).join(', ')}; it got: ${word || 'nothing'}\n`);
    return 2;
  }
  const program = await obtainNode(major);
  return runInFront(program, [path.join(__dirname, 'main.js'), 'test', ...rest]);
}

const tool = (/** @type {string[]} */ ...parts) => path.join(layout.nodeModules, ...parts);

/**
 * The linter, the formatter's check, and the compiler's look at the tests and at what runs in a browser.
 *
 * @param {string} shown
 * @param {string[]} rest
 */
async function lint(shown, rest) {
  await setUp({ command: shown });
  const eslint = [
    tool('eslint', 'bin', 'eslint.js'),
    '--config',
    path.join('.config', 'eslint.config.mjs'),
    ...(rest.length > 0 ? rest : ['.']),
  ];
  const types = ['.', path.join('lib', 'page')].map((of) => [tool('typescript', 'bin', 'tsc'), '-p', of]);
  const prettier = [
    tool('prettier', 'bin', 'prettier.cjs'),
    '--check',
    '--log-level=warn',
    ...(rest.length > 0 ? rest : ['.']),
  ];
  let worst = 0;
  for (const run of [eslint, ...types, prettier]) worst = Math.max(worst, await runInFront(process.execPath, run));
  return worst;
}

/**
 * @param {string} shown
 * @param {string[]} rest
 */
async function format(shown, rest) {
  await setUp({ command: shown, extent: 'packages' });
  return runInFront(process.execPath, [
    tool('prettier', 'bin', 'prettier.cjs'),
    '--write',
    '--log-level=warn',
    ...(rest.length > 0 ? rest : ['.']),
  ]);
}

module.exports = { main };
