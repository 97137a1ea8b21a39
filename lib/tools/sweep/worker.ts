/**
 * A process that makes runs of one experiment, one at a time: `worker.js NAME [FILE]`. It ends with the process that started it.
 */
import type { Json } from '../../src/core/json';
import { setDatasetSource } from '../../src/data/source';
import { obtainFiles } from '../../src/data/sources';
import { engineCard, ready } from '../../src/engine';
import '../../src/engine/engines/node';
import { datasetOf, experiments, type DataSpec } from '../../src/experiments';
import { sha256 } from '../../src/platform/node';
import '../../src/platform/node/set';
import { loadSweepFile } from './load';
import type { Order, Report } from './messages';
import type { Sweeping } from '../../src/experiments';

const report = (message: Report): void => void process.send?.(message);

async function main([name, file]: string[]): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches every process of a terminal; the one that started this decides.
  process.on('SIGINT', () => undefined);
  setDatasetSource(obtainFiles);
  await ready();
  const experiment: Sweeping['experiment'] = file
    ? loadSweepFile(file, { check: false }).experiment
    : (experiments.get(name as never) as unknown as Sweeping['experiment']);
  const open = experiment.open();
  process.on('message', (order: Order) => {
    if ('dataOf' in order) return void reportData(order.dataOf);
    const started = performance.now();
    open.run(order.options as object).then(
      (answer) =>
        report({
          is: 'done',
          identity: order.identity,
          answer: answer as Json,
          seconds: (performance.now() - started) / 1000,
        }),
      (error: unknown) =>
        report({
          is: 'failed',
          identity: order.identity,
          error: error instanceof Error ? error.message : String(error),
        }),
    );
  });
  const { engine, gpu, tensorflow, tfjs } = engineCard();
  report({
    is: 'ready',
    engine: tensorflow ? `TensorFlow ${tensorflow}${gpu ? ' on a GPU' : ''}` : `${engine} ${tfjs}`,
  });
}

async function reportData(kinds: string[]): Promise<void> {
  try {
    const digests: Record<string, string> = {};
    for (const kind of kinds) {
      const { train, test } = await datasetOf({ kind: kind as DataSpec['kind'] });
      digests[kind] = sha256(train.images, train.labels, test.images, test.labels).slice(0, 16);
    }
    report({ is: 'data', digests });
  } catch (error) {
    report({ is: 'failed', identity: '', error: error instanceof Error ? error.message : String(error) });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  process.disconnect?.();
});
