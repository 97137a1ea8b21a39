/** Text as HTML: the same words in an element, in an attribute, and in a label that Plotly draws. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { escapeHtml, unescapeHtml } from 'bnlab/dist/src/core/html';
import { openPlotly, type PlotlyPage } from '../figure/browser';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const document: any, Plotly: any;

let opened: PlotlyPage;
before(async () => {
  opened = await openPlotly();
});
after(() => opened.close());

test('no tag is read, and every sign comes back, in HTML and in Plotly', async () => {
  const text = `<b>a & b</b> &lt; "c" 'd' &quot;`;
  assert.equal(escapeHtml('a < b & "c"'), 'a &lt; b &amp; &#34;c&#34;');
  for (const one of [text, '&lt;', '&amp;#34;']) assert.equal(unescapeHtml(escapeHtml(one)), one);
  const read = await opened.page.evaluate(async (escaped: string) => {
    document.body.innerHTML = `<p title="${escaped}">${escaped}</p><div id="figure"></div>`;
    await Plotly.newPlot('figure', [{ x: [1], y: [1] }], { title: { text: escaped } });
    const p = document.querySelector('p');
    return [p.textContent, p.getAttribute('title'), document.querySelector('.gtitle').textContent];
  }, escapeHtml(text));
  assert.deepEqual(read, [text, text, text]);
});
