/** Every notebook's exercises: the check says what the stub lacks, an empty answer does not pass, and the solution does. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ready } from 'bnlab';
import {
  checksIn,
  codeCells,
  countWork,
  exercisesOf,
  neededFor,
  readCodeCells,
  runExercise,
  type Work,
} from './exercises';

const folder = path.join(__dirname, '..', '..', 'notebooks');
const names = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith('.ipynb'))
  .sort();

/** What one notebook's exercises may ask of the engine, stub, empty answer and solution together: experiments on small nets of their own. */
const LIMIT: Work = { kernels: 40_000, steps: 2_000 };

delete process.env.BNLAB_EXERCISES;
process.env.BNLAB_PROFILE = 'quick';

let work: Work;
before(async () => {
  await ready();
  work = countWork();
});

for (const name of names) {
  const notebook = readCodeCells(path.join(folder, name));
  const exercises = exercisesOf(notebook);
  const solutionFile = path.join(folder, 'solutions', name);

  test(`${name}: three to five exercises, each with a solution of the same id`, () => {
    assert.ok(exercises.length >= 3 && exercises.length <= 5, `${exercises.length} exercises`);
    assert.ok(fs.existsSync(solutionFile), `${path.relative(folder, solutionFile)} is missing`);
    const solutions = exercisesOf(readCodeCells(solutionFile));
    assert.deepEqual(
      solutions.map(({ id }) => id),
      exercises.map(({ id }) => id),
    );
    solutions.forEach(({ source }, i) => {
      const message = `${solutions[i].id}: the solution is held to another check than the exercise`;
      assert.deepEqual(checksIn(source), checksIn(exercises[i].source), message);
    });
  });

  if (exercises.length === 0) continue;
  test(`${name}: each check says what the stub lacks, refuses an empty answer, accepts the solution`, async () => {
    const solutions = readCodeCells(solutionFile);
    const before = { ...work };
    const ran: string[] = [];
    for (const { id } of exercises) {
      const stub = await runExercise(notebook, id);
      ran.push(`${id} (${stub.cells.join(', ')})`);
      for (const { state, message } of stub.results) {
        assert.equal(state, 'todo', `${id}: the stub is to say \`todo('what to write')\`; its check says: ${message}`);
        assert.match(message, /\S \S/, `${id}: the stub does not say what is missing`);
      }
      for (const { state } of (await runExercise(notebook, id, { empty: true })).results) {
        assert.notEqual(state, 'passed', `${id}: the check accepts an answer that returns nothing`);
      }
      for (const { state, message } of (await runExercise(solutions, id)).results) {
        assert.equal(state, 'passed', `${id}: the solution: ${message}`);
      }
      assert.ok(stub.results.length > 0, `${id}: its check did not run`);
    }
    const asked = { kernels: work.kernels - before.kernels, steps: work.steps - before.steps };
    assert.ok(
      asked.kernels <= LIMIT.kernels && asked.steps <= LIMIT.steps,
      `${asked.kernels} operations and ${asked.steps} steps of training, at most ${LIMIT.kernels} and ${LIMIT.steps}: ` +
        `the exercises use names of cells that take long: ${ran.join('; ')}`,
    );
  });
}

test('every solution belongs to a notebook', () => {
  const solutions = fs.readdirSync(path.join(folder, 'solutions')).filter((file) => file.endsWith('.ipynb'));
  assert.deepEqual(
    solutions.filter((file) => !names.includes(file)),
    [],
  );
});

test('an exercise brings the cells that declare its names, and no other', () => {
  const code = (id: string, source: string) => ({ id, cell_type: 'code' as const, source, metadata: {} });
  const notebook = codeCells('n.ipynb', [
    code('imports', "import { mlp, todo } from 'bnlab';"),
    code('width', 'const width = 3;\ntype Row = { rate: number };'),
    code('training', "throw new Error('this must not run');\nconst rows = [{ rate: width }];"),
    code('network', 'const [network, other] = [mlp, 1];'),
    code('inner', 'const f = (x: number) => {\n  const hidden = x;\n  return hidden;\n};'),
    code('one', 'const a = (rows: Row[]) => rows.map(({ rate }) => ({ rate, width }));'),
    code('two', 'const hidden = { rows: f(1) };\nhidden.rows + other;'),
  ]);
  const ids = (index: number) => neededFor(notebook, index).map((at) => notebook.cells[at].id);
  assert.deepEqual(ids(5), ['width', 'one']);
  assert.deepEqual(ids(6), ['imports', 'network', 'inner', 'two']);
  assert.deepEqual(
    exercisesOf(codeCells('n.ipynb', [code('a', '// exerciseCheck()'), code('b', "exerciseCheck('1', () => true);")])),
    [{ id: 'b', source: "exerciseCheck('1', () => true);", needs: [] }],
  );
});

test('an exercise that needs a training is seen to ask for it', async () => {
  const code = (id: string, source: string) => ({ id, cell_type: 'code' as const, source, metadata: {} });
  const notebook = codeCells(path.join(folder, 'n.ipynb'), [
    code('imports', "import { exerciseCheck, generateDigits, mlp, toTensors, trainNetwork } from 'bnlab';"),
    code(
      'training',
      'const digits = generateDigits({ seed: 1, train: 60, test: 10 });\n' +
        'const data = { train: toTensors(digits.train), test: toTensors(digits.test) };\n' +
        "const network = mlp({ sizes: [784, 4, 10], activation: 'tanh', seed: 1 });\n" +
        'const history = await trainNetwork({ network, data, steps: 3, batchSize: 10, learningRate: 0.1, seed: 1 });',
    ),
    code('stub', "exerciseCheck('1', () => history !== undefined);"),
  ]);
  const before = { ...work };
  const { results } = await runExercise(notebook, 'stub');
  assert.equal(results[0].state, 'passed', results[0].message);
  assert.ok(work.steps - before.steps >= 3, `${work.steps - before.steps} steps`);
  assert.ok(work.kernels > before.kernels);
});

test('what an exercise reports: todo, wrong or passed', async () => {
  const code = (id: string, source: string) => ({ id, cell_type: 'code' as const, source, metadata: {} });
  const file = path.join(folder, 'n.ipynb');
  const notebook = codeCells(file, [
    code('imports', "import { exercise, exerciseCheck, todo } from 'bnlab';"),
    code('start', 'const start: number = await Promise.resolve(2);'),
    code('stub', "const f = (x: number): number => todo('twice x');\nexerciseCheck('1', () => f(start) === 4);"),
    code('weak', "const g = (): number => todo('anything at all');\nexerciseCheck('2', () => void g());"),
    code('right', "exercise('3', 'x');\nconst h = (x: number) => 2 * x;\nexerciseCheck('3', () => h(start) === 4);"),
  ]);
  const states = async (id: string, empty = false) =>
    (await runExercise(notebook, id, { empty })).results.map(({ state }) => state);
  assert.deepEqual(await runExercise(notebook, 'stub'), {
    results: [{ id: '1', state: 'todo', message: 'twice x' }],
    cells: ['imports', 'start', 'stub'],
  });
  assert.deepEqual(await states('stub', true), ['wrong']);
  assert.deepEqual(await states('weak', true), ['passed']);
  assert.deepEqual(await states('right'), ['passed']);
});
