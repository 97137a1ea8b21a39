/** An experiment of a report, run in the reader's page: controls, Run and Stop, and the reader's curves over those of the stored run. */
import type { RunnableRecord } from '../src/notebook/runnable';
import { READINGS } from '../src/experiments/readings';
import type { ComparisonSpec, ExperimentName } from '../src/experiments';
import { Chart } from './chart';
import type { Line } from './line';
import type { Computer } from './computer';
import { CHANCE, linesFrom, linesOf, wearers } from './curves';
import { ControlsView } from './controls-view';
import { element } from './elements';
import { Folded, legend, provenance, tell, valuesTable } from './parts-view';
import { Session } from './session';
import { addressOf } from './controls';
import { STANDARD } from './presets';

/** Fills the place with the experiment. */
export class RunnableView {
  private readonly session: Session;
  private readonly chart: Chart;
  private readonly run = element('button', { type: 'button', class: 'run' }, 'Run it here');
  private readonly status = element('p', { class: 'status', role: 'status' });
  private readonly said = element('div', { class: 'outcome' });
  private readonly from = element('p', { class: 'from' });
  private readonly names = element('div');
  private readonly table: Folded;
  private readonly explore = element('a', {}, 'This configuration in the playground, with all its controls');
  private readonly playground = document.documentElement.dataset.explore;
  private spec: ComparisonSpec;

  constructor(
    place: HTMLElement,
    private readonly record: RunnableRecord,
    computer: Computer,
    private readonly commit?: string,
  ) {
    const { reading } = record.figure;
    this.spec = record.options;
    this.session = new Session(computer, record.experiment as ExperimentName, () => this.update());
    this.chart = new Chart({
      title: record.title,
      x: { label: 'training step', min: 0, max: this.spec.steps },
      y: { ...READINGS[reading], ...(reading === 'accuracy' && { min: 0, max: 1 }) },
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
    place.append(this.chart.place, this.names, this.said, this.from, this.table.place);
    if (this.playground !== undefined) place.append(element('p', { class: 'from' }, this.explore));
    this.link();
    this.update();
  }

  private press(): void {
    if (this.session.isBusy) this.session.stop();
    else void this.session.run(this.spec);
  }

  /** The playground takes the state along; a page by itself has none beside it. */
  private link(): void {
    this.explore.href = `${this.playground ?? ''}#${addressOf(this.spec, STANDARD)}`;
  }

  /** The stored run stays behind whatever is run here. */
  private lines(): Line[] {
    const { record, session } = this;
    const { reading, layer } = record.figure;
    const stored = linesOf(record.committed, wearers(record.options)).map((line) => ({ ...line, committed: true }));
    const own = session.spec ? linesFrom(session.points, session.spec, reading, layer) : [];
    return [...stored, ...own];
  }

  private update(): void {
    const { session } = this;
    const spec = session.spec ?? this.record.options;
    this.run.textContent = session.isBusy ? 'Stop' : session.spec ? 'Run again' : 'Run it here';
    this.run.classList.toggle('busy', session.isBusy);
    const last = Math.max(spec.steps, ...this.record.committed.flatMap(({ steps }) => steps));
    this.chart.show(this.lines(), { x: { label: 'training step', min: 0, max: last } });
    this.names.replaceChildren(legend(spec, true));
    tell(session, this.status, this.said);
    this.from.textContent = provenance(session, this.commit);
    for (const part of [this.chart.place, this.names, this.table.place]) part.hidden = session.spec === undefined;
    this.table.update();
  }
}
