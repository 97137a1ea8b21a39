/** The playground: two networks side by side, everything on controls, the state in the address. */
import type { ComparisonSpec, DataSpec } from '../src/experiments';
import { cellOf } from './cell';
import { Chart } from './chart';
import type { Computer } from './computer';
import { addressOf, type ControlName, CONTROLS, fromAddress } from './controls';
import { ControlsView } from './controls-view';
import { CHANCE, linesFrom, standings, wearers } from './curves';
import { dataView } from './data-view';
import { element } from './elements';
import { engineView } from './engine-view';
import { type ClaimWords, type Preset, PRESETS, STANDARD } from './presets';
import { LayersView } from './layers-view';
import { Folded, legend, provenance, sayComparison, tell, valuesTable } from './parts-view';
import { RatesView } from './rates-view';
import { Session } from './session';

const FIRST: readonly ControlName[] = ['rate', 'a', 'b'];
const MORE: readonly ControlName[] = ['scale', 'depth', 'width', 'activation', 'batch', 'steps', 'seeds', 'data'];

/** The whole playground. */
export class Explore {
  private readonly session: Session;
  private readonly first: ControlsView;
  private readonly more: ControlsView;
  private readonly rates: RatesView;
  private readonly layers = new LayersView();
  private readonly accuracy: Chart;
  private readonly loss: Chart;
  private readonly run = element('button', { type: 'button', class: 'run' }, 'Run');
  private readonly status = element('p', { class: 'status', role: 'status' });
  private readonly changed = element('p', { class: 'changed', role: 'status' });
  private readonly said = element('div', { class: 'outcome' });
  private readonly names = element('div');
  private readonly from = element('p', { class: 'from' });
  private readonly code = element('pre', { tabindex: '0' });
  private readonly tables: Folded[];
  /** What there is to learn, and how much of it is taken. */
  private readonly pictures: Partial<Record<DataSpec['kind'], DataSpec>> = { digits: STANDARD.data };
  private readonly offered: Partial<Record<ControlName, string[]>> = {};
  /** Pictures that the address names and the page has not. */
  private readonly lacks: string;
  private spec: ComparisonSpec;

  constructor(
    private readonly place: HTMLElement,
    private readonly claims: Record<string, ClaimWords>,
    private readonly computer: Computer,
    private readonly commit?: string,
  ) {
    const { embedded } = computer;
    if (embedded) this.offer({ kind: embedded.name, train: embedded.train, test: embedded.test });
    const asked = fromAddress(location.hash, STANDARD);
    this.spec = this.possible(asked);
    this.lacks = asked.data.kind === this.spec.data.kind ? '' : CONTROLS.data.words(asked.data.kind);
    this.session = new Session(computer, 'side-by-side', () => this.update());
    this.rates = new RatesView(
      computer,
      () => this.spec,
      () => this.session.stop('Stopped for the sweep of rates.'),
    );
    const change = (spec: ComparisonSpec) => this.change(spec);
    this.first = new ControlsView(FIRST, this.spec, change, this.offered);
    this.more = new ControlsView(MORE, this.spec, change, this.offered);
    const level = { y: CHANCE, label: 'chance' };
    const y = { label: 'test accuracy', percent: true, min: 0, max: 1 };
    this.accuracy = new Chart({ title: 'Test accuracy', x: { label: 'training step' }, y, height: 250, level });
    this.loss = new Chart({
      title: 'Test loss, nats',
      x: { label: 'training step' },
      y: { label: 'loss', log: true },
      height: 250,
    });
    this.tables = [
      new Folded('Accuracy and loss as a table', () => valuesTable(this.session, ['accuracy', 'loss'])),
      new Folded('Inside the layers, as a table', () => this.layers.table(this.session)),
    ];
    this.build();
    this.run.addEventListener('click', () => this.press());
    window.addEventListener('hashchange', () => {
      // The name of a heading is no state.
      if (!document.getElementById(location.hash.slice(1))) this.change(fromAddress(location.hash, STANDARD));
    });
    this.change(this.spec);
  }

  private offer(data: DataSpec): void {
    this.pictures[data.kind] = data;
    this.offered.data = Object.keys(this.pictures);
  }

  /** With the pictures that there are: an address may name others. */
  private possible(spec: ComparisonSpec): ComparisonSpec {
    return { ...spec, data: this.pictures[spec.data.kind] ?? STANDARD.data };
  }

