/**
 * What a notebook's imports reach in the library: the declarations that its names use, those that these use, and so on, and
 * what runs when the modules are loaded. The hash over that follows the code and nothing else: it stays when a file or a
 * declaration moves, when a comment, a type or the layout changes, and when code changes that the notebook cannot come to.
 *
 * What cannot be told without running counts as reaching everything: `require` of a computed name, a computed path from
 * `__dirname`. A class is one piece, an object literal too, so that a table of functions reaches all of them; of the table of experiments
 * those count that a notebook names (named.ts). Programs of the tools do not count, which the library starts: they compute by the
 * same code, and tests hold that the numbers are the same. Local names are code. A call at load that only sets a variable (settings.ts) counts for those who reach the variable. Modules that import each other in a circle may see one another half loaded; that order is not looked at.
 */
import * as fs from 'node:fs';
import { builtinModules } from 'node:module';
import * as path from 'node:path';
import { compile, compileCell } from './compiled';
import { sha256 } from '../../src/platform/node';
import { Effects, type Names } from './effects';
import { type Declaration, type ImportedName, type Module, readModule } from './module';
import { BY_NAME, entriesOf, narrowed, textsGiven } from './named';
import { variableSetBy } from './settings';

/** Enough to tell two states of one declaration apart; whether anything changed is the hash's to say. */
const mark = (code: string) => Buffer.from(sha256(code).slice(0, 6), 'hex').toString('base64url');

/** A piece of code that was reached. */
export interface Piece {
  /** how a message calls it: `batchNorm in lib/src/nn/batch-norm.ts`, or a file's path */
  name: string;
  kind: 'declaration' | 'file';
  /** four characters that stand for its code */
  mark: string;
}

/** What a notebook's imports reach. */
export interface Reach {
  /** 16 hexadecimal digits over the code and how its pieces name each other */
  hash: string;
  pieces: Piece[];
  /** names of the packages that it uses, sorted; Node's own modules are left out */
  packages: string[];
}

/** A point of the graph: code with named ways to others. */
interface Point {
  code: string;
  piece?: Piece;
  package?: string;
  ways(): [string, Point][];
}

/** The library under one folder, read as far as it is asked for. */
export class Library {
  private readonly modules = new Map<string, Module>();
  private readonly points = new Map<Declaration | string, Point>();
  private readonly declared = new Map<Point, { declaration: Declaration; module: Module }>();
  private readonly objects = new Map<Module, Point>();
  private readonly loads = new Map<Module, Point>();
  private readonly effects = new Effects();
  private whole: Point | undefined;
  private set: Map<Declaration, Point[]> | undefined;
  private readonly compiled: string;

  /** @param folder lib/src; `root` is what messages show paths from */
  constructor(
    private readonly folder: string,
    private readonly root: string,
  ) {
    this.compiled = path.join(path.dirname(folder), 'dist', path.basename(folder));
  }

  /** What the code of these cells reaches. */
  reach(cells: readonly string[]): Reach {
    const texts = textsGiven(cells.filter((text) => text.includes(BY_NAME)).map(compileCell));
    const ways = cells.filter(mayReach).flatMap((text) => {
      const cell = readModule('a cell', { code: compileCell(text), module: true });
      const byName = cell.names.get(BY_NAME);
      const entry = (one: ImportedName) =>
        texts && one === byName ? this.entries(one, texts) : this.imported('', one);
      const imported = [...cell.names.values()].filter((one): one is ImportedName => 'specifier' in one);
      const exported = [...cell.exports.values()].filter((one): one is ImportedName => typeof one !== 'string');
      return [
        ...cell.steps.map((step) => ('specifier' in step ? this.loaded('', step.specifier) : undefined)),
        ...imported.map(entry),
        ...exported.map((one) => this.imported('', one)),
        ...cell.stars.map((specifier) => this.imported('', { specifier, name: '*' })),
        ...cell.declarations.flatMap(({ uses }) =>
          uses.filter((use) => use.kind !== 'name' && use.kind !== 'member').flatMap((use) => this.used(use, cell)),
        ),
      ];
    });
    // The cells say which name means which; here only what the names lead to is wanted.
    ways.push(...this.files('.c', '.cc', '.cpp', '.h').map((file) => this.text(file)));
    const start: Point = { code: '', ways: () => ways.flatMap((to) => (to ? [['', to]] : [])) };
    return this.walk(start);
  }

