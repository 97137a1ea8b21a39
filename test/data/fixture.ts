/** A small data set with its manifest, and a web server on 127.0.0.1 that serves it well or badly. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ByteExamples, generateDigits } from 'bnlab';
import '../support/home';

export function idxBytes(shape: number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, length));
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

const folders: string[] = [];

/** A folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bnlab-data-'));
  chmodSync(folder, 0o755); // The test of a read-only cache steps down to a user without rights.
  if (folders.push(folder) === 1) {
    process.on('exit', () => folders.forEach((one) => rmSync(one, { recursive: true, force: true })));
  }
  return folder;
}

const { train, test } = generateDigits({ train: 600, test: 100, seed: 77 });
const images = ({ images, n }: ByteExamples) => gzipSync(idxBytes([n, 28, 28], images));
const labels = ({ labels, n }: ByteExamples) => gzipSync(idxBytes([n], labels));

/** The four files of the small set by name. The first has about 100 kB. */
export const FILES: Record<string, Buffer> = {
  'train-images-idx3-ubyte.gz': images(train),
  'train-labels-idx1-ubyte.gz': labels(train),
  't10k-images-idx3-ubyte.gz': images(test),
  't10k-labels-idx1-ubyte.gz': labels(test),
};
export const NAMES = Object.keys(FILES);
/** The training images: the file on which the server's faults show. */
export const LARGE = NAMES[0];

const measured = (bytes: Buffer) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Writes a manifest of the small set with these mirrors and returns its path. */
export function writeManifest(folder: string, mirrors: string[]): string {
  const [trainImages, trainLabels, testImages, testLabels] = NAMES.map((name) => ({
    name,
    ...measured(FILES[name]),
    contents: measured(gunzipSync(FILES[name])),
  }));
  const set = (title: string) => ({
    title,
    source: 'test',
    licence: 'MIT',
    classes: [...'0123456789'],
    mirrors,
    files: { trainImages, trainLabels, testImages, testLabels },
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify({ datasets: { mnist: set('small MNIST'), fashion: set('small Fashion') } }));
  return path;
}

/** Where a misbehaving mirror breaks off: bytes per answer. */
const PORTION = 30_000;

/** One answer of the server: the first folder of the path says how it behaves. */
type Behaviour = (content: Buffer, from: number, request: IncomingMessage, response: ServerResponse) => void;

function answer(content: Buffer, from: number, response: ServerResponse, range?: string): void {
  const headers = { 'content-length': content.length - from, 'accept-ranges': 'bytes' };
  if (from === 0) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      'content-range': range ?? `bytes ${from}-${content.length - 1}/${content.length}`,
    });
}

const BEHAVIOURS: Record<string, Behaviour> = {
  good: (content, from, _, response) => {
    answer(content, from, response);
    response.end(content.subarray(from));
  },
  'no-ranges': (content, _from, _, response) => BEHAVIOURS.good(content, 0, _, response),
  'cut-off': (content, from, _, response) => {
    answer(content, from, response);
    if (content.length - from <= PORTION) response.end(content.subarray(from));
    else response.write(content.subarray(from, from + PORTION), () => setTimeout(() => response.destroy(), 20));
  },
  'cut-off-no-ranges': (content, _from, _, response) => BEHAVIOURS['cut-off'](content, 0, _, response),
  /** Ends early as if that were all, without a length that would give it away. */
  truncated: (content, _from, _, response) => response.writeHead(200).end(content.subarray(0, content.length - 5)),
  'too-long': (content, _from, _, response) =>
    response.writeHead(200).end(Buffer.concat([content, Buffer.from('more')])),
  'wrong-bytes': (content, from, _, response) => {
    const wrong = Buffer.from(content);
    wrong[wrong.length >> 1] ^= 1;
    BEHAVIOURS.good(wrong, from, _, response);
  },
  'wrong-range': (content, from, _, response) => {
    answer(content, from, response, `bytes 0-${content.length - 1}/${content.length}`);
    response.end(content.subarray(from));
  },
  /** What a hotel's network answers to everything. */
  portal: (_content, _from, _, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': 17 }).end('<p>Please log in.');
  },
  'not-found': (_content, _from, _, response) => void response.writeHead(404).end('no such file'),
  broken: (_content, _from, _, response) => void response.writeHead(503).end('come back later'),
  moved: (_content, _from, request, response) => {
    response.writeHead(302, { location: request.url!.replace('/moved/', '/good/') }).end();
  },
  slow: (content, from, _, response) => {
    answer(content, from, response);
    let at = from;
    const send = () => {
      if (response.destroyed) return;
      response.write(content.subarray(at, (at += 4_000)));
      if (at < content.length) setTimeout(send, 40);
      else response.end();
    };
    send();
  },
  stalled: (content, from, _, response) => {
    answer(content, from, response);
    response.flushHeaders();
    if (from === 0) response.write(content.subarray(0, PORTION));
  },
  silent: () => undefined,
};

/** A server and what it was asked. */
export interface Mirror {
  server: Server;
  /** `'good'` to the address of a mirror that behaves so. */
  url(behaviour: string): string;
  /** Requests: path and range. */
  asked: { path: string; range: string | undefined }[];
  close(): Promise<void>;
}

export async function startMirror(): Promise<Mirror> {
  const asked: Mirror['asked'] = [];
  /** What 'together' holds back until two have asked for the large file. */
  const held: (() => void)[] = [];
  const behaviours: Record<string, Behaviour> = {
    ...BEHAVIOURS,
    together: (content, from, _, response) => {
      answer(content, from, response);
      response.write(content.subarray(from, from + PORTION));
      held.push(() => response.end(content.subarray(from + PORTION)));
      if (held.length > 1) for (const goOn of held.splice(0)) goOn();
    },
  };
  const server = createServer((request, response) => {
    const [, behaviour, name] = request.url!.split('/');
    asked.push({ path: request.url!, range: request.headers.range });
    response.on('error', () => undefined);
    // The faults are for the large file; the small ones come as they should, where anything comes.
    const small = name !== LARGE && !['silent', 'not-found', 'broken', 'portal'].includes(behaviour);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    behaviours[small ? 'good' : behaviour](FILES[name], from, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    url: (behaviour) => `http://127.0.0.1:${port}/${behaviour}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
