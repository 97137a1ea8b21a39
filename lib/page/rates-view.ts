/** The map of rates: where each network ended, at every rate that was tried; and all rates in one go. */
import type { ComparisonSpec } from '../src/experiments';
import { Chart } from './chart';
import type { Line } from './line';
import type { Computer } from './computer';
import { CONTROLS } from './controls';
import { CHANCE, endsOf, rateSentence, type Standing, standings, wearers } from './curves';
import { element } from './elements';
import { legend, tell } from './parts-view';
import { Session } from './session';

const RATES = CONTROLS.rate.values;

/** What all runs on one map have in common: everything but the rate. */
const keyOf = (spec: ComparisonSpec) => JSON.stringify({ ...spec, learningRates: [] });

export class RatesView {
  readonly place: HTMLElement;
  private readonly chart: Chart;
  private readonly session: Session;
  private readonly all = element('button', { type: 'button', class: 'run' }, 'Try every rate');
  private readonly status = element('p', { class: 'status', role: 'status' });
  private readonly said = element('div', { class: 'outcome' });
  private readonly names = element('div');
  private known: Standing[] = [];
  private key = '';

  /**
   * @param spec what is set at the moment
   * @param before called before a sweep
   */
  constructor(
    computer: Computer,
    private readonly spec: () => ComparisonSpec,
    private readonly before: () => void,
  ) {
    this.chart = new Chart({
      title: 'Test accuracy at the end, at each learning rate',
      x: { label: 'learning rate', log: true, min: 0.008, max: 400, ticks: [0.01, 0.1, 1, 10, 100] },
      y: { label: 'test accuracy', percent: true, min: 0, max: 1 },
      height: 220,
      level: { y: CHANCE, label: 'chance' },
    });
    this.session = new Session(computer, 'learning-rate-sweep', () => this.update());
    this.all.addEventListener('click', () => this.press());
    this.place = element(
      'section',
      { class: 'rates' },
      element('h2', { id: 'which-rate' }, 'At which rate does a network stop learning?'),
      element('p', {}, 'Each run adds a point to this map. Or let the page try every rate, one after the other.'),
      element('div', { class: 'acts' }, this.all, this.status),
      this.chart.place,
      this.names,
      this.said,
    );
  }

  /** A link to the map, for who does not see it yet. */
  wayThere(): HTMLElement {
    const link = element('a', { href: '#which-rate' }, 'Which rate is too high? Try every rate');
    link.addEventListener('click', (event) => {
      event.preventDefault(); // the address holds the state
      this.place.scrollIntoView();
      this.all.focus({ preventScroll: true });
    });
    return element('p', { class: 'way' }, link);
  }

  /** The map of a configuration: another one begins an empty map. */
  show(spec: ComparisonSpec): void {
    const key = keyOf(spec);
    if (key !== this.key) {
      this.session.stop();
      [this.key, this.known] = [key, []];
    }
    this.update();
  }

  /** Adds runs that were made otherwise. */
  note(spec: ComparisonSpec, runs: readonly Standing[]): void {
    if (keyOf(spec) !== this.key) return;
    this.keep(runs);
    this.update();
  }

  stop(): void {
    this.session.stop();
  }

  private press(): void {
    if (this.session.isBusy) return this.session.stop();
    this.before();
    const spec = this.spec();
    void this.session.run({ ...spec, learningRates: [...RATES], evaluations: 1 });
  }

  private keep(runs: readonly Standing[]): void {
    const same = (a: Standing) => (b: Standing) =>
      a.side === b.side && a.seed === b.seed && a.learningRate === b.learningRate;
    for (const run of runs) this.known = [...this.known.filter((one) => !same(run)(one)), run];
  }

  private update(): void {
    const { session } = this;
    const { spec: swept, points, state } = session;
    const isHere = swept !== undefined && keyOf({ ...swept, evaluations: this.spec().evaluations }) === this.key;
    if (isHere)
      this.keep(
        standings(points, swept, state === 'done').filter(({ step, diverged }) => step === swept.steps || diverged),
      );
    this.all.textContent = session.isBusy ? 'Stop' : 'Try every rate';
    this.all.classList.toggle('busy', session.isBusy);
    if (isHere) tell(session, this.status);
    else this.status.textContent = '';
    this.said.setAttribute('aria-live', session.isBusy ? 'off' : 'polite');
    this.chart.show(this.lines());
    this.names.replaceChildren(legend(wearers(this.spec())));
    this.said.replaceChildren(
      ...this.spec().sides.map(({ name }) => element('p', {}, rateSentence(name, endsOf(this.known, name)))),
    );
  }

  private lines(): Line[] {
    return [...wearers(this.spec())].flatMap(([name, as]) => {
      const rows = endsOf(this.known, name);
      const [x, y] = [rows.map(({ rate }) => rate), rows.map(({ accuracy }) => accuracy)];
      return [
        { name, as, x, y },
        { name, as, x, y, dots: true },
      ];
    });
  }
}