  /** Numbers the points in the order in which the named ways lead to them, which no path has a part in. */
  private walk(start: Point): Reach {
    const numbers = new Map<Point, number>();
    const lines: string[] = [];
    const visit = (point: Point): number => {
      const known = numbers.get(point);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(point, number);
      const ways = point.ways().map(([label, to]) => `${label}>${visit(to)}`);
      lines.push(JSON.stringify([number, point.code, ways]));
      return number;
    };
    visit(start);
    const reached = [...numbers.keys()];
    return {
      hash: sha256(lines.join('\n')).slice(0, 16),
      pieces: reached.flatMap(({ piece }) => piece ?? []),
      packages: [...new Set(reached.flatMap((one) => one.package ?? []))].sort(),
    };
  }

  /** The module of a file, compiled with the library's others. */
  private module(file: string): Module {
    if (!this.modules.has(file)) {
      const code = this.code();
      this.compile(code.includes(file) ? code : [file]);
    }
    return this.modules.get(file)!;
  }

  private compile(files: readonly string[]): void {
    for (const [file, compiled] of compile(files)) this.modules.set(file, readModule(file, compiled));
  }

  private code(): string[] {
    return this.files('.ts', '.js');
  }

  private files(...endings: string[]): string[] {
    if (!fs.existsSync(this.folder)) return [];
    return fs
      .readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => endings.some((ending) => file.endsWith(ending)) && !file.endsWith('.d.ts'))
      .sort()
      .map((file) => path.join(this.folder, file));
  }

  /** The library's file that a specifier means; undefined for another package's. `from` is the importing file. */
  private find(from: string, specifier: string): string | undefined {
    let base: string | undefined;
    if (/^\.\.?(?:\/|$)/.test(specifier)) base = path.resolve(path.dirname(from), specifier);
    else if (specifier === 'bnlab') base = this.folder;
    else if (specifier.startsWith('bnlab/'))
      base = path.join(this.folder, specifier.replace(/^bnlab\/(?:dist\/src\/)?/, ''));
    return base === undefined ? undefined : fileOf(base);
  }

  /** What an import stands for; undefined for a type, and for what is not there. */
  private imported(from: string, { specifier, name }: ImportedName): Point | undefined {
    const file = this.find(from, specifier);
    if (file === undefined) return isOwn(specifier) ? undefined : this.outside(specifier, name);
    if (!/\.[tj]s$/.test(file)) return this.text(file);
    const module = this.module(file);
    return name === '*' ? this.object(module) : this.exported(module, name);
  }

  private exported(module: Module, name: string, seen = new Set<Module>()): Point | undefined {
    if (seen.has(module)) return undefined;
    seen.add(module);
    const own = module.exports.get(name);
    if (typeof own === 'string') return this.named(module, own);
    if (own) return this.imported(module.file, own);
    if (module.commonJs) return this.point(module.commonJs, module);
    for (const specifier of name === 'default' ? [] : module.stars) {
      const file = this.find(module.file, specifier);
      const found =
        file === undefined
          ? isOwn(specifier)
            ? undefined
            : this.outside(specifier, name)
          : this.exported(this.module(file), name, seen);
      if (found) return found;
    }
    return undefined;
  }

  /** What a name of a module's top level stands for. */
  private named(module: Module, name: string): Point | undefined {
    const found = module.names.get(name);
    if (!found) return undefined;
    return 'specifier' in found ? this.imported(module.file, found) : this.point(found, module);
  }

  private point(declaration: Declaration, module: Module): Point {
    const point = once(this.points, declaration, (): Point => {
      const shown = this.shown(module.file);
      const ways = lazy(() => [
        ...declaration.uses.flatMap((use) =>
          this.used(use, module).flatMap((to): [string, Point][] => (to ? [[use.label, to]] : [])),
        ),
        ...(this.settings().get(declaration) ?? []).map((to): [string, Point] => ['', to]),
      ]);
      const name = declaration.names.length > 0 ? declaration.names.join(', ') : 'what loading runs';
      return {
        code: declaration.code,
        piece: { name: `${name} in ${shown}`, kind: 'declaration', mark: mark(declaration.code) },
        ways,
      };
    });
    this.declared.set(point, { declaration, module });
    return point;
  }

  /** A function with the entries of its module's table that are named; all of the function where there is no such table. */
  private entries(imported: ImportedName, names: ReadonlySet<string>): Point | undefined {
    const point = imported.name === BY_NAME ? this.imported('', imported) : undefined;
    const found = point && this.declared.get(point);
    if (!found) return this.imported('', imported);
    const { module } = found;
    const known = new Map<Declaration, Point>();
    const partly = (declaration: Declaration): Point =>
      once(known, declaration, () => {
        const entries = entriesOf(declaration, names);
        const one = entries ? narrowed(declaration, entries, module) : declaration;
        const whole = this.point(declaration, module);
        const ways = lazy(() =>
          one.uses.flatMap((use) => {
            const own = use.kind === 'name' ? module.names.get(use.name) : undefined;
            const to = own && 'code' in own ? [partly(own)] : this.used(use, module);
            return to.flatMap((way): [string, Point][] => (way ? [[use.label, way]] : []));
          }),
        );
        const piece = entries && { ...whole.piece!, mark: mark(one.code) };
        return entries ? { code: one.code, piece, ways } : { ...whole, ways };
      });
    return partly(found.declaration);
  }

  private shown(file: string): string {
    return path.relative(this.root, file).split(path.sep).join('/');
  }

  private used(use: Declaration['uses'][number], module: Module): (Point | undefined)[] {
    switch (use.kind) {
      case 'name':
        return [this.named(module, use.name)];
      case 'member': {
        const { specifier } = module.names.get(use.name) as ImportedName;
        return [this.imported(module.file, { specifier, name: use.member })];
      }
      case 'load':
        return [
          this.imported(module.file, { specifier: use.specifier, name: '*' }),
          this.loaded(module.file, use.specifier),
        ];
      case 'path':
        return this.at(path.resolve(path.dirname(this.compiledPlace(module.file)), ...use.steps));
      case 'cache': {
        const paths = this.code().map((file) => file.replace(/\.ts$/, '.js'));
        return paths.some((file) => use.patterns.some((one) => one.test(file))) ? [this.everything()] : [];
      }
      case 'exports':
        return [];
      case 'anything':
        return [this.everything()];
    }
  }

  /** Where the compiled form of a source runs: lib/dist/src/nn/layers.ts for lib/src/nn/layers.ts. */
  private compiledPlace(file: string): string {
    return path.join(this.compiled, path.relative(this.folder, file));
  }

  /** What a path that compiled code makes leads to: compiled files lie below each other as their sources do. */
  private at(place: string): Point[] {
    const inside = path.relative(this.compiled, place);
    const isInside = inside !== '..' && !inside.startsWith(`..${path.sep}`) && !path.isAbsolute(inside);
    if (!isInside) return fs.statSync(place, { throwIfNoEntry: false })?.isFile() ? [this.text(place)] : [];
    const file = fileOf(path.join(this.folder, inside));
    if (file === undefined) return [this.everything()];
    if (!/\.[tj]s$/.test(file)) return [this.text(file)];
    // Who takes its names loads it by `require` or `import()` of something computed, which is looked at by itself.
    return [this.load(this.module(file))];
  }

  /** A module as an object: all that it exports. */
  private object(module: Module): Point {
    return once(this.objects, module, () => ({
      code: 'module',
      ways: lazy(() => [
        ...this.exportNames(module).flatMap((name): [string, Point][] => {
          const to = this.exported(module, name);
          return to ? [[name, to]] : [];
        }),
        ...(module.commonJs ? [['', this.point(module.commonJs, module)] as [string, Point]] : []),
      ]),
    }));
  }

  private exportNames(module: Module, seen = new Set<Module>()): string[] {
    if (seen.has(module)) return [];
    seen.add(module);
    const names = new Set(module.exports.keys());
    for (const specifier of module.stars) {
      const file = this.find(module.file, specifier);
      if (file === undefined) continue;
      for (const name of this.exportNames(this.module(file), seen)) if (name !== 'default') names.add(name);
    }
    return [...names].sort();
  }

  private loaded(from: string, specifier: string): Point | undefined {
    const file = this.find(from, specifier);
    if (file === undefined) return isOwn(specifier) ? undefined : this.outside(specifier, '');
    return /\.[tj]s$/.test(file) ? this.load(this.module(file)) : undefined;
  }

  /** What loading a module runs, in order, with the modules that it loads. */
  private load(module: Module): Point {
    return once(this.loads, module, () => ({
      code: 'load',
      ways: lazy(() => this.steps(module, new Set()).map((to): [string, Point] => ['', to])),
    }));
  }

  private steps(module: Module, seen: Set<Module>): Point[] {
    if (seen.has(module)) return [];
    seen.add(module);
    const names = this.namesOf(module);
    return module.steps.flatMap((step) => {
      if (!('specifier' in step)) {
        const variable = variableSetBy(step, names);
        if (variable !== undefined && this.settings().has(variable)) return [];
        return this.effects.atLoad(step, names) ? [this.point(step, module)] : [];
      }
      const { specifier, isBare } = step;
      const file = this.find(module.file, specifier);
      if (file === undefined) return isBare && !isOwn(specifier) ? [this.outside(specifier, '')] : [];
      return /\.[tj]s$/.test(file) ? this.steps(this.module(file), seen) : [];
    });
  }

  /** Variables that loading the library's entry sets, each with the calls that do. */
  private settings(): Map<Declaration, Point[]> {
    if (this.set) return this.set;
    this.set = new Map();
    const entry = fileOf(this.folder);
    const modules = new Set(entry === undefined ? [] : [this.module(entry)]);
    for (const module of modules)
      for (const step of module.steps) {
        if ('specifier' in step) {
          const file = this.find(module.file, step.specifier);
          if (file !== undefined && /\.[tj]s$/.test(file)) modules.add(this.module(file));
          continue;
        }
        const variable = variableSetBy(step, this.namesOf(module));
        if (variable) this.set.set(variable, [...(this.set.get(variable) ?? []), this.point(step, module)]);
      }
    return this.set;
  }

  /** For {@link Effects}: what the names of a module stand for. */
  private namesOf(module: Module): Names {
    return (name) => {
      const found = module.names.get(name);
      if (!found) return undefined;
      if (!('specifier' in found)) return { kind: 'own', declaration: found, where: this.namesOf(module) };
      return this.origin(module.file, found);
    };
  }

  private origin(from: string, { specifier, name }: ImportedName): ReturnType<Names> {
    const point = name === '*' ? undefined : this.imported(from, { specifier, name });
    const found = point && this.declared.get(point);
    if (!found) return { kind: 'other' };
    return { kind: 'own', declaration: found.declaration, where: this.namesOf(found.module) };
  }

  /** Code of another package: its version stands for it. */
  private outside(specifier: string, name: string): Point {
    const parts = specifier.split('/');
    const owner = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
    const isNode = specifier.startsWith('node:') || builtinModules.includes(owner);
    return once(this.points, `${specifier} ${name}`, () => ({
      code: `${specifier} ${name}`,
      ...(!isNode && { package: owner }),
      ways: () => [],
    }));
  }

  /** A file that is no module. */
  private text(file: string): Point {
    return once(this.points, file, (): Point => {
      const code = plainText(file, fs.readFileSync(file, 'utf8'));
      return { code, piece: { name: this.shown(file), kind: 'file', mark: mark(code) }, ways: () => [] };
    });
  }

  /** All of the library but the tools, in an order that no path has a part in. */
  private everything(): Point {
    return (this.whole ??= {
      code: 'everything',
      ways: lazy(() => {
        const points = this.code().flatMap((file) => {
          const module = this.module(file);
          return module.declarations.map((declaration) => this.point(declaration, module));
        });
        return points.sort((a, b) => (a.code < b.code ? -1 : 1)).map((to): [string, Point] => ['', to]);
      }),
    });
  }
}

