/** A worker whose script travels packed: unpacked when the worker is started, not when the page is opened. */
import type { Request } from './protocol';

/** Takes requests at once, and hands them on when the script has been unpacked. */
export class PackedWorker {
  private worker?: Worker;
  private isOver = false;
  private readonly waiting: Request[] = [];

  /**
   * @param packed the script, deflated, as base64
   * @param hear told of each message
   * @param fail told why the worker did not start, or what it threw
   */
  constructor(
    packed: string,
    private readonly hear: (event: MessageEvent) => void,
    private readonly fail: (message: string) => void,
  ) {
    unpacked(packed).then(
      (script) => this.begin(script),
      (error: Error) => this.isOver || fail(`the worker's script could not be unpacked: ${error.message}`),
    );
  }

  post(request: Request): void {
    if (this.worker) this.worker.postMessage(request);
    else this.waiting.push(request);
  }

  terminate(): void {
    this.isOver = true;
    this.worker?.terminate();
  }

  private begin(script: Blob): void {
    if (this.isOver) return;
    const address = URL.createObjectURL(script);
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.worker = worker;
    worker.onmessage = this.hear;
    worker.onerror = (event) => this.fail(event.message || 'the worker did not start');
    for (const request of this.waiting.splice(0)) worker.postMessage(request);
  }
}

async function unpacked(packed: string): Promise<Blob> {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const script = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Blob([await new Response(script).arrayBuffer()], { type: 'text/javascript' });
}
