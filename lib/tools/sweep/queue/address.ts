/** Where the queue's server is, as the user said, and connections to it. The password is never part of a text. */
import { isIP } from 'node:net';
import { Redis } from 'ioredis';

/** As both ioredis and BullMQ take them. */
export type ServerOptions = {
  host: string;
  port: number;
  db: number;
  username?: string;
  password?: string;
  tls?: { servername?: string };
  socketTimeout: number;
  connectTimeout: number;
  maxRetriesPerRequest: null;
  retryStrategy: (times: number) => number;
};

/** A server of Redis or Valkey. */
export interface Address {
  /** For messages: host and port. */
  shown: string;
  /** For connections, with user and password. */
  options: ServerOptions;
}

/** The whole address, where the command line names none. */
export const ADDRESS = 'BNLAB_QUEUE';
/** The password, where the address has none. */
export const PASSWORD = 'BNLAB_QUEUE_PASSWORD';

/** Milliseconds in which a server that is there answers. */
const PATIENCE = 10_000;

const WANTED =
  'Wanted redis://HOST:PORT, or rediss://HOST:PORT with TLS; a user and a password go before the host, or the password into ' +
  `${PASSWORD}, and all of it into ${ADDRESS}.`;

/**
 * Reads an address.
 *
 * @param given from the command line; true for `--queue` alone
 * @throws Error that says what is wrong with it, without its password
 */
export function addressOf(given: string | true | undefined, environment = process.env): Address {
  const text = typeof given === 'string' ? given : environment[ADDRESS];
  if (!text) throw new Error(`No queue was named. ${WANTED}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^(\/\d*)?$/.test(url.pathname)) {
    throw new Error(`The queue's address cannot be read: ${withoutPassword(text)}. ${WANTED}`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || 6379);
  const password = decodeURIComponent(url.password) || environment[PASSWORD];
  return {
    shown: `${url.protocol}//${url.hostname}:${port}${url.pathname}`,
    options: {
      ...{ host, port, db: Number(url.pathname.slice(1) || 0) },
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(password && { password }),
      // A certificate is asked for by a name; an address is none (RFC 6066).
      ...(url.protocol === 'rediss:' && { tls: isIP(host) ? {} : { servername: host } }),
      // A cut that nobody tells of: what is asked for and not answered so long is asked for again, on a new connection.
      ...{ socketTimeout: 20_000, maxRetriesPerRequest: null, connectTimeout: PATIENCE },
      retryStrategy: (times: number) => Math.min(200 * times, 2000),
    },
  };
}

/** What stands before an @ may be a password, however the rest is written. */
const withoutPassword = (text: string): string => text.replace(/^(\w+:\/\/)?.*@/, '$1***@');

/** Asks the server once. @throws Error that says why it does not answer */
export async function expectServer({ shown, options }: Address): Promise<void> {
  const once = new Redis({ ...options, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  let why: Error | undefined;
  once.on('error', (error: Error) => (why ??= error));
  try {
    await once.connect();
    await once.ping();
  } catch (error) {
    const { message } = why ?? (error as Error);
    throw new Error(`The queue at ${shown} does not answer (${message}). ${hint(message, options.tls !== undefined)}`, {
      cause: error,
    });
  } finally {
    once.disconnect();
  }
}

function hint(message: string, isTls: boolean): string {
  if (/NOAUTH|WRONGPASS|NOPERM/.test(message)) return `The password goes into ${PASSWORD}.`;
  if (/certificate|self-signed|issuer/i.test(message))
    return "Name the file with its authority's certificate: NODE_EXTRA_CA_CERTS=/path/ca.pem.";
  const start = 'Start the server, Redis or Valkey, or correct the address';
  // Neither end says what the other one speaks: one hangs up, the other waits for more.
  if (!isTls && /Connection is closed|ECONNRESET/.test(message)) return `${start}; a server with TLS is rediss://.`;
  if (isTls && /TIMEDOUT|wrong version number/.test(message)) return `${start}; a server without TLS is redis://.`;
  return `${start}.`;
}

/** A connection that is made anew whenever it breaks; `onBroken` and `onMended` are told, once each time. */
export function connection(
  address: Address,
  { onBroken, onMended }: { onBroken(why: string): void; onMended(): void },
): Redis {
  const made = new Redis(address.options);
  let isBroken = false;
  let why = 'the connection broke';
  made.on('error', (error: Error) => (why = error.message || why));
  made.on('reconnecting', () => {
    if (!isBroken) onBroken(why);
    isBroken = true;
  });
  made.on('ready', () => {
    if (isBroken) onMended();
    isBroken = false;
  });
  return made;
}