/** False for a cell that can name nothing outside the notebook; compiling the others alone takes a tenth of the time. */
function mayReach(cell: string): boolean {
  return /\b(?:import|export|require|createRequire|__dirname|__filename)\b/.test(cell);
}

/** A file's content without what does not count: the layout of JSON, the comments and the layout of C and C++. */
function plainText(file: string, text: string): string {
  if (file.endsWith('.json')) return JSON.stringify(JSON.parse(text));
  if (!/\.(?:c|cc|cpp|h)$/.test(file)) return text;
  const literalOrComment = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\*[\s\S]*?\*\/|\/\/.*/g;
  return text.replace(literalOrComment, (found) => (found.startsWith('/') ? ' ' : found)).replace(/[ \t\r]*\s+/g, ' ');
}

/** The file that a path without ending, or with that of the compiled file, means. */
function fileOf(base: string): string | undefined {
  const plain = base.replace(/\.js$/, '');
  const candidates = [`${plain}.ts`, `${plain}.js`, base, path.join(base, 'index.ts'), path.join(base, 'index.js')];
  return candidates.find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** True for a specifier of the library's own, whether or not the file is there. */
function isOwn(specifier: string): boolean {
  return /^\.\.?(?:\/|$)|^bnlab(?:\/|$)/.test(specifier);
}

function once<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  if (!known.has(key)) known.set(key, make());
  return known.get(key)!;
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
