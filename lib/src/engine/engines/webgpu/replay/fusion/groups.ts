/** Which dispatches become one. Groups and the dispatches that stay alone are the units of the new order. */
import type { Command, Value } from '../recording';
import type { Node } from './nodes';
import { become, inputsOf, inputsOfNode, levelIn, refill, Unit, writesOf } from './units';

/** Puts nodes into units, and units in order. */
export class Grouping {
  readonly units: Unit[] = [];
  /** the unit that makes a value */
  private readonly maker = new Map<Value, Unit>();

  /** @param isKnown whether a value is a number known beforehand, for which nothing need be waited */
  constructor(private readonly isKnown: (value: Value) => boolean) {}

  /** A dispatch that stays alone. */
  alone(command: Command): void {
    const unit = new Unit(command);
    this.units.push(unit);
    this.depend(unit, this.makers([...command.reads, ...command.writes.filter((value) => this.maker.has(value))]));
    for (const value of command.writes) this.maker.set(value, unit);
  }

  /** A dispatch that may join others. */
  node(node: Node): void {
    const needed = this.makers(inputsOfNode(node));
    const groups = [...needed].filter((unit) => !unit.alone).reverse();
    let chosen: Unit | undefined;
    for (const group of [...groups, ...this.sharing(node, groups)]) {
      const level = levelIn(group, node);
      if (!level || ![...needed].every((unit) => unit === group || !unit.before.has(group))) continue;
      group.add(node, level);
      chosen = group;
      break;
    }
    if (!chosen) {
      chosen = new Unit();
      chosen.add(node, node.kind === 'map' ? 'full' : 'kept');
      this.units.push(chosen);
    }
    needed.delete(chosen);
    this.depend(chosen, needed);
    this.maker.set(node.out, chosen);
    for (const group of groups) if (group !== chosen) chosen = this.unite(chosen, group);
  }

  /** Groups that take what a node takes, beside those that make it; the latest first. */
  private sharing(node: Node, makers: readonly Unit[]): Unit[] {
    const inputs = inputsOfNode(node).filter((value) => !this.isKnown(value));
    const shares = (unit: Unit) => inputsOf(unit).some((value) => inputs.includes(value));
    return this.units.filter((unit) => !unit.alone && !makers.includes(unit) && shares(unit)).reverse();
  }

  private makers(values: readonly Value[]): Set<Unit> {
    return new Set(values.filter((value) => !this.isKnown(value)).flatMap((value) => this.maker.get(value) ?? []));
  }

  /** Notes that a unit comes after others, and whatever comes after it, too. */
  private depend(unit: Unit, others: Iterable<Unit>): void {
    for (const other of others) {
      unit.before.add(other);
      for (const earlier of other.before) unit.before.add(earlier);
    }
    for (const later of this.units) {
      if (later.before.has(unit)) for (const earlier of unit.before) later.before.add(earlier);
    }
  }

  /** Makes two groups one, where their spaces are the same and nothing must come between them. */
  private unite(group: Unit, other: Unit): Unit {
    if (!this.units.includes(other) || !this.units.includes(group)) return group;
    const between = (a: Unit, b: Unit) => [...b.before].some((unit) => unit !== a && unit.before.has(a));
    if (between(group, other) || between(other, group)) return group;
    const members = [...group.members, ...other.members].sort((a, b) => a.node.out.id - b.node.out.id);
    const whole = refill(members.map(({ node }) => node));
    if (!whole) return group;
    for (const unit of [group, other]) {
      for (const earlier of unit.before) if (earlier !== group && earlier !== other) whole.before.add(earlier);
    }
    this.units.splice(this.units.indexOf(other), 1);
    this.units.splice(this.units.indexOf(group), 1, whole);
    for (const unit of this.units) {
      if (!unit.before.delete(group) && !unit.before.delete(other)) continue;
      unit.before.delete(other);
      unit.before.add(whole);
      for (const earlier of whole.before) unit.before.add(earlier);
    }
    for (const { node } of members) this.maker.set(node.out, whole);
    return whole;
  }

