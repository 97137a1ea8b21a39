/** A certificate that nobody but a test trusts, and a door to a server that shows it. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import * as tls from 'node:tls';

/** A key with its certificate, in files. */
export interface Certificate {
  key: string;
  certificate: string;
}

/** One for `localhost` and 127.0.0.1, which is its own authority. @returns undefined, the test being skipped, where there is no openssl */
export function selfSigned(t: TestContext, folder: string, name: string): Certificate | undefined {
  const [key, certificate] = ['key', 'certificate'].map((what) => path.join(folder, `${name}-${what}.pem`));
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj'.split(' ');
  const whose = [`/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  try {
    execFileSync('openssl', [...words, ...whose, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return void t.skip('no openssl, which makes the certificate');
  }
  return { key, certificate };
}

/** TLS before a server that has none: the program of the tests is built without. @returns the port of the door */
export async function tlsDoor(t: TestContext, port: number, { key, certificate }: Certificate): Promise<number> {
  const open = new Set<net.Socket>();
  const door = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, (near) => {
    const far = net.connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined); // the other end sees it close
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  door.on('tlsClientError', () => undefined); // who trusts nobody here, or speaks plainly
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    door.close();
  });
  return (door.address() as net.AddressInfo).port;
}
