import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { until } from './until.ts';

const START = `
  import { startRedis } from '${new URL('redis-server.ts', import.meta.url).href}';
  const server = await startRedis();
  const [, folder] = await server.cli('CONFIG', 'GET', 'dir');
  console.log('server on port ' + server.port + ' in ' + folder);
  setInterval(() => undefined, 1000);`;

/** Starts Node with `args` and returns when a line of its output matches. */
async function startProgram(args: readonly string[], line: RegExp): Promise<{ program: ChildProcess; said: string[] }> {
  const program = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of createInterface(program.stdout)) {
    const said = line.exec(text);
    if (said) return { program, said: [...said] };
  }
  throw new Error(`${args.join(' ')} ended without a line like ${String(line)}`);
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe.concurrent('a Redis server does not outlive the program that started it', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)('%s', async (signal) => {
    const args = ['--input-type=module', '--eval', START];
    const { program, said } = await startProgram(args, /port (\d+) in (.+)/);
    const [, port, folder = ''] = said;
    expect(await listens(Number(port))).toBe(true);
    expect(existsSync(folder)).toBe(true);

    program.kill(signal);
    await until('the server is gone', async () => !(await listens(Number(port))));
    await until('its folder is gone', () => !existsSync(folder));
  });

  test('SIGTERM of the demo', async () => {
    const demo = fileURLToPath(new URL('../demo.ts', import.meta.url));
    const { program, said } = await startProgram([demo], /redis-server on port (\d+)/);
    program.kill('SIGTERM');
    await until('the server is gone', async () => !(await listens(Number(said[1]))));
  });
});
