/** Fewer dispatches for the same step: maps, reductions and what lies between become shaders of their own. Same results to rounding. */
import { Command, needed, Recording, Value } from '../recording';
import { Grouping } from './groups';
import { boundBy, commandOf } from './kernel';
import { Node, nodeOf, noteTransposed, Transposed } from './nodes';
import { Splats } from './splats';
import { inputsOf, inputsOfNode, isShort, Unit, writesOf } from './units';

/** The recording with fused dispatches. */
export function fused(device: GPUDevice, recording: Recording): Recording {
  const results = new Set<Value>([
    ...recording.outputs.map(({ value }) => value),
    ...recording.changed.map(({ after }) => after),
  ]);
  const written = new Map<Value, number>();
  for (const { writes } of recording.commands)
    for (const value of writes) written.set(value, (written.get(value) ?? 0) + 1);
  const splats = new Splats();
  const transposed: Transposed = new Map();
  const splat = (value: Value) => splats.of(value);
  const grouping = new Grouping((value) => splat(value) !== undefined && !results.has(value));
  for (const command of recording.commands) {
    if (command.writes.some((value) => written.get(value)! > 1)) {
      grouping.alone(command);
      continue;
    }
    splats.note(command);
    noteTransposed(command, transposed);
    const node = nodeOf(command, transposed);
    if (!node || (node.kind === 'reduce' && !isShort(node))) grouping.alone(command);
    else grouping.node(node);
  }
  drop(grouping, results, splat);
  grouping.sink((value) => results.has(value));
  const limit = device.limits.maxStorageBuffersPerShaderStage;
  const takers = takersOf(grouping.units);
  const bindings = (unit: Unit) => {
    const own = new Set<Node | Command>(unit.members.map(({ node }) => node));
    const isStored = (value: Value) => results.has(value) || (takers.get(value) ?? []).some((taker) => !own.has(taker));
    const { stores, loads } = boundBy(unit, isStored, splat);
    return stores.length + loads.length;
  };
  grouping.split(bindings, limit);
  const isTaken = takenOutside(grouping.units, results);
  const commands: Command[] = grouping.ordered().map((unit) => {
    if (unit.alone) return unit.alone;
    if (unit.members.length === 1) return single(device, unit, (value) => isTaken(unit, value), splat);
    return commandOf(
      device,
      unit,
      boundBy(unit, (value) => isTaken(unit, value), splat),
      splat,
    );
  });
  const kept = needed(commands, [...results]);
  const used = new Set([...results, ...kept.flatMap(({ bindings: bound }) => bound)]);
  const values = recording.values.filter((value) => used.has(value));
  return { ...recording, commands: kept, values };
}

/** A node that nothing joined: as it was, but for a reduction that needs no transposition so. */
function single(
  device: GPUDevice,
  unit: Unit,
  isTaken: (value: Value) => boolean,
  splat: (value: Value) => number | undefined,
): Command {
  const [{ node }] = unit.members;
  const isItself = node.kind === 'map' || node.input === node.command.reads[0];
  return isItself && !node.command.reads.some((value) => splat(value) !== undefined)
    ? node.command
    : commandOf(device, unit, boundBy(unit, isTaken, splat), splat);
}

/** Takes out what nobody takes, and what is a number known beforehand. */
function drop(grouping: Grouping, results: ReadonlySet<Value>, splat: (value: Value) => number | undefined): void {
  for (;;) {
    const taken = new Set<Value>(results);
    for (const unit of grouping.units) for (const value of inputsOf(unit)) taken.add(value);
    let changed = false;
    for (const unit of [...grouping.units]) {
      const isIdle = (value: Value) =>
        !taken.has(value) ||
        (!unit.alone && splat(value) !== undefined && !results.has(value) && !takenAlone(grouping, value));
      if (!writesOf(unit).some(isIdle)) continue;
      if (unit.alone) {
        if (!writesOf(unit).every((value) => !taken.has(value) && value.source.kind === 'made')) continue;
        grouping.units.splice(grouping.units.indexOf(unit), 1);
      } else {
        const members = unit.members.filter(({ node }) => !isIdle(node.out));
        unit.members.splice(0, unit.members.length, ...members);
        for (const value of [...unit.levels.keys()]) if (isIdle(value)) unit.levels.delete(value);
        if (members.length === 0) grouping.units.splice(grouping.units.indexOf(unit), 1);
      }
      changed = true;
    }
    if (!changed) return;
  }
}

/** Whether a dispatch that stays as it is takes a value: then it must be in memory. */
const takenAlone = ({ units }: Grouping, value: Value): boolean =>
  units.some(({ alone }) => alone?.reads.includes(value));

/** By value, what takes it. */
function takersOf(units: readonly Unit[]): Map<Value, (Node | Command)[]> {
  const takers = new Map<Value, (Node | Command)[]>();
  const note = (taker: Node | Command, values: readonly Value[]) => {
    for (const value of values) takers.set(value, [...(takers.get(value) ?? []), taker]);
  };
  for (const { alone, members } of units) {
    if (alone) note(alone, alone.reads);
    for (const { node } of members) note(node, inputsOfNode(node));
  }
  return takers;
}

/** Whether a value that a unit makes must be stored: somebody else takes it, or it is a result. */
function takenOutside(units: readonly Unit[], results: ReadonlySet<Value>): (unit: Unit, value: Value) => boolean {
  const takers = new Map<Value, Set<Unit>>();
  for (const unit of units) {
    for (const value of inputsOf(unit)) takers.set(value, (takers.get(value) ?? new Set<Unit>()).add(unit));
  }
  return (unit, value) => results.has(value) || [...(takers.get(value) ?? [])].some((taker) => taker !== unit);
}
