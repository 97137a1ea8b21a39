/** The page that leads to the others. */
import { verdictSigns } from '../../../src/notebook/ledger';
import type { Figure } from '../blocks';
import type { Row } from '../facts';
import { type Content, type Html, markup } from '../html';
import { frame, type PageLink, type Site } from './frame';
import { twins } from './page';

/** A notebook on the list. */
export interface Entry extends PageLink, Row {
  title: Html;
  /** What came out, in a sentence. */
  finding?: Html;
  figure?: Figure;
}

/** The list of notebooks, and links to what stands beside them. */
export interface Contents {
  lead: string;
  entries: readonly Entry[];
  links: readonly { page: string; text: string }[];
  /** Notebooks that failed when they were last run, each with what happened. */
  failed: readonly { name: string; lines: readonly string[] }[];
}

/** The index. */
export function contentsPage(site: Site, { lead, entries, links, failed }: Contents): string {
  const article = markup`<h1>${site.title}</h1>
<p class="lead">${lead}</p>
${count(entries)}
${failed.length > 0 && failures(failed)}
${links.length > 0 && markup`<ul class="beside">${links.map(({ page, text }) => markup`<li><a href="${page}">${text}</a></li>\n`)}</ul>`}
<ol class="notebooks">
${entries.map(item)}</ol>`;
  return frame(site, { title: site.title, article, isIndex: true });
}

/** What the run did not finish: by name, each with its reason. */
function failures(failed: Contents['failed']): Html {
  return markup`<section class="failed"><h2>Failed in the last run</h2>
<p>These notebooks did not come to their end; a page of one of them is of an earlier run.</p>
${failed.map(({ name, lines }) => markup`<details><summary>${name}</summary><pre>${lines.join('\n')}</pre></details>\n`)}</section>
`;
}

/** How all claims fared. */
function count(entries: readonly Entry[]): Content {
  const sums = new Map<string, number>();
  for (const { verdict, count } of entries.flatMap(({ verdicts }) => verdicts))
    sums.set(verdict, (sums.get(verdict) ?? 0) + count);
  const readings = [...sums.values()].reduce((sum, one) => sum + one, 0);
  if (readings === 0) return undefined;
  const each = Object.keys(verdictSigns).flatMap((verdict) =>
    sums.has(verdict) ? `${sums.get(verdict)} ${verdict}` : [],
  );
  return markup`<p class="lead">${readings} reading${readings > 1 && 's'} of the paper’s sentences: ${each.join(', ')}.</p>`;
}

function item({ name, page, title, finding, figure, verdicts, made }: Entry): Html {
  return markup`<li>
  ${figure?.twin && markup`<div class="picture">${twins(figure)}</div>`}
  <div class="about">
    <h2><a href="${page}"><span class="name">${name}</span> ${title}</a></h2>
    ${finding && markup`<p class="finding">${finding}</p>`}
    <p class="verdicts">${verdicts.map(verdictText)}</p>
    <p class="made">${made.join(' · ')}</p>
  </div>
</li>
`;
}

function verdictText({ verdict, count }: Entry['verdicts'][number]): Html {
  return markup`<span class="verdict ${verdict.split(' ')[0]}">${verdict}${count > 1 && ` (${count})`}</span> `;
}
