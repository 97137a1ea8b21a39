/** The place of an experiment that runs in the page. Hidden until a script fills it: without one the figure before it says all. */
import type { RunnableBlock } from '../blocks';
import { forScript, type Html, markup, raw } from '../html';

export function runnablePlace({ record }: RunnableBlock): Html {
  return markup`<section class="runnable" aria-label="Run this experiment in the page" data-runnable hidden>
    <div class="bench"></div>
    <script type="application/json">${raw(forScript(record))}</script>
  </section>`;
}
