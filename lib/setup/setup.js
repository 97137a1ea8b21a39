/**
 * Set-up: brings the project from whatever state it is in to one that works, and does nothing when it already does.
 */
'use strict';

const os = require('node:os');
const { SetupError, Interrupted } = require('./errors');
const engine = require('./engine');
const { remove } = require('./files');
const { layout, whyNotWritable } = require('./layout');
const library = require('./library');
const lock = require('./lock');
const nodePackages = require('./node-packages');
const python = require('./python');
const { endPrograms, stopIfAsked, stopSignal, watchSignals } = require('./run');
const { Steps } = require('./steps');
const webgpu = require('./webgpu');

/**
 * @param {object} options
 * @param {string} options.command what the user typed, for whoever waits for us
 * @param {'cpu' | 'gpu'} [options.variant] which build of TensorFlow; as before when not given
 * @param {boolean} [options.explicit] the user asked for set-up itself: retry what failed before
 * @param {boolean} [options.rebuild] build the addon anew
 * @param {boolean} [options.withWebgpu] whether the WebGPU engine is wanted; as before when not given
 * @param {'all' | 'packages'} [options.extent] packages: npm's only
 * @throws SetupError, Interrupted
 */
async function setUp({ command, variant, explicit = false, rebuild = false, withWebgpu, extent = 'all' }) {
  const trouble = whyNotWritable(layout.state);
  if (trouble) {
    throw new SetupError(
      `${layout.root} may not be written: ${trouble}`,
      /ENOSPC/.test(trouble)
        ? 'Free some space on its disk, then run the same command again.'
        : 'Clone the repository into a folder that is yours, such as one in your home folder.',
    );
  }
  const steps = new Steps();
  watchSignals();
  const mine = await lock.acquire(layout.lock, { command, waiting: (message) => steps.print(message), stopIfAsked });
  mine.onLost = endPrograms;
  try {
    // Under the lock nobody else makes anything here.
    remove(layout.temporary);
    const chosen = variant ?? engine.rememberedVariant();
    if (rebuild) engine.forget();
    const packages = steps.run('npm packages', (note) => nodePackages.install(note));
    const compiled =
      extent === 'all' ? packages.then(() => steps.run('library', (note) => library.build(note))) : packages;
    /** Two lanes, because one waits for the network while the other computes. */
    const environment = async () => {
      if (extent !== 'all') return;
      await steps.run('Python environment', (note) => python.install(note));
      await steps.run('tslab kernel', () => python.registerKernel());
      await steps.run('TensorFlow library', (note) =>
        engine.obtainLibrary({ variant: chosen, explicit, npmDone: packages.catch(() => undefined), note }),
      );
    };
    const results = await Promise.allSettled([compiled, environment()]);
    stopIfAsked();
    mine.expectHeld();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const ours = failures.filter((reason) => reason instanceof SetupError);
    // Of steps side by side on a full disk one may say so, and another what it tripped over when npm had made room again.
    if (failures.length > 0) throw ours.find(({ diskFull }) => diskFull) ?? ours[0] ?? failures[0];
    if (extent === 'all') await steps.run('engine', (note) => engine.prepareAddon({ variant: chosen, explicit, note }));
    if (extent === 'all' && withWebgpu === false) webgpu.forget();
    if (extent === 'all' && (withWebgpu || webgpu.look() !== 'absent'))
      await steps.run('WebGPU engine', (note) => webgpu.install({ asked: withWebgpu === true, note }));
    remove(layout.temporary);
    return { worked: steps.worked, elapsed: steps.elapsed() };
  } finally {
    steps.pause();
    mine.release();
  }
}

/** What every command says that goes on where it was stopped. */
const goesOn = 'Stopped. The same command goes on from here.\n';

/**
 * The exit code of a command that a signal ended, as shells have it.
 *
 * @param {NodeJS.Signals} signal
 */
const exitCodeOf = (signal) => 128 + os.constants.signals[signal];

/**
 * Prints an error as a reader needs it.
 *
 * @param {unknown} error
 * @returns {number} the exit code
 */
function explain(error) {
  const signal = error instanceof Interrupted ? error.signal : stopSignal();
  if (signal) {
    process.stderr.write(goesOn);
    return exitCodeOf(signal);
  }
  if (error instanceof lock.LockLost) {
    process.stderr.write(
      `Stopped: ${error.message}. What to do: see that the other one is done, then run the same command again.\n`,
    );
    return 1;
  }
  if (error instanceof SetupError) {
    const parts = ['', `Set-up cannot go on: ${error.message}.`];
    if (error.detail) parts.push('', error.detail.replace(/^/gm, '    '), '');
    parts.push(`What to do: ${error.fix}`);
    if (error.log) parts.push(`All of the output: ${error.log}`);
    process.stderr.write(`${parts.join('\n')}\n`);
    return 1;
  }
  throw error;
}

module.exports = { setUp, explain, exitCodeOf, goesOn };
