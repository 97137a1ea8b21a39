/** Scripts in a process of their own: an engine is chosen once in each. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import * as path from 'node:path';

const root = path.join(__dirname, '..', '..');

/** What a script said. */
export interface Said {
  stdout: string;
  stderr: string;
}

/**
 * Runs JavaScript in a process of its own, with `require` from the repository's root.
 * @param environment variables beside this process's
 * @param input what it finds on stdin
 * @throws Error with the script's own last words, where it fails
 */
export async function runScript(code: string, environment: NodeJS.ProcessEnv = {}, input = ''): Promise<Said> {
  const child = spawn(process.execPath, ['-e', code], { cwd: root, env: { ...process.env, ...environment } });
  child.stdin.on('error', () => undefined).end(input); // who does not read it may end before
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (exit, signal) => resolve(exit === 0 ? '' : `it ended with ${signal ?? exit}`));
  });
  const [stdout, stderr, fault] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (fault !== '') throw new Error(`${fault}: ${stderr}`);
  return { stdout, stderr };
}

/**
 * Runs the body of an async function of `tf`, `engine` (its name) and `given` on an engine; what it returns comes back through JSON.
 * @param environment variables beside this process's
 * @throws Error with the script's own last words
 */
export async function onEngine<T>(
  engine: string,
  body: string,
  given: unknown = null,
  environment: NodeJS.ProcessEnv = {},
): Promise<T> {
  const script = `const { ready, tf } = require('bnlab');
    let text = '';
    process.stdin.on('data', (part) => (text += part)).on('end', async () => {
      const { engine } = await ready();
      const run = async (given) => { ${body} };
      console.log(JSON.stringify({ engine, returned: await run(JSON.parse(text)) }));
    });`;
  const { stdout } = await runScript(script, { ...environment, BNLAB_ENGINE: engine }, JSON.stringify(given)).catch(
    (error: Error) => {
      throw new Error(`${engine}: ${error.message}`);
    },
  );
  const said = JSON.parse(stdout) as { engine: string; returned: T };
  if (said.engine !== engine) throw new Error(`asked for ${engine}, got ${said.engine}`);
  return said.returned;
}
