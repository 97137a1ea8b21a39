/** What a process and a lane of it say to each other. */

/** To a lane. Large arrays come beside `keep`. */
export type Order =
  | { is: 'keep'; key: string; value: unknown }
  | { is: 'open'; job: unknown }
  | { is: 'run'; task: unknown }
  | { is: 'stop' }
  | { is: 'close' };

/** From a lane. */
export type Report =
  | { is: 'ready'; about: string }
  | { is: 'opened' }
  | { is: 'progress'; at: unknown }
  | { is: 'done'; answer: unknown }
  | { is: 'failed'; error: string };
