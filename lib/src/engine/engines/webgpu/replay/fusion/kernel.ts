/**
 * The shader of a group. Without a reduction: one invocation for each element. With one: a workgroup takes some columns (or rows), and goes
 * through their elements once for each reduction that waits for another, computing again what it needs of them.
 */
import type { Command, Value } from '../recording';
import { INDEX, pipelineOf, workgroupsFor } from '../shaders';
import { Functions } from './functions';
import { literal, MapNode, Operand, Place, ReduceNode, Reduction } from './nodes';
import { type Stages, stagesOf } from './stages';
import type { Unit } from './units';

/** Invocations of a workgroup that reduces. */
const INVOCATIONS = 256;
/** Workgroups below which a workgroup takes fewer columns. */
const FEW = 24;

const REDUCTIONS: Record<Reduction, { first: string; both: (a: string, b: string) => string }> = {
  sum: { first: '0.0', both: (a, b) => `${a} + ${b}` },
  mean: { first: '0.0', both: (a, b) => `${a} + ${b}` },
  max: { first: '-infinity()', both: (a, b) => `largest(${a}, ${b})` },
  min: { first: 'infinity()', both: (a, b) => `smallest(${a}, ${b})` },
};

/** What a group binds: what it stores, and what it takes from outside. */
export interface Bound {
  stores: Value[];
  loads: Value[];
}

/** @param splat the number that all elements of a value are, where it is known */
export function boundBy(
  unit: Unit,
  isTaken: (value: Value) => boolean,
  splat: (value: Value) => number | undefined,
): Bound {
  const loads = new Set<Value>();
  for (const { node } of unit.members) {
    const inputs = node.kind === 'map' ? node.operands.map(({ value }) => value) : [node.input];
    for (const value of inputs) if (!unit.levels.has(value) && splat(value) === undefined) loads.add(value);
  }
  return { stores: unit.members.map(({ node }) => node.out).filter(isTaken), loads: [...loads] };
}

/** The group as one dispatch. */
export function commandOf(
  device: GPUDevice,
  unit: Unit,
  bound: Bound,
  splat: (value: Value) => number | undefined,
): Command {
  const writer = new Writer(unit, bound, splat);
  const { code, dispatch } = unit.over ? writer.reducing(device) : writer.flat(device);
  const head = `struct Uniforms { NAN : f32, INFINITY : f32 }
@group(0) @binding(${bound.stores.length + bound.loads.length}) var<uniform> uniforms : Uniforms;\n`;
  return {
    name: `Fused[${unit.members.map(({ node }) => node.command.name).join(' ')}]`,
    pipeline: pipelineOf(device, head + code),
    reads: bound.loads,
    writes: bound.stores,
    bindings: [...bound.stores, ...bound.loads],
    uniforms: Float32Array.of(NaN, Infinity).buffer,
    dispatch,
  };
}

const stored = ({ dtype }: Value): 'f32' | 'i32' => (dtype === 'float32' ? 'f32' : 'i32');

class Writer {
  private readonly names = new Map<Value, string>();
  private readonly functions = new Functions();

  constructor(
    private readonly unit: Unit,
    private readonly bound: Bound,
    private readonly splat: (value: Value) => number | undefined,
  ) {
    [...bound.stores.map((value, i) => [value, `out${i}`] as const)].forEach(([value, name]) =>
      this.names.set(value, name),
    );
    bound.loads.forEach((value, i) => this.names.set(value, `in${i}`));
  }

  flat(device: GPUDevice): { code: string; dispatch: Command['dispatch'] } {
    const { unit, bound } = this;
    const lines: string[] = [];
    const made = new Map<Value, string>();
    for (const { node } of unit.members) {
      if (node.kind !== 'map') throw new Error('a flat group reduces nothing');
      const operands = node.operands.map((operand) => made.get(operand.value) ?? this.load(operand, {}));
      lines.push(this.define(node, operands, made));
    }
    for (const value of bound.stores) lines.push(this.store(value, made.get(value)!, 'i'));
    const { size, columns } = unit;
    const places = columns === undefined ? '' : `let c = i % ${columns}u; let r = i / ${columns}u; _ = c; _ = r;`;
    const code = `${this.head()}
${INDEX}
  _ = uniforms.NAN; // bound whether it is used or not
  if (i >= ${size}u) { return; }
  ${places}
  ${lines.join('\n  ')}
}`;
    return { code, dispatch: workgroupsFor(device, size) };
  }

