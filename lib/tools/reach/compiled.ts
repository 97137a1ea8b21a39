/**
 * Source files as the code that runs: without types, comments and layout.
 */
import * as fs from 'node:fs';
import * as ts from 'typescript';

const target = ts.ScriptTarget.ES2022;
/** Comments are not wanted, so those of JSDoc need no parsing; TypeScript takes that for a sixth of its time. */
const parsing = { languageVersion: target, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };

/** A file's compiled code. `module` is false for a CommonJS file, whose exports no static look can tell. */
export interface Compiled {
  code: ts.SourceFile;
  module: boolean;
}

/** Compiles each file by itself, as `isolatedModules` does: all in one program, because a program costs more than a file. */
export function compile(files: readonly string[]): Map<string, Compiled> {
  const sources = new Map(files.map((file) => [slashes(file), parse(file, fs.readFileSync(file, 'utf8'))]));
  const compiled = new Map<string, Compiled>();
  const options: ts.CompilerOptions = {
    target,
    module: ts.ModuleKind.ESNext,
    removeComments: true,
    isolatedModules: true,
    allowJs: true,
    noCheck: true,
    noResolve: true,
    noLib: true,
    types: [],
    outDir: '/compiled',
    suppressOutputPathCheck: true,
  };
  const host: ts.CompilerHost = {
    getSourceFile: (file) => sources.get(file),
    writeFile: () => {},
    getDefaultLibFileName: () => '',
    useCaseSensitiveFileNames: () => true,
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => '',
    getNewLine: () => '\n',
    fileExists: (file) => sources.has(file),
    readFile: () => undefined,
  };
  const texts = new Map<string, string>();
  ts.createProgram([...sources.keys()], options, host).emit(undefined, (_, text, __, ___, [source] = []) => {
    if (source) texts.set(source.fileName, text);
  });
  for (const file of files) {
    const source = sources.get(slashes(file))!;
    const module = isModule(source);
    const commonJs = { compilerOptions: { target, module: ts.ModuleKind.CommonJS } };
    const text = module ? texts.get(source.fileName)! : ts.transpileModule(source.text, commonJs).outputText;
    compiled.set(file, { code: parse('compiled.js', text), module });
  }
  return compiled;
}

/** The code of a notebook's cell. Its imports stay, used or not: other cells use them. */
export function compileCell(text: string): ts.SourceFile {
  const compilerOptions = { target, module: ts.ModuleKind.ESNext, removeComments: true, verbatimModuleSyntax: true };
  return parse('compiled.js', ts.transpileModule(text, { compilerOptions }).outputText);
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(slashes(file), text, parsing, true);
}

/** TypeScript knows files by paths with slashes. */
function slashes(file: string): string {
  return file.replaceAll('\\', '/');
}

/** True where the exports stand in the syntax: not for `export =`, `import x = require(...)` and plain scripts. */
function isModule(source: ts.SourceFile): boolean {
  let found = false;
  for (const statement of source.statements) {
    if (ts.isExportAssignment(statement) && statement.isExportEquals) return false;
    if (ts.isImportEqualsDeclaration(statement) && ts.isExternalModuleReference(statement.moduleReference))
      return false;
    found ||=
      ts.isImportDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isExportAssignment(statement) ||
      (ts.canHaveModifiers(statement) &&
        (ts.getModifiers(statement)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) ?? false));
  }
  return found;
}

/**
 * The code of a node in one form, whatever its layout: white space, comments, kinds of quotation marks, commas before a
 * closing bracket and the parentheses that a formatter puts around what it breaks into lines do not show.
 *
 * @param from where to begin, for a declaration without its `export`
 */
export function codeOf(node: ts.Node, from = node.getStart()): string {
  const source = node.getSourceFile();
  const parts: string[] = [];
  let at = from;
  let gap = '';
  const pass = (to: number, next: number) => {
    gap += `${source.text.slice(at, to)} `;
    at = next;
  };
  const atom = (one: ts.Node, text: string) => {
    pass(one.getStart(), one.end);
    parts.push(between(gap), text);
    gap = '';
  };
  const visit = (one: ts.Node): void => {
    if (one.end <= from) return;
    if (ts.isIdentifier(one) || ts.isPrivateIdentifier(one)) atom(one, one.text);
    else if (ts.isStringLiteral(one)) atom(one, JSON.stringify(one.text));
    else if (ts.isNumericLiteral(one) || ts.isBigIntLiteral(one)) atom(one, one.text);
    else if (one.kind === ts.SyntaxKind.RegularExpressionLiteral || ts.isTemplateLiteralToken(one))
      atom(one, one.getText());
    else if (isPlainlyWrapped(one)) {
      pass(one.getStart(), one.expression.getStart());
      visit(one.expression);
      pass(one.expression.end, one.end);
    } else ts.forEachChild(one, visit);
  };
  visit(node);
  pass(node.end, node.end);
  parts.push(between(gap));
  return parts.join('\0');
}

/** True for parentheses around all that is returned, or around all of a function's body. */
function isPlainlyWrapped(node: ts.Node): node is ts.ParenthesizedExpression {
  if (!ts.isParenthesizedExpression(node)) return false;
  if (ts.isReturnStatement(node.parent)) return true;
  // Without them a brace would open a block, and a comma would end the function.
  const isComma =
    ts.isBinaryExpression(node.expression) && node.expression.operatorToken.kind === ts.SyntaxKind.CommaToken;
  return ts.isArrowFunction(node.parent) && !isComma && !node.expression.getText().startsWith('{');
}

/** Punctuation and keywords between two names or literals. */
function between(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/(?<![\w+-]) | (?![\w+-])/g, '')
    .replace(/(?<![,[]),(?=[\]})])/g, '');
}
