/**
 * A shader for several runs at once. Each run has its own part of the buffers, one behind the other, and its own layers of workgroups along z:
 * whatever the shader does, it does in the part of its run. All are computed by one dispatch, and nothing is computed otherwise than alone: an
 * index beyond the end is held at the end, as it is in a buffer. (TensorFlow.js's products read beyond the end of an operand, and multiply by
 * zero what they get: of another run that may be NaN.)
 */

/** Elements of four bytes in what an array holds. */
const WIDTH: Record<string, number> = { '': 1, vec2: 2, vec4: 4 };

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*\w+>\s*(\w+)\s*:\s*array<\s*(?:atomic<)?(?:(vec\d)<)?\w+>*\s*;/g;

/** What cannot be computed so, and is therefore computed one run after the other. */
export class NotWidened extends Error {}

/** A run's part of what is bound, in words. */
export interface Part {
  size: number;
  /** between the parts of two runs; 0 for what all share */
  stride: number;
}

/**
 * @param parts by binding
 * @param depth layers of workgroups along z of one run
 * @throws NotWidened for a text that it does not understand
 */
export function widened(code: string, parts: readonly Part[], depth: number): string {
  let text = code.replace(/\/\/[^\n]*/g, '');
  const found = [...text.matchAll(BINDING)];
  if (found.length !== parts.length) throw new NotWidened(`${found.length} of ${parts.length} bindings were found`);
  for (const [, binding, name, vector = ''] of found) {
    const { size, stride } = parts[Number(binding)];
    if (stride === 0) continue;
    // a number of that name is not indexed
    const isShadowed = new RegExp(
      `\\b(?:let|var|const)\\s+${name}\\b|[(,]\\s*${name}\\s*:(?!\\s*(?:f32|i32|u32|bool)\\b)`,
    ).test(text);
    if (isShadowed || !WIDTH[vector]) throw new NotWidened(`${name}: ${vector}${isShadowed ? ' is a local name' : ''}`);
    const width = WIDTH[vector];
    const last = Math.max(1, Math.floor(size / width)) - 1;
    text = shifted(text, name, (index) => `ownRun * ${stride / width}u + min(u32(${index}), ${last}u)`);
  }
  return `var<private> ownRun : u32;\n${counting(text, depth)}`;
}

/** Every access to an array, at another index. */
function shifted(text: string, name: string, to: (index: string) => string): string {
  const access = new RegExp(`(?<![.\\w])${name}\\s*\\[`, 'g');
  let done = '';
  let rest = 0;
  for (let match = access.exec(text); match; match = access.exec(text)) {
    const inner = match.index + match[0].length;
    const end = closing(text, inner);
    done += `${text.slice(rest, match.index)}${name}[${to(shifted(text.slice(inner, end), name, to))}]`;
    rest = end + 1;
    access.lastIndex = rest;
  }
  return done + text.slice(rest);
}

/** Where the bracket that was opened before `start` is closed. */
function closing(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '[') depth++;
    if (text[i] === ']' && --depth === 0) return i;
  }
  throw new NotWidened('a bracket is not closed');
}

/** Says at the beginning which run it is. TensorFlow.js's programs are told where they are by variables of the module, ours by arguments. */
function counting(text: string, depth: number): string {
  const theirs = /@workgroup_size\(\s*\d+\s*,\s*\d+\s*,\s*(\d+)\s*\)\s*fn _start\(/.exec(text);
  if (theirs) {
    return text.replace(
      'workgroupId = WorkgroupId;',
      `workgroupId = WorkgroupId;
        ownRun = workgroupId.z / ${depth}u;
        workgroupId.z -= ownRun * ${depth}u;
        numWorkgroups.z = ${depth}u;
        globalId.z -= ownRun * ${depth * Number(theirs[1])}u;`,
    );
  }
  const main = /fn main\([^{]*@builtin\((?:workgroup_id|global_invocation_id)\) (\w+)[^{]*\{/.exec(text);
  if (!main || depth !== 1) throw new NotWidened('its beginning is of another kind');
  return text.replace(main[0], `${main[0]}\n  ownRun = ${main[1]}.z;`);
}
