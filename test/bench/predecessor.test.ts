import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from './predecessor.ts';

const folder = mkdtempSync(join(tmpdir(), 'predecessor-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const invocation = {
  env: { KONG_ADMIN_API: 'http://127.0.0.1:8001' },
  event: { schedule: true },
  functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:predecessor',
  remainingMs: 60_000,
};

/** A program as Lambda would start it: asks for an invocation, hands it to `handle`, and asks for the next one. */
function program(name: string, handle: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/';
    const post = (path, body) => fetch(base + path, { method: 'POST', body: JSON.stringify(body) });
    const handle = ${handle};
    for (;;) {
      const next = await fetch(base + 'invocation/next');
      const id = next.headers.get('lambda-runtime-aws-request-id');
      await handle(await next.json(), (kind, body) => post('invocation/' + id + '/' + kind, body), next.headers, post);
    }`,
  );
  return `'${process.execPath}' '${path}'`;
}

describe("a program that speaks Lambda's Runtime API", () => {
  test('is given the event, its ARN, a deadline and the environment, and nothing else of ours', async () => {
    const command = program(
      'tells',
      `(event, answer, headers) => answer('response', {
        event,
        arn: headers.get('lambda-runtime-invoked-function-arn'),
        inTime: Number(headers.get('lambda-runtime-deadline-ms')) > Date.now(),
        adminApi: process.env.KONG_ADMIN_API,
        ours: Object.keys(process.env).filter((name) => name.startsWith('VITEST') || name.startsWith('npm_')),
      })`,
    );
    const { answer } = await runProgram({ command, ...invocation });
    expect(answer).toEqual({
      event: invocation.event,
      arn: invocation.functionArn,
      inTime: true,
      adminApi: 'http://127.0.0.1:8001',
      ours: [],
    });
  });

  test('is measured with all its processes', async () => {
    const command = program(
      'works',
      `async (event, answer) => {
        const { spawnSync } = await import('node:child_process');
        const spin = 'for (let end = 2e5; end > 0; ) { const { user, system } = process.cpuUsage(); end = 2e5 - user - system; }';
        spawnSync(process.execPath, ['--eval', spin]);
        eval(spin);
        globalThis.held = Buffer.alloc(150e6, 1);
        await answer('response', 'done');
      }`,
    );
    // Each of the two processes spins until it has used 200 ms of CPU.
    const { answer, wallMs, cpuMs, peakRssBytes } = await runProgram({ command, ...invocation });
    expect(answer).toBe('done');
    expect(cpuMs).toBeGreaterThanOrEqual(380);
    expect(wallMs).toBeGreaterThan(100);
    expect(peakRssBytes).toBeGreaterThan(150e6);
  });

  test('may report an error, of the invocation or of its start', async () => {
    const failing = program(
      'fails',
      `(event, answer) => answer('error', { errorType: 'Sad', errorMessage: 'no Kong' })`,
    );
    await expect(runProgram({ command: failing, ...invocation })).rejects.toThrow('Sad: no Kong');
    const broken = program(
      'breaks',
      `(event, answer, headers, post) => post('init/error', { errorMessage: 'no region' })`,
    );
    await expect(runProgram({ command: broken, ...invocation })).rejects.toThrow('no region');
  });

  test('may end without an answer: the error has what it said last', async () => {
    const command = program('dies', `() => { console.error('panic: nil map'); process.exit(2); }`);
    await expect(runProgram({ command, ...invocation })).rejects.toThrow(
      /ended with 2 before it answered:\npanic: nil map/,
    );
    await expect(runProgram({ command: 'exit 3', ...invocation })).rejects.toThrow(/ended with 3/);
  });

  test('is told apart from one that asks for something else', async () => {
    const command = program('strays', `(event, answer, headers, post) => post('extension/register', {})`);
    await expect(runProgram({ command, ...invocation })).rejects.toThrow('extension/register');
  });
});
