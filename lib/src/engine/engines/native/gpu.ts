import * as fs from 'node:fs';
import * as path from 'node:path';

/** The model of the first NVIDIA GPU that the driver reports, or undefined. Linux. */
export function nvidiaGpu(): string | undefined {
  try {
    const folder = '/proc/driver/nvidia/gpus';
    for (const gpu of fs.readdirSync(folder).sort()) {
      const model = /^Model:\s*(.+)$/m.exec(fs.readFileSync(path.join(folder, gpu, 'information'), 'utf8'));
      if (model) return model[1].trim();
    }
  } catch {
    // no driver
  }
  return undefined;
}

/** The first line of what the driver says of its version; empty where there is none. */
export function nvidiaDriver(): string {
  try {
    return fs.readFileSync('/proc/driver/nvidia/version', 'utf8').split('\n')[0];
  } catch {
    return '';
  }
}
