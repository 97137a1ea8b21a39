/** A reader's own pictures: the four files of MNIST or Fashion-MNIST, dropped or chosen, known by their checksums. */
import type { Computer } from './computer';
import { element } from './elements';

/** The place where files are dropped, and what is said of them. */
export function dataView(computer: Computer, onData: (name: 'mnist' | 'fashion') => void): HTMLElement {
  const input = element('input', { type: 'file', multiple: true, id: 'own-files', accept: '.gz,.idx,*/*' });
  const said = element('p', { class: 'status', role: 'status' });
  const place = element(
    'div',
    { class: 'drop' },
    element('label', { for: 'own-files' }, 'Your own MNIST or Fashion-MNIST: drop the four files here, or choose them'),
    input,
    said,
    computer.embedded && element('p', { class: 'from' }, computer.embedded.notice),
  );
  const take = async (files: readonly File[]) => {
    if (files.length === 0) return;
    said.textContent = 'Reading …';
    const given = await Promise.all(files.map(async (file) => ({ name: file.name, bytes: await file.arrayBuffer() })));
    const { message, set } = await computer.take(given);
    said.textContent = message;
    if (set) onData(set.name);
  };
  input.addEventListener('change', () => void take([...(input.files ?? [])]));
  place.addEventListener('dragover', (event) => {
    event.preventDefault();
    place.classList.add('over');
  });
  place.addEventListener('dragleave', () => place.classList.remove('over'));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    place.classList.remove('over');
    void take([...(event.dataTransfer?.files ?? [])]);
  });
  return place;
}
