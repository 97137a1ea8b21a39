/** An experiment of a report, run in the reader's page: controls, Run and Stop, and the reader's curves over those of the stored run. */
import type { RunnableRecord } from '../src/notebook/runnable';
import {
  limitMarks,
  type Reading,
  readPoints,
  upToTheCliff,
  READINGS,
  type RunCurve,
} from '../src/experiments/readings';
import type { ComparisonSpec, ExperimentName, RunnableSpec } from '../src/experiments';
import { Chart, type ChartAxis } from './chart';
import type { Line, Wearer } from './line';
import type { Computer } from './computer';
import { CHANCE, endings, linesOf, wearers, wearersInOrder } from './curves';
import { ControlsView } from './controls-view';
import { element } from './elements';
import { Folded, legend, provenance, sayComparison, tell, valuesTable } from './parts-view';
import { Session } from './session';
import { addressOf } from './controls';
import { STANDARD } from './presets';

/** Whether its sides are networks of a comparison, which the playground has as well. */
const isComparison = (spec: RunnableSpec): spec is ComparisonSpec => 'sides' in spec;

/** Fills the place with the experiment. */
export class RunnableView {
  private readonly session: Session<RunnableSpec>;
  private readonly chart: Chart;
  private readonly run = element('button', { type: 'button', class: 'run' }, 'Run it here');
  private readonly status = element('p', { class: 'status', role: 'status' });
  private readonly said = element('div', { class: 'outcome' });
  private readonly from = element('p', { class: 'from' });
  private readonly key = element('div');
  private readonly table: Folded;
  private readonly explore = element('a', {}, 'This configuration in the playground, with all its controls');
  private readonly playground = document.documentElement.dataset.explore;
  private readonly reading: Reading;
  private spec: RunnableSpec;

  constructor(
    place: HTMLElement,
    private readonly record: RunnableRecord,
    computer: Computer,
    private readonly commit?: string,
  ) {
    const { reading } = record.figure;
    this.reading = READINGS[reading];
    this.spec = record.options;
    this.session = new Session(computer, record.experiment as ExperimentName, () => this.update());
    this.chart = new Chart({
      title: record.title,
      x: this.axis(this.spec),
      y: { ...this.reading, ...this.reading.range },
      height: 260,
      ...(reading === 'accuracy' && { level: { y: CHANCE, label: 'chance' } }),
    });
    this.table = new Folded('Values as a table', () => valuesTable(this.session, [reading], record.figure.layer));
    const controls = new ControlsView(record.controls, this.spec, (spec) => (this.spec = spec) && this.link());
    this.run.addEventListener('click', () => this.press());
    const invitation =
      'Run this experiment in the page: change what you like, and see your curves over the stored ones.';
    place.append(
      element('p', {}, invitation),
      controls.place,
      element('div', { class: 'acts' }, this.run, this.status),
    );
    place.append(this.chart.place, this.key, this.said, this.from, this.table.place);
    if (this.playground !== undefined && isComparison(this.spec))
      place.append(element('p', { class: 'from' }, this.explore));
    this.link();
    this.update();
  }

  private press(): void {
    if (this.session.isBusy) this.session.stop();
    else void this.session.run(this.spec);
  }

  /** The playground takes the state along; a page by itself has none beside it. */
  private link(): void {
    if (isComparison(this.spec)) this.explore.href = `${this.playground ?? ''}#${addressOf(this.spec, STANDARD)}`;
  }

  /** As long as the longest run, the stored one's or the reader's. */
  private axis({ steps }: RunnableSpec): ChartAxis {
    if (this.reading.over === 'rate') return { label: 'learning rate η', log: true };
    const last = Math.max(steps, ...this.record.committed.flatMap((curve) => curve.steps));
    return { label: 'training step', min: 0, max: last };
  }

  private names(spec: RunnableSpec): Map<string, Wearer> {
    return isComparison(spec) ? wearers(spec) : wearersInOrder(this.record.committed);
  }

  private own(): RunCurve[] {
    const { reading, layer } = this.record.figure;
    return readPoints(this.session.points, reading, layer);
  }

  private say(): string[] {
    const { session } = this;
    const { spec } = session;
    if (!spec || session.points.length === 0) return [];
    if (isComparison(spec)) return sayComparison(session as unknown as Session);
    const curves = this.own();
    return endings(linesOf(curves, this.names(spec)), this.reading, curves);
  }

  /** The stored run stays behind whatever is run here. */
  private lines(): Line[] {
    const { record, session } = this;
    const linesOver = (curves: readonly RunCurve[], spec: RunnableSpec) =>
      this.reading.over === 'rate'
        ? curves.map(({ side: name, steps: x, values }): Line => {
            return { name, as: this.names(spec).get(name) ?? 'other', x, y: upToTheCliff(values) };
          })
        : linesOf(curves, this.names(spec));
    const stored = linesOver(record.committed, record.options).map((line) => ({ ...line, committed: true }));
    return [...stored, ...(session.spec ? linesOver(this.own(), session.spec) : [])];
  }

  private update(): void {
    const { session } = this;
    const spec = session.spec ?? this.record.options;
    this.run.textContent = session.isBusy ? 'Stop' : session.spec ? 'Run again' : 'Run it here';
    this.run.classList.toggle('busy', session.isBusy);
    const marks = limitMarks(session.spec ? this.own() : []);
    this.chart.show(this.lines(), { x: this.axis(spec), marks });
    this.key.replaceChildren(legend(this.names(spec), true));
    tell(session, this.status, this.said, () => this.say());
    this.from.textContent = provenance(session, this.commit);
    for (const part of [this.chart.place, this.key, this.table.place]) part.hidden = session.spec === undefined;
    this.table.update();
  }
}
