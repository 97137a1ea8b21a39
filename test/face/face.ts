/** What the public face declares, as TypeScript reads it: every function and class with its parameters. Not a test by itself. */
import * as path from 'node:path';
import * as ts from 'typescript';

/** A parameter that takes an object of options, with the names that it declares. */
export interface OptionsParameter {
  index: number;
  names: string[];
}

export interface Declared {
  name: string;
  /** Of the declaration with the most parameters. */
  parameters: string[];
  options: OptionsParameter[];
}

/** Types of options that are not called so. */
const CALLED_OTHERWISE = new Set(['DatasetFiles', 'FoldInput', 'InceptionChannels']);
/** Objects without a name of their own that are data, which may hold more. */
const DATA = new Set(['saturationKind', 'populationStatistics']);

/** Every function and class that `bnlab` exports. */
export function publicFace(): Declared[] {
  const file = path.join(__dirname, '../../lib/src/index.ts');
  const program = ts.createProgram([file], {
    ...{
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    },
    moduleResolution: ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const found: Declared[] = [];
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.valueDeclaration;
    if (!declaration?.getSourceFile().fileName.includes('/lib/src/')) continue;
    const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
    const isAbstract = ts.isClassDeclaration(declaration) && (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Abstract) !== 0; // prettier-ignore
    const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()];
    if (signatures.length === 0 || isAbstract) continue;
    const [widest] = [...signatures].sort((a, b) => b.parameters.length - a.parameters.length);
    const options = widest.parameters.flatMap((parameter, index): OptionsParameter[] => {
      const names = optionNames(checker, checker.getTypeOfSymbolAtLocation(parameter, declaration));
      return names && !DATA.has(exported.name) ? [{ index, names }] : [];
    });
    found.push({ name: exported.name, parameters: widest.parameters.map((p) => p.name), options });
  }
  return found;
}

/** The names of an object of options; undefined for any other type. */
function optionNames(checker: ts.TypeChecker, given: ts.Type): string[] | undefined {
  const type = checker.getNonNullableType(given);
  const parts = (type.isUnion() ? type.types : [type]).filter((part) => part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)); // prettier-ignore
  const name = (type.aliasSymbol ?? type.symbol ?? parts[0]?.symbol)?.name ?? '__type';
  const isOptions = /Options$|^__type$|^__object$/.test(name) || CALLED_OTHERWISE.has(name);
  if (!isOptions || parts.length === 0) return undefined;
  if (parts.some((part) => part.getCallSignatures().length > 0 || checker.isArrayLikeType(part))) return undefined;
  const names = new Set(parts.flatMap((part) => checker.getPropertiesOfType(part).map((property) => property.name)));
  return names.size > 0 ? [...names] : undefined;
}
