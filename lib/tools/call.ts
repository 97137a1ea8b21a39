/**
 * What a command's words ask for, the same way for every command: help goes to standard output and is no failure, a wrong word is
 * named on standard error.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** For scripts outside lib, which would find the commander of another package. */
export { Command, InvalidArgumentError, Option };

/**
 * Reads the words of a call.
 *
 * @param command its arguments and options
 * @param argv the words after the command's own name
 * @param prepare makes what the command works on from `command.args` and `command.opts()`; an error that it throws is the caller's to mend
 * @returns what `prepare` gave; or the exit code, where there is nothing to do: 0 after help, 2 for a bad call
 */
export function readCall<T>(
  command: Command,
  argv: readonly string[],
  prepare: () => T,
): { asked: T } | { exitCode: 0 | 2 } {
  try {
    command.allowExcessArguments(false).exitOverride().parse(argv, { from: 'user' });
    return { asked: prepare() };
  } catch (error) {
    if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 };
    console.error((error as Error).message);
    return { exitCode: 2 };
  }
}
