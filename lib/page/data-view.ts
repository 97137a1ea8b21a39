/** A reader's own pictures: the four files of MNIST or Fashion-MNIST, dropped or chosen, known by their checksums. */
import type { Computer } from './computer';
import { element } from './elements';

/** @throws Error for what cannot be read: a folder can be dropped as well */
async function read(file: File): Promise<{ name: string; bytes: ArrayBuffer }> {
  const bytes = await file.arrayBuffer().catch(() => undefined);
  if (!bytes) throw new Error(`${file.name} could not be read. If it is a folder, drop the four files that are in it.`);
  return { name: file.name, bytes };
}

/**
 * The place where files are dropped, and what is said of them.
 *
 * @param first said before any are
 */
export function dataView(computer: Computer, onData: (name: 'mnist' | 'fashion') => void, first = ''): HTMLElement {
  const input = element('input', { type: 'file', multiple: true, id: 'own-files', accept: '.gz,.idx,*/*' });
  const said = element('p', { class: 'status', role: 'status' }, first);
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
    try {
      const { message, set } = await computer.take(await Promise.all(files.map(read)));
      said.textContent = message;
      if (set) onData(set.name);
    } catch (error) {
      said.textContent = (error as Error).message;
    }
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
