/** Scripts in a process of their own: an engine is chosen once in each. */
import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(__dirname, '..', '..');

/**
 * Runs the body of an async function of `tf`, `engine` (its name) and `given` on an engine; what it returns comes back through JSON.
 * @throws Error with the script's own last words
 */
export async function onEngine<T>(engine: string, body: string, given: unknown): Promise<T> {
  const script = `const { ready, tf } = require('bnlab');
    let text = '';
    process.stdin.on('data', (part) => (text += part)).on('end', async () => {
      const { engine } = await ready();
      const run = async (given) => { ${body} };
      console.log(JSON.stringify({ engine, returned: await run(JSON.parse(text)) }));
    });`;
  const env = { ...process.env, BNLAB_ENGINE: engine };
  const running = promisify(execFile)(process.execPath, ['-e', script], { cwd: root, env, maxBuffer: 2 ** 27 });
  running.child.stdin!.end(JSON.stringify(given));
  const { stdout } = await running.catch((error: { stderr?: string }) => {
    throw new Error(`${engine}: ${error.stderr}`);
  });
  const said = JSON.parse(stdout) as { engine: string; returned: T };
  if (said.engine !== engine) throw new Error(`asked for ${engine}, got ${said.engine}`);
  return said.returned;
}
