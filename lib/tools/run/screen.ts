/** What a run says while it goes on. */

/** Milliseconds without a line after which, where there is no terminal, the status is one: a reader of a log sees that it goes on. */
const SILENCE = 15_000;

/** Lines that stay, and on a terminal one below them that changes. */
export class Screen {
  readonly live = process.stdout.isTTY === true;
  private saidAt = performance.now();

  /** @param silence see above */
  constructor(private readonly silence = SILENCE) {}

  line(text: string): void {
    this.clear();
    this.saidAt = performance.now();
    console.log(text);
  }

  status(text: string): void {
    if (!this.live) {
      if (performance.now() - this.saidAt >= this.silence) this.line(text);
      return;
    }
    const width = (process.stdout.columns ?? 80) - 1;
    process.stdout.write(`\r\x1b[K${text.length > width ? text.slice(0, width - 1) + '…' : text}`);
  }

  clear(): void {
    if (this.live) process.stdout.write('\r\x1b[K');
  }
}

export function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** `8 s`, `2 min 05 s` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`.replace('.0 ', ' ');
  if (whole >= 7200) return `${Math.round(whole / 3600)} h`;
  return whole % 60 ? `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s` : `${whole / 60} min`;
}