  private build(): void {
    const chips = PRESETS.map((preset) => this.chip(preset));
    const acts = element('div', { class: 'acts' }, this.run, this.status);
    const own = (kind: DataSpec['kind']) => {
      this.offer({ kind, train: 10000, test: 2000 });
      this.change(CONTROLS.data.write(this.spec, kind));
    };
    const without = this.lacks && `The address asks for ${this.lacks}: choose its files. Until then digits are drawn.`;
    const data = dataView(this.computer, own, without);
    const engine = engineView(this.computer, () => this.update());
    const rest = element(
      'details',
      { class: 'more' },
      element('summary', {}, 'More controls'),
      this.more.place,
      engine,
      data,
    );
    rest.open = window.matchMedia('(min-width: 60rem)').matches || this.lacks !== '';
    const copy = element('button', { type: 'button' }, 'Copy');
    copy.addEventListener('click', () => void this.copy(copy));
    const panel = element(
      'section',
      { class: 'panel', 'aria-label': 'Controls' },
      this.first.place,
      acts,
      this.changed,
      this.rates.wayThere(),
      rest,
    );
    const results = element(
      'section',
      { class: 'results', 'aria-label': 'Results' },
      this.names,
      element('div', { class: 'pair' }, this.accuracy.place, this.loss.place),
      this.said,
      this.from,
      this.rates.place,
      this.layers.place,
      ...this.tables.map(({ place }) => place),
    );
    const cell = element(
      'section',
      { class: 'take' },
      element('h2', { id: 'take-it-with-you' }, 'Take it with you'),
      element(
        'p',
        {},
        'This configuration as a cell of a notebook. With BNLAB_ENGINE=wasm it gives the numbers of this page where WebAssembly trained; a GPU rounds otherwise. The address of the page holds the configuration too.',
      ),
      element('div', { class: 'code-box' }, this.code, copy),
    );
    const tries = element(
      'section',
      { class: 'presets' },
      element('h2', { id: 'from-the-ledger' }, 'From the ledger'),
      element('ul', {}, ...chips),
    );
    this.place.append(element('div', { class: 'playground' }, panel, results), tries, cell);
  }

  private chip({ title, state, claim }: Preset): HTMLElement {
    const button = element('button', { type: 'button' }, title);
    button.addEventListener('click', () => {
      this.change(fromAddress(state, STANDARD));
      this.place.scrollIntoView();
      void this.start();
    });
    const said = this.claims[claim];
    const words = said && [` “${said.quote}” `, element('a', { href: said.page }, said.verdict)];
    return element('li', {}, button, ...(words || []));
  }

  private async copy(button: HTMLButtonElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.code.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      getSelection()?.selectAllChildren(this.code);
      button.textContent = 'Selected: copy it by keyboard';
    }
  }

  private press(): void {
    if (this.session.isBusy) return this.session.stop();
    void this.start();
  }

  /** Runs; a run that ended is a point on the map of rates. */
  private async start(): Promise<void> {
    this.rates.stop();
    await this.session.run(this.spec);
    const { spec, points, state } = this.session;
    if (spec && state === 'done') this.rates.note(spec, standings(points, spec, true));
  }

  private change(asked: ComparisonSpec): void {
    const spec = (this.spec = this.possible(asked));
    this.first.show(spec);
    this.more.show(spec);
    this.code.textContent = cellOf(spec);
    const state = addressOf(spec, STANDARD);
    if (location.hash.slice(1) !== state) history.replaceState(null, '', `#${state}`);
    this.rates.show(spec);
    this.update();
  }

  private update(): void {
    const { session } = this;
    const spec = session.spec ?? this.spec;
    this.run.textContent = session.isBusy ? 'Stop' : 'Run';
    this.run.classList.toggle('busy', session.isBusy);
    this.status.dataset.held = session.held;
    const x = { label: 'training step', min: 0, max: spec.steps };
    this.accuracy.show(linesFrom(session.points, spec, 'accuracy'), { x });
    this.loss.show(linesFrom(session.points, spec, 'loss'), { x });
    this.layers.show(session.points, spec);
    this.names.replaceChildren(legend(wearers(spec)));
    tell(session, this.status, this.said, sayComparison);
    const isOther = !session.isBusy && addressOf(spec, STANDARD) !== addressOf(this.spec, STANDARD);
    this.changed.textContent = isOther ? 'The curves are of what was set before. Press Run for this.' : '';
    this.from.textContent = provenance(session, this.commit);
    for (const table of this.tables) table.update();
  }
}
