/**
 * Exercises: a statement, a stub to fill in, and a check that says what is missing. In the notebook the stubs stay and
 * their checks say "not yet"; in the solutions the same checks pass. Tests hold both to that.
 *
 * An exercise is one code cell: statement, stub with `todo`, check. The cell of the same id in `notebooks/solutions/`
 * holds an answer and the same check. Both are run outside a kernel, each with the cells of its notebook that declare the
 * names it uses (and what these need), so an exercise must not use a name that a training declares: give it numbers of
 * its own. A check must not pass on an answer that returns nothing.
 */
import { callback, expectArguments, expectOptions, text as aString } from '../core/checks';
import { emit } from '../figure/display';
import { platform } from '../platform/port';
import { card, inline, unmark } from './html';

/** MIME type under which {@link exerciseCheck} emits its result, for the tests and the runner. */
export const EXERCISE_MIME = 'application/vnd.bnlab.exercise+json';

/** Thrown by {@link todo}: this part is the reader's. */
export class ExerciseTodo extends Error {
  /** `ExerciseTodo`, in messages and to tell errors apart. */
  override name = 'ExerciseTodo';
}

/**
 * Marks what the reader is to write: stands in a stub where the answer goes.
 *
 * @param what what to write there
 * @throws ExerciseTodo always; {@link exerciseCheck} turns it into "not yet"
 */
export function todo(what: string): never {
  expectArguments('todo', { what: [what, aString] });
  throw new ExerciseTodo(what);
}

/**
 * States an exercise.
 *
 * @param id number within the notebook: '1'
 * @param text what to do, as an experiment or a piece of code
 * @param options `hint` stays folded; `solution` is the file that solves it, relative to the notebook
 */
export function exercise(id: string, text: string, options: { hint?: string; solution?: string } = {}): void {
  expectOptions<typeof options>('exercise', options, { hint: aString, solution: aString });
  expectArguments('exercise', { id: [id, aString], text: [text, aString] });
  const { hint, solution } = options;
  emit(
    {
      'text/markdown':
        `**Exercise ${id}.** ${text}` +
        (solution ? ` ([solution](${solution}))` : '') +
        (hint ? `\n\n<details><summary>Hint</summary>\n\n${hint}\n\n</details>` : ''),
      'text/plain': `Exercise ${id}: ${unmark(text)}${hint ? `\n  Hint: ${unmark(hint)}` : ''}`,
    },
    { bnlab: { role: 'exercise' } },
  );
}

/**
 * Checks the reader's answer and says how it stands. Never stops the notebook, because its stubs are meant to be there;
 * with BNLAB_EXERCISES=strict (how the solutions are run) a failed check is an error.
 *
 * @param id of the exercise: '1'
 * @param test throws, or returns false or a message, when the answer is wrong; returns true or nothing when it is right
 * @throws Error under BNLAB_EXERCISES=strict when the answer is missing or wrong
 * @throws TypeError when the test returns a promise: await what it needs before, and test the result
 */
export function exerciseCheck(id: string, test: () => boolean | string | void): void {
  expectArguments('exerciseCheck', { id: [id, aString], test: [test, callback] });
  let state: 'passed' | 'todo' | 'wrong';
  let message: string;
  try {
    const result: unknown = test();
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new TypeError(`exerciseCheck "${id}": the test returned a promise. Await it before, and test its result.`);
    }
    state = result === false || typeof result === 'string' ? 'wrong' : 'passed';
    message = state === 'passed' ? 'solved' : typeof result === 'string' ? result : 'the answer is not right yet';
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith('exerciseCheck')) throw error;
    state = error instanceof ExerciseTodo ? 'todo' : 'wrong';
    message = error instanceof Error ? error.message : String(error);
  }
  const sign = { passed: '✓', todo: '○', wrong: '✗' }[state];
  const edge = { passed: '#00664b', todo: '#8c8c8c', wrong: '#b34700' }[state];
  const words =
    state === 'passed'
      ? `Exercise ${id}: ${message}`
      : state === 'todo'
        ? `Exercise ${id}, not yet: ${message}`
        : `Exercise ${id}, not right: ${message}`;
  emit(
    {
      'text/html': card('exercise', edge, `<strong>${sign}</strong> ${inline(words)}`),
      'text/plain': `${sign} ${unmark(words)}`,
      [EXERCISE_MIME]: { id, state, message },
    },
    { bnlab: { role: 'exercise-check' } },
  );
  if (state !== 'passed' && platform().environment.BNLAB_EXERCISES === 'strict') throw new Error(`${words}.`);
}
