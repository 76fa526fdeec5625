import { fork } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';

/** The function in a process of its own: with its own environment and output, and it can be killed. */
export interface LambdaProcess {
  /** Rejects with an error of the name, code and message the handler threw, or when the process ends first. */
  invoke(event: unknown, remainingMs: number): Promise<unknown>;
  /** SIGKILL: nothing is saved, nothing is said. */
  kill(): Promise<void>;
}

/** What `lambda-child.ts` is sent. */
export interface Question {
  readonly number: number;
  readonly event: unknown;
  readonly remainingMs: number;
}

/** What `lambda-child.ts` answers. */
export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly code?: unknown; readonly message: string };
}

/** Starts the bundled handler in a process; what it writes is pushed to `log`. Invocations may overlap. */
export function startLambdaProcess(env: Readonly<Record<string, string>>, log: string[]): LambdaProcess {
  const child = fork(inject('lambdaChild'), {
    env: { PATH: process.env['PATH'], ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', ({ number, result, error }: Answer) => {
    if (error) waiting.get(number)?.reject(Object.assign(new Error(error.message), error));
    else waiting.get(number)?.resolve(result);
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => log.push(text.toString()));
  // By 'close' all output has been read; by 'exit' not.
  const closed = once(child, 'close').then(() => {
    const ended = new Error(`The function ended before it answered:\n${log.join('')}`);
    for (const { reject } of waiting.values()) reject(ended);
  });
  return {
    invoke(event, remainingMs) {
      const number = (asked += 1);
      const answer = Promise.withResolvers<unknown>();
      waiting.set(number, answer);
      child.send({ number, event, remainingMs } satisfies Question);
      return answer.promise;
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