  reducing(device: GPUDevice): { code: string; dispatch: Command['dispatch'] } {
    const { unit } = this;
    const [kept, columns] = [unit.kept!, unit.columns!];
    const overRows = unit.over === 'rows';
    const length = overRows ? unit.rows : columns;
    const { tile, lanes } = tiling(kept, length, overRows);
    const plan = stagesOf(unit);
    const made = new Map<Value, string>();
    const body: string[] = [];
    this.hoist(made, body);
    this.keptMaps(plan, -1, made, body);
    for (let stage = 0; stage <= plan.last; stage++) {
      this.loop(plan, stage, made, body, { length, lanes });
      this.keptMaps(plan, stage, made, body);
    }
    const keptStores = this.bound.stores.filter((value) => unit.levels.get(value) === 'kept');
    if (keptStores.length > 0) {
      const stores = keptStores.map((value) => this.store(value, made.get(value)!, 'k'));
      body.push(`if (lane == 0u && isInside) { ${stores.join(' ')} }`);
    }
    const most = Math.max(0, ...plan.reductions.map((list) => list.length));
    const shared = Array.from({ length: most }, (_, j) => `var<workgroup> shared${j} : array<f32, ${INVOCATIONS}>;`);
    const [lane, own, base] = overRows
      ? [`at / ${tile}u`, `at % ${tile}u`, `at % ${tile}u`]
      : [`at % ${lanes}u`, `at / ${lanes}u`, `at - at % ${lanes}u`];
    const code = `${this.head()}
${shared.join('\n')}
@compute @workgroup_size(${INVOCATIONS})
fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(num_workgroups) groups : vec3<u32>,
    @builtin(local_invocation_index) at : u32) {
  let lane = ${lane};
  let base = ${base};
  let own = (group.x + group.y * groups.x) * ${tile}u + ${own};
  let isInside = own < ${kept}u;
  let k = min(own, ${kept - 1}u);
  _ = base + u32(uniforms.NAN == 0.0); // bound whether they are used or not
  ${body.join('\n  ')}
}`;
    return { code, dispatch: workgroupsFor(device, kept, tile) };
  }

  private head(): string {
    const { stores, loads } = this.bound;
    const bindings = [
      ...stores.map(
        (value, i) => `@group(0) @binding(${i}) var<storage, read_write> out${i} : array<${stored(value)}>;`,
      ),
      ...loads.map(
        (value, i) => `@group(0) @binding(${stores.length + i}) var<storage, read> in${i} : array<${stored(value)}>;`,
      ),
    ];
    return [...bindings, this.functions.text()].join('\n');
  }

  /** What stands at the place of a kept element, loaded once. */
  private hoist(made: Map<Value, string>, body: string[]): void {
    const { unit } = this;
    const keptPlace: Place = unit.over === 'rows' ? 'column' : 'row';
    for (const { node, level } of unit.members) {
      if (node.kind !== 'map') continue;
      for (const { value, place } of node.operands) {
        if (unit.levels.has(value) || this.splat(value) !== undefined || made.has(value)) continue;
        const isKept = place === 'scalar' || (level === 'kept' ? place === 'same' : place === keptPlace);
        if (!isKept) continue;
        made.set(value, `h${value.id < 0 ? `m${-value.id}` : value.id}`);
        body.push(`let ${made.get(value)} = ${this.at(value, place === 'scalar' ? '0u' : 'k')};`);
      }
    }
  }

  private keptMaps(plan: Stages, stage: number, made: Map<Value, string>, body: string[]): void {
    for (const { node, level } of this.unit.members) {
      if (level !== 'kept' || node.kind !== 'map' || plan.kept.get(node.out) !== stage) continue;
      const operands = node.operands.map((operand) => made.get(operand.value) ?? this.load(operand, { i: 'k' }));
      body.push(this.define(node, operands, made));
    }
  }

