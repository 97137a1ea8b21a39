/** What trains, as a reader chooses it. */
import { wordsOf } from '../src/engine/engines/webgpu/adapter';
import type { Computer, EngineChoice } from './computer';
import { element } from './elements';

const CHOICES: Record<EngineChoice, string> = {
  auto: 'automatic',
  wasm: 'WebAssembly, on the processor',
  webgpu: 'WebGPU, on the GPU',
};

/** A list of what can train here; a browser without WebGPU has that left out of it. */
export function engineView(computer: Computer, onChange: () => void): HTMLElement {
  const options = Object.entries(CHOICES).map(([value, words]) => element('option', { value }, words));
  const select = element('select', { id: 'engine', 'aria-describedby': 'engine-hint' }, ...options);
  const gpu = options[2];
  gpu.disabled = true;
  select.addEventListener('change', () => {
    computer.choose(select.value as EngineChoice);
    onChange();
  });
  void adapterWords().then((words) => {
    gpu.disabled = words === undefined;
    gpu.textContent = words ?? 'WebGPU: this browser offers none';
  });
  const hint = element(
    'span',
    { class: 'hint', id: 'engine-hint' },
    'automatic takes a GPU where the browser offers one; evaluations are computed on the processor',
  );
  const label = element('label', { for: 'engine' }, 'Trains on');
  return element('div', { class: 'control control-list' }, label, select, hint);
}

/** What the browser's GPU is called; undefined where it offers none. */
async function adapterWords(): Promise<string | undefined> {
  const { gpu } = navigator as unknown as { gpu?: GPU };
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return undefined;
  return wordsOf(adapter).software ? 'WebGPU, in software: slow' : CHOICES.webgpu;
}
