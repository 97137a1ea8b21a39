/** Controls as a reader sees them: a slider for what has an order, a list for what has names; each with its label and its value in words. */
import type { ComparisonSpec, RunnableSpec } from '../src/experiments';
import { type AnyControlName, type Control, controlNamed, rungs, type Value } from './controls';
import { element } from './elements';

let ids = 0;

/** A set of controls over one specification. */
export class ControlsView<S extends RunnableSpec = ComparisonSpec> {
  readonly place = element('div', { class: 'controls' });
  private readonly each = new Map<AnyControlName, (spec: S) => void>();

  /**
   * @param names which controls, in order
   * @param offered further values, such as data that the reader brought
   */
  constructor(
    names: readonly AnyControlName[],
    private spec: S,
    private readonly onChange: (spec: S, name: AnyControlName) => void,
    private readonly offered: Partial<Record<AnyControlName, readonly Value[]>> = {},
  ) {
    for (const name of names) this.add(name);
  }

  /** Shows another state. */
  show(spec: S): void {
    this.spec = spec;
    for (const update of this.each.values()) update(spec);
  }

  private add(name: AnyControlName): void {
    const control = controlNamed<S>(name);
    const id = `control-${++ids}`;
    const hint = element('span', { class: 'hint', id: `${id}-hint` }, control.hint);
    const label = element('label', { for: id }, control.label);
    const field = control.kind === 'ladder' ? this.slider(name, control, id) : this.list(name, control, id);
    this.place.append(
      element('div', { class: `control control-${control.kind}`, title: control.hint }, label, ...field, hint),
    );
  }

  private change(name: AnyControlName, value: Value): void {
    this.spec = controlNamed<S>(name).write(this.spec, value);
    this.onChange(this.spec, name);
  }

  private slider(name: AnyControlName, control: Control<S>, id: string): HTMLElement[] {
    const input = element('input', { type: 'range', id, min: '0', step: '1', 'aria-describedby': `${id}-hint` });
    const output = element('output', { for: id });
    let values: Value[] = [];
    const say = (value: Value) => {
      output.textContent = control.words(value);
      input.setAttribute('aria-valuetext', control.words(value));
    };
    this.each.set(name, (spec) => {
      values = rungs(control, spec);
      input.max = String(values.length - 1);
      input.value = String(values.indexOf(control.read(spec)));
      say(control.read(spec));
    });
    this.each.get(name)!(this.spec);
    input.addEventListener('input', () => {
      const value = values[Number(input.value)];
      say(value);
      this.change(name, value);
    });
    return [output, input];
  }

  private list(name: AnyControlName, control: Control<S>, id: string): HTMLElement[] {
    const select = element('select', { id, 'aria-describedby': `${id}-hint` });
    this.each.set(name, (spec) => {
      const values = [...new Set([...rungs(control, spec), ...(this.offered[name] ?? [])])];
      select.replaceChildren(
        ...values.map((value) => element('option', { value: String(value) }, control.words(value))),
      );
      select.value = String(control.read(spec));
    });
    this.each.get(name)!(this.spec);
    select.addEventListener('change', () => this.change(name, select.value));
    return [select];
  }
}
