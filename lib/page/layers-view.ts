/** Inside the networks: the inputs of one layer's nonlinearity over the steps, and what each layer shows at the last of them. */
import { readPoints, READINGS, type ReadingName } from '../src/experiments/readings';
import type { ComparisonSpec, RunPoint } from '../src/experiments';
import { Chart } from './chart';
import type { Line } from './line';
import { CONTROLS } from './controls';
import { linesFrom, median, wearers } from './curves';
import { element } from './elements';
import { valuesTable } from './parts-view';
import type { Session } from './session';

const THROUGH: readonly ReadingName[] = ['saturated', 'gradient', 'weights', 'shift'];
const TITLES: Partial<Record<ReadingName, string>> = {
  saturated: 'Saturated values',
  gradient: 'Gradient norm |dl/dW|',
  weights: 'Weight norm |W|',
  shift: 'Bias norm |b|, or |β|',
};

export class LayersView {
  readonly place: HTMLElement;
  private readonly fans = [0, 1].map(
    () => new Chart({ title: '', x: { label: 'training step' }, y: { label: 'value' }, height: 200 }),
  );
  private readonly through = THROUGH.map((reading) => {
    const { percent, log } = READINGS[reading];
    const y = { label: '', percent, log, ...(percent && { min: 0, max: 1 }) };
    return { reading, chart: new Chart({ title: TITLES[reading]!, x: { label: 'hidden layer' }, y, height: 180 }) };
  });
  private readonly choice = element('select', { id: 'which-layer' });
  private readonly when = element('p', { class: 'from' });
  private shown?: { points: readonly RunPoint[]; spec: ComparisonSpec };

  constructor() {
    this.choice.addEventListener('change', () => this.shown && this.show(this.shown.points, this.shown.spec));
    this.place = element(
      'section',
      { class: 'layers' },
      element('h2', { id: 'inside' }, 'Inside the networks'),
      element(
        'p',
        { class: 'acts' },
        element('label', { for: 'which-layer' }, 'Inputs of the nonlinearity of'),
        this.choice,
      ),
      element('div', { class: 'pair' }, ...this.fans.map(({ place }) => place)),
      this.when,
      element('div', { class: 'four' }, ...this.through.map(({ chart }) => chart.place)),
    );
  }

  /** Place of the layer that the reader chose. */
  private get layer(): number {
    return Math.max(0, this.choice.selectedIndex);
  }

  show(points: readonly RunPoint[], spec: ComparisonSpec): void {
    this.shown = { points, spec };
    const depth = Number(CONTROLS.depth.read(spec));
    if (this.choice.options.length !== depth) {
      const kept = Math.min(this.layer, depth - 1);
      const names = Array.from({ length: depth }, (_, i) => element('option', {}, `hidden layer ${i + 1}`));
      this.choice.replaceChildren(...names);
      this.choice.selectedIndex = kept;
    }
    this.showFans(points, spec);
    const last = Math.max(0, ...points.map(({ evaluation }) => evaluation.step));
    this.when.textContent =
      'Above: the median of what enters the nonlinearity, and the band from the 15th to the 85th percentile. ' +
      (points.length > 0 ? `Below: layer by layer, at each network’s last step of ${last}.` : 'Below: layer by layer.');
    for (const { reading, chart } of this.through) {
      chart.show(throughLayers(points, spec, reading, depth), {
        x: { label: 'hidden layer', min: 0.7, max: depth + 0.3, ticks: Array.from({ length: depth }, (_, i) => i + 1) },
      });
    }
  }

  /** Both networks on one scale. */
  private showFans(points: readonly RunPoint[], spec: ComparisonSpec): void {
    const lines = linesFrom(points, spec, 'inputs', this.layer);
    const all = lines.flatMap(({ low = [], high = [] }) => [...low, ...high]).filter(Number.isFinite);
    const edge = Math.max(1, ...all.map(Math.abs));
    const x = { label: 'training step', min: 0, max: spec.steps };
    this.fans.forEach((chart, i) => {
      const { name } = spec.sides[i];
      const title = `${name}: inputs of layer ${this.layer + 1}`;
      chart.show(
        lines.filter((line) => line.name === name),
        { title, x, y: { label: 'value', min: -edge, max: edge } },
      );
    });
  }

  /** The numbers of the chosen layer. */
  table(session: Session): HTMLElement {
    return valuesTable(session, ['inputs', ...THROUGH], this.layer);
  }
}

/** One line a side: the reading of every layer at the last step that has one, the median over the seeds. */
function throughLayers(points: readonly RunPoint[], spec: ComparisonSpec, reading: ReadingName, depth: number): Line[] {
  const layers = Array.from({ length: depth }, (_, i) => i);
  const each = layers.map((layer) => readPoints(points, reading, layer));
  return [...wearers(spec)].flatMap(([name, as]) => {
    const y = layers.map((layer) => {
      const runs = each[layer].filter(({ side }) => side === name);
      return median(runs.map(({ values }) => values.findLast(Number.isFinite) ?? NaN));
    });
    if (!y.some(Number.isFinite)) return [];
    const x = layers.map((layer) => layer + 1);
    return [
      { name, as, x, y },
      { name, as, x, y, dots: true },
    ];
  });
}
