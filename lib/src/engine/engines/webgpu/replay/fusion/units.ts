/**
 * What becomes one dispatch. A group has a space of rows and columns; in it stand maps over the whole space, reductions over its rows or its
 * columns (never both), and maps over what the reductions leave.
 */
import type { Command, Value } from '../recording';
import type { Node } from './nodes';

/** Rows that one workgroup goes through, again and again, at most: beyond, reductions are left to shaders of their own. */
const LONGEST = 2048;

/** Whether a node's result is of the whole space, or of what a reduction leaves. */
export type Level = 'full' | 'kept';

/** Something that becomes one dispatch. */
export class Unit {
  readonly members: { node: Node; level: Level }[] = [];
  readonly levels = new Map<Value, Level>();
  /** units that must come before */
  readonly before = new Set<Unit>();
  /** elements of the space */
  size = 0;
  columns: number | undefined;
  over: 'rows' | 'columns' | undefined;

  /** @param alone a dispatch that stays as it is */
  constructor(readonly alone?: Command) {}

  /** elements that a reduction leaves */
  get kept(): number | undefined {
    if (!this.over || !this.columns) return undefined;
    return this.over === 'rows' ? this.columns : this.size / this.columns;
  }

  get rows(): number {
    return this.size / this.columns!;
  }

  add(node: Node, level: Level): void {
    if (this.members.length === 0) this.size = node.kind === 'map' ? node.out.size : node.input.size;
    if (node.kind === 'reduce') {
      this.columns = node.columns;
      this.over = node.over;
    } else if (level === 'full') this.columns ??= node.columns;
    this.members.push({ node, level });
    this.levels.set(node.out, level);
  }
}

/** What a unit makes that something outside of it may take. */
export const writesOf = (unit: Unit): Value[] => unit.alone?.writes ?? unit.members.map(({ node }) => node.out);

/** What a unit takes, of its own making or not. */
export function inputsOf(unit: Unit): Value[] {
  if (unit.alone) return unit.alone.reads;
  return unit.members.flatMap(({ node }) => inputsOfNode(node));
}

/** What a node takes. */
export const inputsOfNode = (node: Node): Value[] =>
  node.kind === 'map' ? node.operands.map(({ value }) => value) : [node.input];

/** A unit of these nodes, in this order; undefined where they do not fit together. */
export function refill(nodes: readonly Node[]): Unit | undefined {
  const unit = new Unit();
  // reductions say what the columns are
  const reduce = nodes.find((node) => node.kind === 'reduce');
  if (reduce?.kind === 'reduce') {
    unit.size = reduce.input.size;
    unit.columns = reduce.columns;
    unit.over = reduce.over;
  }
  for (const node of nodes) {
    const fresh = unit.members.length === 0 && !reduce;
    const level = fresh ? (node.kind === 'map' ? 'full' : 'kept') : levelIn(unit, node);
    if (!level) return undefined;
    const { size } = unit;
    unit.add(node, level);
    if (!fresh) unit.size = size;
  }
  return unit;
}

export function become(unit: Unit, other: Unit): void {
  unit.members.splice(0, unit.members.length, ...other.members);
  unit.levels.clear();
  for (const [value, level] of other.levels) unit.levels.set(value, level);
  unit.size = other.size;
  unit.columns = other.columns;
  unit.over = other.over;
}

/** The level at which a node fits into a group; undefined where it does not. */
export function levelIn(unit: Unit, node: Node): Level | undefined {
  if (node.kind === 'reduce') {
    const fits =
      node.input.size === unit.size &&
      (unit.columns === undefined || unit.columns === node.columns) &&
      (unit.over === undefined || unit.over === node.over) &&
      unit.levels.get(node.input) !== 'kept' &&
      isShort(node);
    return fits ? 'kept' : undefined;
  }
  if (isFullIn(unit, node)) return 'full';
  return isKeptIn(unit, node) ? 'kept' : undefined;
}

/** Whether one workgroup may go through what a reduction takes. */
export const isShort = ({ rows, columns, over }: { rows: number; columns: number; over: string }): boolean =>
  (over === 'rows' ? rows : columns) <= LONGEST;

function isFullIn(unit: Unit, { out, columns, operands }: Extract<Node, { kind: 'map' }>): boolean {
  if (out.size !== unit.size) return false;
  if (columns !== undefined && unit.columns !== undefined && columns !== unit.columns) return false;
  const keptPlace = unit.over === 'rows' ? 'column' : 'row';
  return operands.every(({ value, place }) => {
    const level = unit.levels.get(value);
    if (level === undefined) return true;
    if (level === 'full') return place === 'same';
    return (
      place === keptPlace || (place === 'scalar' && unit.kept === 1) || (place === 'same' && unit.kept === unit.size)
    );
  });
}

function isKeptIn(unit: Unit, { out, columns, operands }: Extract<Node, { kind: 'map' }>): boolean {
  if (unit.kept === undefined || out.size !== unit.kept || columns !== undefined) return false;
  return operands.every(({ value, place }) => {
    const level = unit.levels.get(value);
    if (level === 'full') return false;
    return place === 'same' || place === 'scalar';
  });
}
