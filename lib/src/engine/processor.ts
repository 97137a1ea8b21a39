import { platform } from '../platform/port';

/** The processor on an engine card. */
export function processorWords(): string {
  const { model = 'unknown processor', threads } = platform().processor();
  return `${model}, ${threads} of its threads`;
}