  /** Once through the elements: what is stored of them, and what is reduced. */
  private loop(
    plan: Stages,
    stage: number,
    made: Map<Value, string>,
    body: string[],
    { length, lanes }: { length: number; lanes: number },
  ): void {
    const { unit, bound } = this;
    const reductions = plan.reductions[stage] ?? [];
    const stores = bound.stores.filter((value) => plan.full.get(value) === stage);
    if (reductions.length === 0 && stores.length === 0) return;
    const lines: string[] = [];
    const inside = new Map(made);
    const nodes = new Map(unit.members.map(({ node, level }) => [node.out, { node, level }]));
    const full = (operand: Operand): string => {
      const known = inside.get(operand.value);
      if (known) return known;
      const maker = nodes.get(operand.value);
      if (!maker) {
        if (operand.place !== 'same' || this.splat(operand.value) !== undefined) return this.load(operand, {});
        const name = `x${operand.value.id < 0 ? `m${-operand.value.id}` : operand.value.id}`;
        lines.push(`let ${name} = ${this.load(operand, {})};`);
        inside.set(operand.value, name);
        return name;
      }
      const node = maker.node as MapNode;
      const operands = node.operands.map(full);
      lines.push(this.define(node, operands, inside));
      return inside.get(node.out)!;
    };
    const updates = reductions.map(({ input, operation }, j) => {
      const value = full({ value: input, place: 'same' });
      return `sum${stage}_${j} = ${REDUCTIONS[operation].both(`sum${stage}_${j}`, value)};`;
    });
    const writes = stores.map((value) => this.store(value, full({ value, place: 'same' }), 'i'));
    const [r, c] = unit.over === 'rows' ? ['q', 'k'] : ['k', 'q'];
    reductions.forEach(({ operation }, j) => body.push(`var sum${stage}_${j} = ${REDUCTIONS[operation].first};`));
    body.push(`for (var q = select(${length}u, lane, isInside); q < ${length}u; q += ${lanes}u) {
    let r = ${r}; let c = ${c}; let i = r * ${unit.columns}u + c; _ = i;
    ${[...lines, ...updates, ...writes].join('\n    ')}
  }`);
    if (reductions.length > 0) this.combine(reductions, stage, lanes, made, body);
  }

  /** Brings the lanes' parts of each reduction together. */
  private combine(
    reductions: ReduceNode[],
    stage: number,
    lanes: number,
    made: Map<Value, string>,
    body: string[],
  ): void {
    const stride = this.unit.over === 'rows' ? INVOCATIONS / lanes : 1;
    const each = (text: (j: number) => string) => reductions.map((_, j) => text(j)).join(' ');
    const both = (j: number) => {
      const { operation } = reductions[j];
      return `shared${j}[at] = ${REDUCTIONS[operation].both(`shared${j}[at]`, `shared${j}[at + s * ${stride}u]`)};`;
    };
    body.push(`${each((j) => `shared${j}[at] = sum${stage}_${j};`)}
  workgroupBarrier();
  for (var s = ${lanes / 2}u; s > 0u; s = s >> 1u) {
    if (lane < s) { ${each(both)} }
    workgroupBarrier();
  }`);
    reductions.forEach(({ out, operation, rows, columns, over }, j) => {
      const name = `v${out.id}`;
      const length = over === 'rows' ? rows : columns;
      body.push(`let ${name} = shared${j}[base]${operation === 'mean' ? ` / f32(${length})` : ''};`);
      made.set(out, name);
    });
    body.push('workgroupBarrier();');
  }

  /** A line that defines a node's result, as what is stored of it would be read again. */
  private define(node: MapNode, operands: string[], made: Map<Value, string>): string {
    const name = `v${node.out.id}`;
    const expression = this.functions.renamed(node)(operands);
    made.set(node.out, name);
    return `let ${name} = ${node.out.dtype === 'float32' ? expression : `f32(i32(${expression}))`};`;
  }

  private store(value: Value, name: string, index: string): string {
    const written = stored(value) === 'f32' ? name : `i32(${name})`;
    return `${this.names.get(value)}[${index}] = ${written};`;
  }

  private load({ value, place }: Operand, { i = 'i' }: { i?: string }): string {
    const splat = this.splat(value);
    if (splat !== undefined) return literal(splat);
    return this.at(value, { same: i, scalar: '0u', column: 'c', row: 'r' }[place]);
  }

  private at(value: Value, index: string): string {
    const element = `${this.bound.loads.includes(value) ? `in${this.bound.loads.indexOf(value)}` : this.names.get(value)}[${index}]`;
    return stored(value) === 'f32' ? element : `f32(${element})`;
  }
}

/** Kept elements and lanes of a workgroup; both powers of two. */
function tiling(kept: number, length: number, overRows: boolean): { tile: number; lanes: number } {
  const above = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
  const lanes = Math.min(INVOCATIONS, above);
  if (!overRows) return { lanes, tile: INVOCATIONS / lanes };
  // neighbouring invocations read neighbouring columns
  let tile = Math.max(INVOCATIONS / lanes, 16);
  while (tile > 1 && kept / tile < FEW && INVOCATIONS / tile < 4 * above) tile /= 2;
  return { tile, lanes: INVOCATIONS / tile };
}
