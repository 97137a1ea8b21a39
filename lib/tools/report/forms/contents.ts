/** The page that leads to the others. */
import type { Row } from '../facts';
import { markup, type Html } from '../html';
import { frame, type PageLink, type Site } from './frame';

/** A notebook on the list. */
export interface Entry extends PageLink, Row {
  title: Html;
}

/** The list of notebooks, and links to what stands beside them. */
export interface Contents {
  lead: string;
  entries: readonly Entry[];
  links: readonly { page: string; text: string }[];
}

/** The index. */
export function contentsPage(site: Site, { lead, entries, links }: Contents): string {
  const article = markup`<h1>${site.title}</h1>
    <p class="lead">${lead}</p>
    <div class="table" tabindex="0" role="group" aria-label="Table of notebooks">
      <table class="contents">
        <thead>
          <tr>
            <th scope="col">Notebook</th>
            <th scope="col">Verdict</th>
            <th scope="col">Data</th>
            <th scope="col">Engine</th>
            <th scope="col">Profile</th>
            <th scope="col" class="number">Minutes</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map(row)}
        </tbody>
      </table>
    </div>
    ${links.map(
      ({ page, text }) => markup`<p><a href="${page}">${text}</a></p>
`,
    )}`;
  return frame(site, { title: site.title, article, isIndex: true });
}

function row({ name, page, title, verdicts, data, engine, profile, minutes }: Entry): Html {
  const found = verdicts.map(({ kind, text }) => markup`<span class="verdict ${kind}">${text}</span>`);
  return markup`<tr>
    <th scope="row">
      <a href="${page}"><span class="name">${name}</span> ${title}</a>
    </th>
    <td>${found.length > 0 ? found : markup`<span class="none">none</span>`}</td>
    <td>${data}</td>
    <td>${engine}</td>
    <td>${profile}</td>
    <td class="number">${minutes}</td>
  </tr> `;
}
