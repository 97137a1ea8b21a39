/** What each engine computes as TensorFlow.js wants it, function by function. */
import type { EngineName } from '../src/engine';

/** Specs of one function of TensorFlow.js, on one engine. */
export interface FunctionOutcome {
  passed: number;
  failed: number;
}

/** What the table needs of a run of the suite. */
export interface EngineOutcome {
  engine: EngineName;
  /** By what the suite's groups are called: a function, mostly. */
  functions: Record<string, FunctionOutcome>;
}

/** Functions against engines: specs passed of specs run. */
export function tableText(reports: readonly EngineOutcome[]): string {
  const names = [...new Set(reports.flatMap(({ functions }) => Object.keys(functions)))].sort((a, b) =>
    a.localeCompare(b, 'en'),
  );
  const cell = (report: EngineOutcome, name: string) => {
    const found = report.functions[name];
    if (!found) return '';
    const all = found.passed + found.failed;
    return found.failed === 0 ? `${all}` : `**${found.passed} of ${all}**`;
  };
  const total = ({ functions }: EngineOutcome) => {
    const all = Object.values(functions);
    const passed = all.reduce((sum, one) => sum + one.passed, 0);
    return `${passed} of ${passed + all.reduce((sum, one) => sum + one.failed, 0)}`;
  };
  return [
    '# What each engine computes as TensorFlow.js wants it',
    '',
    "TensorFlow.js core's own tests, by function: how many pass, in bold where some do not. Why those do not, and that nothing else fails,",
    'stands in `lib/tools/conformance-known.json`. Written by `npm run conformance -- --table`.',
    '',
    `| function | ${reports.map(({ engine }) => engine).join(' | ')} |`,
    `|---|${reports.map(() => '---').join('|')}|`,
    `| all | ${reports.map(total).join(' | ')} |`,
    ...names.map((name) => `| ${name.replaceAll('|', '\\|')} | ${reports.map((r) => cell(r, name)).join(' | ')} |`),
    '',
  ].join('\n');
}
