/** Runs `work` with `console.warn` collected instead of shown. */
export async function withWarningsCollected<T>(work: () => Promise<T>): Promise<{ value: T; warnings: string[] }> {
  const warn = console.warn;
  const warnings: string[] = [];
  console.warn = (...parts: unknown[]) => void warnings.push(parts.map(String).join(' '));
  try {
    return { value: await work(), warnings };
  } finally {
    console.warn = warn;
  }
}
