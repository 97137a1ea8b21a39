/** A program of this project beside this process, and the one that started this: messages over the channel that Node makes for a fork. */
import { type ChildProcess, fork } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Socket } from 'node:net';
import type { Companion, Numbers, Platform } from '../port';

/** Where the compiled tools lie, seen from the compiled file. */
const tools = path.join(__dirname, '..', '..', '..', 'tools');

/** Milliseconds after which a process of which nothing is asked is ended: it holds hundreds of megabytes. */
const REST = 60_000;

const KINDS = { Uint8Array, Int32Array, Float32Array };

/** How arrays come beside a message: in a file, which whoever reads it removes. A channel would hold them twice on either side. */
interface Parcel {
  message: unknown;
  file?: string;
  arrays?: { kind: keyof typeof KINDS; from: number; length: number }[];
}

function pack(message: unknown, arrays: readonly Numbers[]): Parcel {
  if (arrays.length === 0) return { message };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `bnlab-lane-${process.pid}-`));
  const file = path.join(folder, 'arrays');
  const parcel: Required<Parcel> = { message, file, arrays: [] };
  try {
    const handle = fs.openSync(file, 'w');
    try {
      let at = 0;
      for (const array of arrays) {
        const kind = array.constructor.name as keyof typeof KINDS;
        parcel.arrays.push({ kind, from: at, length: array.length });
        for (let done = 0; done < array.byteLength;) done += fs.writeSync(handle, bytesOf(array).subarray(done));
        const gap = -array.byteLength & 7; // the next begins where any kind may
        if (gap > 0) fs.writeSync(handle, new Uint8Array(gap));
        at += array.byteLength + gap;
      }
    } finally {
      fs.closeSync(handle);
    }
    return parcel;
  } catch (error) {
    remove(file);
    throw error;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function unpack({ file, arrays = [] }: Parcel): Numbers[] {
  if (file === undefined) return [];
  try {
    const { size } = fs.statSync(file);
    const bytes = new Uint8Array(size);
    const handle = fs.openSync(file, 'r');
    try {
      for (let done = 0; done < size;) {
        const read = fs.readSync(handle, bytes, done, size - done, done);
        if (read === 0) throw new Error(`${file} ends after ${done} of ${size} bytes.`);
        done += read;
      }
    } finally {
      fs.closeSync(handle);
    }
    return arrays.map(({ kind, from, length }) => new KINDS[kind](bytes.buffer, from, length));
  } finally {
    remove(file);
  }
}

function remove(file: string): void {
  fs.rmSync(path.dirname(file), { recursive: true, force: true });
}

/** A process that was started: it ends with this one, whose end closes the channel. */
class Started implements Companion {
  private readonly files = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  /** The end of what it has written to stderr. */
  private complaint = '';

  constructor(private readonly child: ChildProcess) {
    child.stderr!.on('data', (bytes: Buffer) => (this.complaint = (this.complaint + bytes.toString()).slice(-2000)));
  }

  get id(): number {
    return this.child.pid ?? 0;
  }

  send(message: unknown, arrays: readonly Numbers[] = []): void {
    if (!this.child.connected) return;
    const parcel = pack(message, arrays);
    if (parcel.file) this.files.add(parcel.file);
    try {
      this.child.send(parcel, () => undefined); // who is gone is seen at its end
    } catch (error) {
      if (parcel.file) remove(parcel.file);
      throw error;
    }
  }

  listen(heard: (message: unknown, arrays: Numbers[]) => void, ended: (wrong?: string) => void): void {
    let isOver = false;
    const end = (wrong?: string) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(this.timer);
      for (const file of this.files) remove(file); // what it has not read
      ended(wrong);
    };
    this.child.on('message', (parcel: Parcel) => heard(parcel.message, unpack(parcel)));
    this.child.on('error', (error) => end(error.message));
    this.child.on('close', (code, signal) => {
      const how = signal ? `it was ended by ${signal}` : `it ended with code ${code}`;
      end(code === 0 ? undefined : [how, this.complaint.trim()].filter(Boolean).join(': '));
    });
  }

  rest(isResting: boolean): void {
    clearTimeout(this.timer);
    for (const one of [this.child, this.child.channel, this.child.stderr as Socket]) {
      if (isResting) one?.unref();
      else one?.ref();
    }
    if (!isResting) return;
    this.timer = setTimeout(() => this.end(), REST).unref();
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** As `Platform.startProgram`. */
export const startProgram: Platform['startProgram'] = (name, environment) => {
  const child = fork(path.join(tools, `${name}.js`), [], {
    execArgv: [], // what this process was started with, such as a debugger or the kernel's mends, is not for it
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
  return new Started(child);
};

/** The process that has started this one, for a program. */
export const starter: Pick<Companion, 'send' | 'listen'> = {
  send: (message) => void process.send?.({ message } satisfies Parcel, () => undefined), // who is gone is seen at its end
  listen: (heard, ended) => {
    process.on('message', (parcel: Parcel) => heard(parcel.message, unpack(parcel)));
    process.on('disconnect', () => ended());
  },
};
