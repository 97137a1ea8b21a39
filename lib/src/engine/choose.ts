/**
 * Which engine computes: the first on the list that loads; `BNLAB_ENGINE` forces one.
 */
import { EngineCard, ENGINE_NAMES, EngineName, PassedOver } from './card';
import type { Engine, Outcome, Particulars } from './engines/engine';
import { mendJavaScript } from './engines/js';
import { registeredEngines } from './engines/registry';
import { EngineError } from './errors';
import { repairGradients } from './gradients';
import { platform } from '../platform/port';
import { tf } from './tf';

/**
 * The engine that `BNLAB_ENGINE` forces, or undefined when it is unset or empty.
 * @throws EngineError when it names no engine
 */
export function forcedEngine(environment = platform().environment): EngineName | undefined {
  const given = environment.BNLAB_ENGINE;
  if (given === undefined || given === '') return undefined;
  const engine = ENGINE_NAMES.find((name) => name === given);
  if (!engine) {
    throw new EngineError(
      `BNLAB_ENGINE is '${given}', which is no engine. Set it to ${ENGINE_NAMES.join(', ')}, or leave it unset for the best there is.`,
    );
  }
  return engine;
}

/**
 * Loads the best engine there is, or the forced one.
 * @throws EngineError when a forced engine is absent: it says why, and what to run
 */
export async function chooseEngine(engines: readonly Engine[] = registeredEngines()): Promise<EngineCard> {
  const forced = forcedEngine();
  mendJavaScript();
  const passedOver = forced ? betterThan(forced, engines) : [];
  for (const engine of engines) {
    if (forced && engine.name !== forced) continue;
    const outcome = await attempt(engine);
    if (outcome.loaded) {
      repairGradients();
      return card(engine.name, outcome.card, passedOver);
    }
    if (outcome.passedOver) passedOver.push(outcome.passedOver);
  }
  if (!forced) throw new EngineError('No engine could be loaded. Run: npm run doctor');
  const { why, fix } = passedOver.find(({ engine }) => engine === forced) ?? { why: 'it does not run here', fix: null };
  throw new EngineError(
    `BNLAB_ENGINE=${forced} was asked for, but the ${forced} engine is not available: ${why}. ` +
      `${fix ? `Run: ${fix}. Or unset` : 'Unset'} BNLAB_ENGINE to take the best engine there is.`,
  );
}

/** The engines that a forced one leaves aside, though they come first. */
function betterThan(forced: EngineName, engines: readonly Engine[]): PassedOver[] {
  const offered = engines.filter(({ name, isOffered }) => name === forced || (isOffered?.() ?? true));
  const names = [...new Set(offered.map(({ name }) => name))];
  const better = names.slice(0, Math.max(0, names.indexOf(forced)));
  return better.map((engine) => ({ engine, why: `BNLAB_ENGINE asks for ${forced}`, fix: 'unset BNLAB_ENGINE' }));
}

async function attempt(engine: Engine): Promise<Outcome> {
  try {
    return await engine.load();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { loaded: false, passedOver: { engine: engine.name, why, fix: 'npm run setup' } };
  }
}

function card(engine: EngineName, particulars: Particulars, passedOver: PassedOver[]): EngineCard {
  const { gpu, device, tensorflow, threads } = particulars;
  const { version: node } = platform();
  const memoryBytes = platform().memory().limit ?? null;
  return { engine, gpu, device, tensorflow, tfjs: tf.version.tfjs, node, threads, memoryBytes, passedOver };
}