  /**
   * Moves a map to the only group that takes its result, where that saves storing it. What it takes must be stored already, or it
   * is stored in its place.
   * @param isResult whether a value must be there at the end of the step
   */
  sink(isResult: (value: Value) => boolean): void {
    const takers = new Map<Value, Set<Unit>>();
    for (const unit of this.units) {
      for (const value of inputsOf(unit)) takers.set(value, (takers.get(value) ?? new Set<Unit>()).add(unit));
    }
    for (const unit of [...this.units].reverse()) {
      for (const { node, level } of [...unit.members].reverse()) {
        const [taker, ...others] = takers.get(node.out) ?? [];
        if (level !== 'full' || node.kind !== 'map' || isResult(node.out)) continue;
        if (!taker || others.length > 0 || taker === unit || taker.alone || unit.members.length === 1) continue;
        const unstored = node.operands.filter(
          ({ value }) => unit.levels.has(value) && !isResult(value) && takers.get(value)?.size === 1,
        );
        if (unstored.length > 1) continue;
        const moved = refill([...taker.members.map((one) => one.node), node].sort((a, b) => a.out.id - b.out.id));
        const rest = refill(unit.members.map((one) => one.node).filter((one) => one !== node));
        if (!moved || !rest || moved.over !== taker.over || rest.over !== unit.over) continue;
        become(taker, moved);
        become(unit, rest);
        this.maker.set(node.out, taker);
        takers.delete(node.out);
        for (const { value } of node.operands) {
          takers.set(value, (takers.get(value) ?? new Set<Unit>()).add(taker));
          // what nobody else in the unit takes is taken by the other alone
          if (!inputsOf(unit).includes(value)) takers.get(value)!.delete(unit);
          const maker = this.maker.get(value);
          if (maker && maker !== taker) this.depend(taker, [maker]);
        }
      }
    }
  }

  /**
   * Splits groups that would bind more than the device allows: what only leaves a group is taken out of it first (updates of variables of
   * what a reduction leaves, moving averages), all of it into one group; then what comes last.
   */
  split(bindings: (unit: Unit) => number, limit: number): void {
    for (let i = 0; i < this.units.length; i++) {
      const unit = this.units[i];
      if (unit.alone || unit.members.length < 2) continue;
      const nodes = unit.members.map(({ node }) => node);
      const out: Node[] = [];
      let core: Unit | undefined = unit;
      while (nodes.length > 1 && (!core || bindings(core) > limit)) {
        out.unshift(...nodes.splice(leafOf(nodes, unit), 1));
        core = refill(nodes);
      }
      if (out.length === 0 || !core) continue;
      const together = refill(out.sort((a, b) => a.out.id - b.out.id));
      const rest = new Grouping(this.isKnown);
      if (together) rest.units.push(together);
      else for (const node of out) rest.node(node);
      this.units.splice(i, 1, core, ...rest.units);
    }
  }

  /** The units, each after what it needs. */
  ordered(): Unit[] {
    const done = new Set<Unit>();
    const order: Unit[] = [];
    const last = new Map<Value, Unit[]>();
    for (const unit of this.units)
      for (const value of writesOf(unit)) last.set(value, [...(last.get(value) ?? []), unit]);
    const visit = (unit: Unit) => {
      if (done.has(unit)) return;
      done.add(unit);
      for (const value of inputsOf(unit)) {
        for (const maker of last.get(value) ?? []) if (maker !== unit && !(unit.alone && done.has(maker))) visit(maker);
      }
      // several dispatches that write one value keep their order
      if (unit.alone)
        for (const value of unit.alone.writes)
          for (const one of last.get(value)!) {
            if (one === unit) break;
            visit(one);
          }
      order.push(unit);
    };
    for (const unit of this.units) visit(unit);
    return order;
  }
}

/** The last of the nodes that no other takes; of those that take from what reductions leave, where there are some. */
function leafOf(nodes: readonly Node[], { levels }: Unit): number {
  const taken = new Set(nodes.flatMap(inputsOfNode));
  const isLeaf = ({ out }: Node) => !taken.has(out);
  const kept = nodes
    .map((node) => node.kind === 'map' && isLeaf(node) && levels.get(node.out) === 'kept')
    .lastIndexOf(true);
  return kept >= 0 ? kept : nodes.map(isLeaf).lastIndexOf(true);
}
