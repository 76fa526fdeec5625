import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Summary } from '../../lambda/pipeline/report.ts';

export interface Question {
  readonly number: number;
  readonly event: unknown;
  readonly remainingMs: number;
}

export interface Answer {
  readonly number: number;
  readonly summary?: Summary;
  readonly error?: { readonly name: string; readonly message: string };
}

/** The deployed bundle in a process of its own. */
export interface FunctionProcess {
  /** What the handler returned or threw; `'dead'` when the process ended before. */
  invoke(event: unknown, remainingMs: number): Promise<Answer | 'dead'>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const CHILD = fileURLToPath(new URL('function-child.ts', import.meta.url));

/** Starts the process and returns when the bundle is loaded. @param bundle path of `index.mjs` */
export async function startFunction(
  bundle: string,
  env: Readonly<Record<string, string>>,
): Promise<FunctionProcess & { readonly isDead: () => boolean }> {
  const child = fork(CHILD, [bundle], {
    env: { PATH: process.env['PATH'], ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  let dead = false;
  const exited = once(child, 'exit').then(() => {
    dead = true;
    process.off('exit', onExit);
    return 'dead' as const;
  });
  if ((await Promise.race([once(child, 'message'), exited])) === 'dead') throw new Error(`${bundle} does not load`);
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.number)?.(answer));
  let asked = 0;
  return {
    invoke(event, remainingMs) {
      const number = (asked += 1);
      const { promise, resolve } = Promise.withResolvers<Answer>();
      waiting.set(number, resolve);
      if (!dead) child.send({ number, event, remainingMs } satisfies Question, () => undefined);
      return Promise.race([promise, exited]);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    isDead: () => dead,
  };
}
