/** What this room asks of the machine and program that it runs in. */

/** See {@link host}. */
export interface Host {
  /** the environment's variables */
  environment: Record<string, string | undefined>;
  /** the processor, as its maker names it, and how much of it may be used */
  processor(): string;
  /** threads that may run side by side */
  parallelism(): number;
  /** bytes of memory that may be used */
  memoryBytes(): number;
  /** lets the event loop run */
  nextTurn(): Promise<void>;
  /** version of the program that runs this, without the v */
  version: string;
}

/** The host; the entry that a program loads says what it is. */
export let host: Host = {
  environment: {},
  processor: () => 'unknown processor',
  parallelism: () => 1,
  memoryBytes: () => 0,
  nextTurn: () => new Promise((resolve) => setTimeout(resolve)),
  version: '',
};

/** Says what the host is. */
export function setHost(given: Host): void {
  host = given;
}

/** The processor on an engine card. */
export function processorWords(): string {
  return `${host.processor()}, ${host.parallelism()} of its threads`;
}
