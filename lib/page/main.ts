/** The page's own script for what computes: it finds the experiments of a page and brings them to life. */
import type { RunnableRecord } from '../src/notebook/runnable';
import { Computer, type Parts } from './computer';
import { element } from './elements';
import { Explore } from './explore';
import type { ClaimWords } from './presets';
import { RunnableView } from './runnable';

/** What a page must be able to do, and what is said where it cannot. */
function whatIsMissing(): string | undefined {
  const because = [
    ...(typeof Worker === 'undefined' ? ['runs no workers'] : []),
    ...(typeof WebAssembly === 'undefined' ? ['runs no WebAssembly'] : []),
    // the worker's script is packed, and unpacked by what the browser brings
    ...(typeof DecompressionStream === 'undefined' ? ['has no DecompressionStream, which unpacks what computes'] : []),
  ];
  if (because.length === 0) return undefined;
  return `This browser ${because.join(', and it ')}, so nothing can be run here. The stored results are complete without it.`;
}

function json<T>(place: Element): T {
  return JSON.parse(place.querySelector('script[type="application/json"]')!.textContent!) as T;
}

/** A record may come from anyone: one that makes no sense must not cost the others. */
function show(place: HTMLElement, make: () => unknown): void {
  try {
    make();
  } catch (error) {
    place.replaceChildren(element('p', {}, `This experiment cannot be run here: ${(error as Error).message}`));
  }
}

/** Begins. The bundle calls it once, with its parts. */
export function begin(parts: Parts): void {
  const missing = whatIsMissing();
  const computer = missing === undefined ? new Computer(parts) : undefined;
  for (const place of document.querySelectorAll<HTMLElement>('[data-runnable]')) {
    place.hidden = false;
    const body = place.querySelector<HTMLElement>('.bench')!;
    if (computer) show(body, () => new RunnableView(body, json<RunnableRecord>(place), computer, parts.commit));
    else body.append(element('p', {}, missing!));
  }
  const explore = document.querySelector<HTMLElement>('[data-explore-here]');
  if (!explore) return;
  const claims = json<Record<string, ClaimWords>>(explore);
  if (computer) new Explore(explore.querySelector<HTMLElement>('.bench')!, claims, computer, parts.commit);
  else explore.append(element('p', {}, missing!));
}
