/** What reports keep and what pages carry stays small, and shows the same. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { KeptPictures } from 'bnlab/dist/tools/report/kept-pictures';
import { joinedLines } from 'bnlab/dist/tools/report/joined-lines';
import { sharedStyles } from 'bnlab/dist/tools/report/shared-styles';
import { usedClips } from 'bnlab/dist/tools/report/used-clips';
import { highlighted } from 'bnlab/dist/tools/report/highlight';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';

test('kept pictures are bounded: what was not asked for longest goes; what a report has asked for stays, and what is gone is drawn anew', () => {
  const scratch = makeScratch();
  const folder = path.join(scratch, 'pictures');
  fs.mkdirSync(folder);
  try {
    const at = (name: string) => path.join(folder, `${name}.svg`);
    ['a', 'b', 'c', 'd'].forEach((name, i) => {
      fs.writeFileSync(at(name), 'x'.repeat(100));
      fs.utimesSync(at(name), 1000 + i, 1000 + i);
    });
    fs.writeFileSync(path.join(folder, 'other.txt'), 'x'.repeat(1000));
    const kept = new KeptPictures(folder, 250);
    assert.equal(kept.read('a')?.length, 100);
    assert.equal(kept.read('none'), undefined);
    const beside = new KeptPictures(folder, 250); // another report
    kept.prune();
    assert.deepEqual(fs.readdirSync(folder).sort(), ['a.svg', 'd.svg', 'other.txt']);
    assert.equal(beside.read('b'), undefined);
    beside.write('b', 'x'.repeat(300));
    beside.prune();
    assert.deepEqual(fs.readdirSync(folder).sort(), ['b.svg', 'other.txt']);
    assert.equal(beside.read('b')?.length, 300);
    new KeptPictures(path.join(folder, 'none')).prune();
  } finally {
    removeScratch(scratch);
  }
});

test('styles that drawings and tables repeat stand once; what stands elsewhere, has a class or would end a rule stays', () => {
  const style = "font-family:'A B', serif;fill:var(--on-1-2)";
  const text = `<text x="1" style="${style}">a</text>`;
  const bad = ['}body{color:red}/* padded */', "font-family:'padded out", '&lt;/style&gt; padded out'];
  const left = [
    `<p style="${style}">${style}</p>`,
    `<svg style="${style}"></svg>`,
    `<svg><g class="k" style="${style}"/></svg>`,
    `<svg>${bad.map((one) => `<g style="${one}"/>`.repeat(3)).join('')}</svg>`,
  ];
  const { html, rules } = sharedStyles(`${left.join('')}<svg>${text}${text}</svg><table><tr><td style="${style}">a</td></tr></table>`); // prettier-ignore
  assert.equal(html, `${left.join('')}<svg>${'<text x="1" class="d0">a</text>'.repeat(2)}</svg><table><tr><td class="d0">a</td></tr></table>`); // prettier-ignore
  assert.equal(rules, `:is(svg,table) .d0{${style}}`);
  assert.deepEqual(sharedStyles(`<svg>${text}${text}</svg>`), { html: `<svg>${text}${text}</svg>`, rules: '' });
});

test('ticks that follow one another become one line, each at its place; another style, another form or a word between them parts them', () => {
  const tick = (y: string, style = 'stroke:red', d = 'M73,0h-2') => `<path transform="translate(0,${y})" d="${d}" style="${style}"/>`; // prettier-ignore
  const line = (d: string, style = 'stroke:red') => `<path style="${style}" d="${d}"/>`;
  const of = (inside: string) => joinedLines(`<svg>${inside}</svg>`).slice('<svg>'.length, -'</svg>'.length);
  assert.equal(of(tick('0.1') + tick('12.2') + tick('-3')), line('M73,0.1h-2M73,12.2h-2M73,-3h-2'));
  assert.equal(of(tick('1') + tick('2') + tick('3', 'stroke:blue')), line('M73,1h-2M73,2h-2') + line('M73,3h-2', 'stroke:blue')); // prettier-ignore
  const curve = tick('1', 'stroke:red', 'M0,0L1,1');
  for (const kept of [tick('1'), curve + curve, `${tick('1')}<g/>${tick('2')}`, tick('1') + curve])
    assert.equal(of(kept), kept);
  const turned = tick('1').replace('translate(0,1)', 'rotate(9)');
  assert.equal(of(turned + tick('2')), '<path transform="rotate(9)" style="stroke:red" d="M73,0h-2"/>' + line('M73,2h-2')); // prettier-ignore
  assert.equal(joinedLines(tick('1') + tick('2')), tick('1') + tick('2'), 'outside of a drawing');
});

test('clip paths that nothing names go, and what held them alone; one that is named stays, in its drawing', () => {
  const clip = (id: string) => `<clipPath id="${id}"><rect width="1"/></clipPath>`;
  const drawing = (id: string, clips: string) =>
    `<svg><defs id="f-1"><g>${clips}</g></defs><g clip-path="url(#${id})"/></svg>`;
  assert.equal(usedClips(drawing('f-2', clip('f-2') + clip('f-3'))), drawing('f-2', clip('f-2')));
  assert.equal(usedClips(drawing('f-4', clip('f-2') + clip('f-3'))), '<svg><g clip-path="url(#f-4)"/></svg>');
  assert.equal(usedClips(clip('f-2')), clip('f-2'), 'outside of a drawing');
});

test('code: an element only where there is a colour, and every letter is there', () => {
  const code = 'const f = (a: number) => ({ key: `${a + 1}` }); // done\nclass A extends B {}';
  const { text } = highlighted(code);
  assert.equal(text.replace(/<[^>]*>/g, '').replace(/&gt;/g, '>').replace(/&#x27;/g, "'"), code); // prettier-ignore
  assert.match(text, /<span class="hljs-keyword">const<\/span>/);
  assert.doesNotMatch(text, /hljs-(?:attr|params|function|property)/);
  assert.equal(text.split('<span').length, text.split('</span>').length);
});
