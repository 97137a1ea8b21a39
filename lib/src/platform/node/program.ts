/** Programs of this project beside this process. */
import { fork } from 'node:child_process';
import * as path from 'node:path';
import type { Platform } from '../port';

/** Where the compiled tools lie, seen from the compiled file. */
const tools = path.join(__dirname, '..', '..', '..', 'tools');

/** Starts one; it hears of the end of this process by the channel between them. */
export const startProgram: Platform['startProgram'] = (name, told) => {
  // What this process was started with, such as a debugger or the kernel's mends, is not for it.
  const child = fork(path.join(tools, `${name}.js`), [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  child.stderr!.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-2000)));
  child.on('message', told);
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      const how = signal ? `it was ended by ${signal}` : `it ended with code ${code}`;
      resolve(code === 0 ? undefined : [how, said.trim()].filter(Boolean).join(': '));
    });
  });
  // Who is gone is seen at its end.
  return { send: (message) => void child.send(message as object, () => undefined), ended };
};
