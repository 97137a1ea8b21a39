/**
 * Keeps TensorFlow's chatter from a reader's screen and lets its errors through.
 *
 * Where the lines come from decides what silences them:
 * - TensorFlow's C++ at work reads `TF_CPP_MIN_LOG_LEVEL` from the environment, and Node's `process.env` writes to the
 *   real environment: setting it before the addon loads is enough.
 * - TensorFlow's C++ *while it loads* (the oneDNN line, CUDA looking for its driver) prints from static initializers
 *   before that variable is read, to file descriptor 2. Only native code can hold those back: stderr.c, which
 *   set-up compiles beside the addon. Without it everything works and those lines show.
 * - Node warns of deprecated functions that TensorFlow.js's dependencies call while they load.
 */

/** What set-up compiles from stderr.c. */
export interface StderrHolder {
  begin(): boolean;
  end(): string;
}

/** Prefix of a log line: absl's `I0000 00:00:17...  8491 port.cc:153] text` or the older `2025-...: I path.cc:12] text`. */
const logLine = /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: )?([IWEF])(?:\d{4} [\d:.]+ +\d+)? \S+:\d+\] (.*)$/;

/** Second lines of information, which carry no prefix of their own. */
const continuations = [
  /^To enable the following instructions:/,
  /^WARNING: All log messages before absl::InitializeLog/,
];

/**
 * Errors that only say that there is no GPU, that a CUDA library registered itself twice, or that a program which XLA kept is no text
 * (it is tried as text first) and was compiled with a preference of the compiler's that is no feature of any processor. None harms.
 */
const harmless = [
  /failed call to cuInit/i,
  /Unable to register cu\w+ factory/i,
  /could not (?:find|load|dlopen) .*(?:cuda|nvidia|libcu)/i,
  /^Error parsing text-format tensorflow\.XlaSerializedCacheEntry:/,
  /^Loading XLA:CPU AOT result\. Target machine feature \+prefer-no-(?:gather|scatter) is not +supported/,
];

/**
 * The lines of TensorFlow's stderr that a reader should see: errors and whatever is not a log line at all; not
 * information, not warnings.
 * @param text what was written to stderr while TensorFlow, or a program that was kept, loaded
 */
export function worthSeeing(text: string): string {
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || continuations.some((pattern) => pattern.test(line))) continue;
    const [, severity, message] = logLine.exec(line) ?? [];
    if (severity === 'I' || severity === 'W') continue;
    if (severity === 'E' && harmless.some((pattern) => pattern.test(message))) continue;
    kept.push(line);
  }
  return kept.length ? kept.join('\n') + '\n' : '';
}

/** True unless the caller's environment asks for TensorFlow's log itself (`TF_CPP_MIN_LOG_LEVEL=0`). */
export function wantsQuiet(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment.TF_CPP_MIN_LOG_LEVEL !== '0';
}

/**
 * Runs `load`, which loads native code, with stderr held back; afterwards writes the lines worth seeing to stderr.
 * @returns what `load` returns, and all that was written meanwhile (empty where `holder` is undefined)
 */
export function withStderrHeld<T>(holder: StderrHolder | undefined, load: () => T): { value: T; written: string } {
  if (!holder || !wantsQuiet() || !holder.begin()) return { value: load(), written: '' };
  let written = '';
  let value: T;
  try {
    value = load();
  } finally {
    written = holder.end();
    const errors = worthSeeing(written);
    if (errors) process.stderr.write(errors);
  }
  return { value, written };
}

/** Runs `load` without Node's deprecation warnings: they name lines of other people's packages. */
export function withoutDeprecations<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const [second] = rest;
    const type =
      warning instanceof Error
        ? warning.name
        : typeof second === 'string'
          ? second
          : (second as { type?: string } | undefined)?.type;
    if (type !== 'DeprecationWarning') (emitWarning as (...args: unknown[]) => void).call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
