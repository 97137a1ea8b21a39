import assert from 'node:assert/strict';
import test from 'node:test';
import { generateDigits, study, type Study } from 'bnlab';
import { home } from '../support/home';

void home; // no data of this user's is found from here

/** With this profile, and with digits for the data set. */
async function studyAs(profile: string, options = {}): Promise<Study> {
  const before = { ...process.env };
  try {
    Object.assign(process.env, { BNLAB_PROFILE: profile, BNLAB_DATASET: 'digits' });
    return await study(options);
  } finally {
    for (const name of ['BNLAB_PROFILE', 'BNLAB_DATASET']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

test('study: the data set that the environment names, and three seeds or five by profile', async () => {
  const quick = await studyAs('quick');
  assert.deepEqual(quick.seeds, [1, 2, 3]);
  assert.equal(quick.data.name, 'digits');
  assert.deepEqual(quick.data.train.labels.subarray(0, 20), generateDigits({ train: 20, test: 1 }).train.labels);
  for (const profile of ['full', 'paper']) assert.deepEqual((await studyAs(profile)).seeds, [1, 2, 3, 4, 5]);
  const own = { quick: [7], full: [7, 8], paper: [9] };
  assert.deepEqual((await studyAs('full', { seeds: own })).seeds, [7, 8]);
  (await studyAs('full', { seeds: own })).seeds.push(1);
  assert.deepEqual(own.full, [7, 8], 'the list that was given stays as it was');
});

test('study: seeds that are none, and other options, are refused', async () => {
  await assert.rejects(study({ seeds: [1] as never }), /study: seeds must be an object of options, got \[1\]/);
  await assert.rejects(study({ seeds: { quick: [0.5], full: [1], paper: [1] } }), /quick\[0\] must be a whole number/);
  await assert.rejects(study({ sedes: 1 } as never), /no option 'sedes'\. Did you mean 'seeds'/);
});
