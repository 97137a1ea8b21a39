/** What every experiment on a page shows besides its curves: a legend, how far it is, where its numbers come from, and the numbers. */
import { readPoints, READINGS, type ReadingName } from '../src/experiments/readings';
import type { RunnableSpec } from '../src/experiments';
import { numberText, percentText } from './axis';
import { linesOf, sentences } from './curves';
import type { Wearer } from './line';
import { element, svg } from './elements';
import type { Session } from './session';

/** Names and strokes. */
export function legend(names: ReadonlyMap<string, Wearer>, committed = false): HTMLElement {
  const sample = (as: string, behind = false) =>
    svg(
      'svg',
      { width: 30, height: 10, 'aria-hidden': 'true' },
      svg(
        'g',
        { class: `chart-line as-${as}${behind ? ' committed' : ''}` },
        svg('path', { class: 'curve', d: 'M1 5H29' }),
      ),
    );
  const sides = [...names];
  const own = sides.map(([name, as]) => element('li', {}, sample(as), name));
  const behind = committed && element('li', {}, ...sides.map(([, as]) => sample(as, true)), 'behind: the stored run');
  return element('ul', { class: 'legend' }, ...own, behind);
}

/** What is going on. */
function statusText<S extends RunnableSpec>(session: Session<S>): string {
  const { state, progress, message, seconds } = session;
  if (state === 'starting') return 'Starting: drawing the pictures and the weights …';
  if (state === 'running') {
    const share = Math.floor((100 * progress.done) / Math.max(1, progress.total));
    return `Training ${progress.text.replace(/, rate.*/, '')}: ${share} % of all steps, ${seconds.toFixed(0)} s`;
  }
  if (state === 'failed') return `It failed: ${message}`;
  if (state === 'stopped') return message;
  return state === 'done' ? `Done in ${seconds.toFixed(1)} s.` : '';
}

/** Shows how far it is and what came out. While it runs a screen reader is left in peace; it hears the end. */
export function tell<S extends RunnableSpec>(
  session: Session<S>,
  status: HTMLElement,
  outcome?: HTMLElement,
  say: (session: Session<S>) => string[] = () => [],
): void {
  const { isBusy } = session;
  for (const place of [status, outcome]) place?.setAttribute('aria-live', isBusy ? 'off' : 'polite');
  status.textContent = statusText(session);
  outcome?.replaceChildren(...say(session).map((text) => element('p', {}, text)));
}

/** What came out of a comparison. */
export function sayComparison({ points, spec, state }: Session): string[] {
  return spec && points.length > 0 ? sentences(points, spec, state === 'done') : [];
}

/** Where the numbers come from. */
export function provenance<S extends RunnableSpec>(session: Session<S>, commit?: string): string {
  const { spec, computer } = session;
  const { seeds = [] } = spec ?? {};
  const card = computer.card;
  if (!spec || !card) return '';
  const { kind, train, test } = spec.data;
  const count = (n?: number) => (n === undefined ? 'all' : n.toLocaleString('en-US'));
  const made = kind === 'digits' ? 'digits drawn by the page' : { mnist: 'MNIST', fashion: 'Fashion-MNIST' }[kind];
  return [
    `This page: ${card.engine} (TensorFlow.js ${card.tfjs}, ${card.node})`,
    ...(card.engine === 'webgpu' ? [`trained on ${card.device}, evaluated on the processor`] : []),
    ...card.passedOver
      .filter(({ engine }) => engine === 'wasm' && card.engine === 'js')
      .map(({ engine, why }) => `${engine} does not run, so this is slow: ${why}`),
    `${made}, ${count(train)} to train on and ${count(test)} to test`,
    ...(seeds.length > 0 ? [`seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}`] : []),
    ...(commit ? [`code ${commit}`] : []),
  ].join(' · ');
}

/** The numbers behind the curves: a row a step or a rate, a column a side. */
export function valuesTable<S extends RunnableSpec>(
  session: Session<S>,
  readings: readonly ReadingName[],
  layer = 0,
): HTMLElement {
  const { points, spec } = session;
  if (!spec || points.length === 0) return element('p', {}, 'Nothing has run yet.');
  const columns = readings.flatMap((reading) => {
    const text = READINGS[reading].percent ? (value: number) => percentText(value, 1) : numberText;
    return linesOf(readPoints(points, reading, layer), new Map()).map((line) => ({
      head: `${line.name}: ${READINGS[reading].label}`,
      at: (step: number) => text(line.y[line.x.indexOf(step)] ?? NaN),
    }));
  });
  const isOverRates = READINGS[readings[0]].over === 'rate';
  const steps = [
    ...new Set(points.map(({ evaluation, learningRate }) => (isOverRates ? learningRate : evaluation.step))),
  ].sort((a, b) => a - b);
  const head = element(
    'tr',
    {},
    element('th', { scope: 'col' }, isOverRates ? 'learning rate' : 'step'),
    ...columns.map((c) => element('th', { scope: 'col' }, c.head)),
  );
  const rows = steps.map((step) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, String(step)),
      ...columns.map((c) => element('td', { class: 'number' }, c.at(step))),
    ),
  );
  const { seeds = [] } = spec;
  const middle = seeds.length > 1 ? element('caption', {}, `Medians over ${seeds.length} seeds`) : null;
  const table = element('table', {}, middle, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: 'table', tabindex: '0', role: 'group', 'aria-label': 'Values' }, table);
}

/** A part that is filled when it is opened, and again while it is open. */
export class Folded {
  readonly place: HTMLDetailsElement;
  private readonly inside = element('div', { class: 'folded' });

  constructor(
    title: string,
    private readonly fill: () => Node,
  ) {
    this.place = element('details', {}, element('summary', {}, title), this.inside);
    this.place.addEventListener('toggle', () => this.update());
  }

  update(): void {
    if (this.place.open) this.inside.replaceChildren(this.fill());
  }
}
