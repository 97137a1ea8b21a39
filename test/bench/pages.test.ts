/** Pages of results that hold every make of processor: a run on one adds to the page of another. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { withSection } from './pages';

const page = { title: 'Times', head: 'What was timed.' };

test('a run on another make adds its section, one on the same make replaces its own', () => {
  const first = withSection(undefined, page, 'intel', 'Intel took 3 s.\n\n### By stage\n\n| a | b |\n');
  assert.equal(first, '# Times\n\nWhat was timed.\n\n## Intel\n\nIntel took 3 s.\n\n### By stage\n\n| a | b |\n');
  const both = withSection(first, page, 'amd', 'AMD took 2 s.');
  assert.equal(both, first.replace('## Intel', '## AMD\n\nAMD took 2 s.\n\n## Intel'));
  const again = withSection(both, { ...page, head: 'What is timed.' }, 'intel', 'Intel took 1 s.');
  assert.equal(again, '# Times\n\nWhat is timed.\n\n## AMD\n\nAMD took 2 s.\n\n## Intel\n\nIntel took 1 s.\n');
});
