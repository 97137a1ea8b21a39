/** Displays that show nothing: each kind is found before a notebook is kept, and what does show something passes. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { deflateSync } from 'node:zlib';
import * as path from 'node:path';
import { checkDisplays, DisplayError } from 'bnlab/dist/tools/run/displays';
import { parseNotebook } from 'bnlab/dist/tools/notebook';
import { addTwins, TwinMaker } from 'bnlab/dist/tools/run/twins';
import { home, notebookOf } from '../support/sample';

/** What jupyter/displays.py says of each display's data. */
function saidOf(displays: unknown[]): (string | null)[] {
  const script = `
import json, sys
from displays import broken_display, wrong_shape
print(json.dumps([wrong_shape(data) or broken_display(data) for data in json.load(sys.stdin)]))`;
  const run = spawnSync(path.join(home, '.venv', 'bin', 'python'), ['-B', '-c', script], {
    input: JSON.stringify(displays),
    env: { ...process.env, PYTHONPATH: path.join(home, 'lib', 'tools', 'jupyter') },
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as (string | null)[];
}

/** A picture of one colour, of this size; `pixels` of none when told. */
function png(width: number, height: number, pixels = Buffer.alloc((width * 4 + 1) * height)): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const whole = Buffer.concat([Buffer.from(type), body]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    check.writeUInt32BE(crc(whole));
    return Buffer.concat([length, whole, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The checksum of PNG; Node has it from 22 on. */
function crc(data: Buffer): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

test('pictures, text and data of any type', () => {
  const whole = png(2, 3);
  const damaged = Buffer.from(whole);
  damaged[45] ^= 255;
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  const gif = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=', 'base64');
  const svg = (body: string) => `<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`;
  const cases: [data: unknown, says: RegExp | null][] = [
    [{ 'text/plain': 'x', 'application/json': { any: [null] } }, null],
    [{ 'text/html': ['a', 'b'], 'text/plain': '' }, null],
    [undefined, /without data/],
    [{}, /without data/],
    [[], /without data/],
    [{ 'text/html': 5 }, /text\/html holds a number, wanted text/],
    [{ 'text/markdown': null }, /text\/markdown holds null/],
    [{ 'image/png': { type: 'Buffer', data: [1] } }, /image\/png holds an object/],
    [{ 'text/plain': ['a', 1] }, /text\/plain holds a list/],
    [{ 'image/png': base64(whole) }, null],
    [{ 'image/png': base64(whole).replace(/.{10}/g, '$&\n') }, null],
    [{ 'image/png': ' ' }, /image\/png is empty/],
    [{ 'image/png': 'data:image/png;base64,' + base64(whole) }, /is not base64/],
    [{ 'image/png': base64(gif) }, /is not a PNG picture/],
    [{ 'image/png': base64(png(0, 3)) }, /has no pixels/],
    [{ 'image/png': base64(png(2, 3, Buffer.alloc(0))) }, /is cut short/],
    [{ 'image/png': base64(whole.subarray(0, 50)) }, /is cut short/],
    [{ 'image/png': base64(whole.subarray(0, -12)) }, /is cut short/],
    [{ 'image/png': base64(damaged) }, /a checksum is wrong/],
    [{ 'image/jpeg': base64(Buffer.from('ffd8ffe000104a46', 'hex')) }, /is cut short/],
    [{ 'image/jpeg': base64(Buffer.from('ffd8ffc0000b080000000501011100ffd9', 'hex')) }, /has no pixels/],
    [{ 'image/jpeg': base64(Buffer.from('ffd8ffc0000b080003000501011100ffd9', 'hex')) }, null],
    [{ 'image/gif': base64(gif) }, null],
    [{ 'image/svg+xml': svg('<path d="M0 0"/>') }, null],
    [{ 'image/svg+xml': '<?xml version="1.0"?><!DOCTYPE svg><svg><g/></svg>' }, null],
    [{ 'image/svg+xml': '' }, /is empty/],
    [{ 'image/svg+xml': svg('<g>') }, /does not parse: mismatched tag/],
    [{ 'image/svg+xml': svg('&nbsp;') }, /does not parse: undefined entity/],
    [{ 'image/svg+xml': svg('') }, /draws nothing/],
    [{ 'image/svg+xml': '<div/>' }, /has the root <div>/],
  ];
  const said = saidOf(cases.map(([data]) => data ?? null));
  cases.forEach(([data, says], i) => {
    if (says === null) assert.equal(said[i], null, JSON.stringify(data));
    else assert.match(said[i] ?? 'nothing', says, JSON.stringify(data));
  });
});

const claimType = 'application/vnd.bnlab.claim+json';
const plotlyType = 'application/vnd.plotly.v1+json';
const claim = {
  ...{ id: 'one', claim: 'It is so.', source: 'section 1', expected: '', measured: '3', rule: 'above 2' },
  ...{
    verdict: 'holds',
    profile: 'quick',
    seeds: [1],
    statistics: { unit: '', values: [3], n: 1, median: 3, low: 3, high: 3 },
  },
};

/** A notebook whose second cell displays these. */
function displaying(...bundles: object[]) {
  const notebook = parseNotebook(notebookOf(['1', '2']), 'n.ipynb');
  notebook.cells[1].outputs = bundles.map((data) => ({ output_type: 'display_data', data: { ...data }, metadata: {} }));
  return notebook;
}

test('claims and figures that lack what they are for', () => {
  const claimed = (...records: unknown[]) => displaying(...records.map((record) => ({ [claimType]: record })));
  const drawn = (figure: unknown) => displaying({ [plotlyType]: figure });
  checkDisplays(claimed(claim, { ...claim, id: 'two' }));
  checkDisplays(claimed({ ...claim, verdict: 'out of reach', measured: '', statistics: undefined, seeds: undefined }));
  checkDisplays(drawn({ data: [{ y: [1] }] }));
  checkDisplays(drawn({ data: [], layout: { shapes: [{ type: 'line' }] } }));
  const cases: [ReturnType<typeof displaying>, RegExp][] = [
    [claimed(null), /a claim is null/],
    [claimed('holds'), /a claim is "holds"/],
    [claimed({ ...claim, rule: undefined, source: '' }), /'one' lacks source, rule/],
    [claimed({ ...claim, measured: '' }), /lacks measured: what was found/],
    [claimed({ ...claim, verdict: 'likely' }), /the verdict 'likely', wanted one of holds, /],
    [claimed(claim, claim), /'one' is there twice/],
    [claimed({ ...claim, statistics: { n: 3 } }), /statistics without n and median/],
    [claimed({ ...claim, seeds: '1, 2' }), /seeds that are no list of numbers/],
    [claimed({ ...claim, data: 7 }), /data that are no text/],
    [drawn('figure'), /is no object/],
    [drawn({ data: {} }), /no list of traces/],
    [drawn({ data: [{ y: [1] }], layout: [] }), /a layout that is no object/],
    [drawn({ data: [], layout: {} }), /no traces: nothing is drawn/],
    [drawn({ data: [{ y: [1] }, null] }), /a trace \(2\) that is no object/],
  ];
  for (const [notebook, says] of cases) {
    assert.throws(
      () => checkDisplays(notebook),
      (error) => error instanceof DisplayError && error.index === 1 && says.test(error.message),
      String(says),
    );
  }
});

test('figures of which Plotly draws nothing, and the next one after each', async () => {
  const maker = await TwinMaker.open();
  try {
    const cases: [figure: object, says: RegExp][] = [
      [{ data: [{ type: 'scater', x: [1], y: [1] }] }, /is not understood: there is no trace of type 'scater'/],
      [{ data: [{ type: 'scatter' }] }, /draws none of its traces/],
      [{ data: [{ type: 'heatmap', z: [[]] }] }, /draws none of its traces/],
      [{ data: [{ x: [1, 2], y: [null, null] }] }, /its traces hold no finite number/],
      [
        {
          data: [{ y: [1] }],
          layout: {
            get title() {
              return this;
            },
          },
        },
        /does not draw/,
      ],
    ];
    for (const [figure, says] of cases) {
      await assert.rejects(
        addTwins(displaying({ [plotlyType]: figure }), maker),
        (error) => error instanceof DisplayError && error.index === 1 && says.test(error.message),
        String(says),
      );
    }
    const good = displaying(
      { [plotlyType]: { data: [{ x: [1, 2], y: [null, null] }, { y: [1, 2] }, { y: [3], visible: 'legendonly' }] } },
      { [plotlyType]: { data: [{ type: 'histogram', x: ['a', 'b'] }] } },
      { [plotlyType]: { data: [], layout: { annotations: [{ text: 'alone' }] } } },
    );
    assert.equal(await addTwins(good, maker), 3);
  } finally {
    await maker.close();
  }
});
