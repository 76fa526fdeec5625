import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FunctionError, toError } from './errors.ts';
import type { OperatedFunction } from './operated-function.ts';

/** What the thread says of one invocation. */
export type LocalOutcome =
  | { readonly requestId: string; readonly answer: unknown }
  | { readonly requestId: string; readonly errorType: string; readonly errorMessage: string };

/** What the thread is told: to invoke the handler, or that the time of every invocation is up. */
export type LocalRequest = { readonly requestId: string; readonly payload: unknown } | 'end';

/** A run looks at its time after each page, and an answer of the source may take a while. */
const ENDS_WITHIN_MS = 20_000;

/**
 * The handler in this process, configured by this environment, in a thread of its own: its log goes to `log` instead of between the
 * lines of the result.
 */
export function localFunction(log: (text: string) => void): OperatedFunction {
  const waiting = new Map<string, PromiseWithResolvers<unknown>>();
  let thread: Worker | undefined;

  return {
    name: 'the handler in this process',
    async invoke(payload, { signal } = {}) {
      const { answer } = call(payload);
      if (signal === undefined) return await answer;
      const aborted = Promise.withResolvers<never>();
      const abort = () => {
        aborted.reject(toError(signal.reason));
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await Promise.race([answer, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    start(payload) {
      const { requestId, answer } = call(payload);
      let failure: Error | null = null;
      answer.catch((error: unknown) => (failure = toError(error)));
      return Promise.resolve({ requestId, failure: () => failure });
    },
    async end() {
      thread?.postMessage('end' satisfies LocalRequest);
      const answers = [...waiting.values()].map(({ promise }) => promise);
      await Promise.race([Promise.allSettled(answers), sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
    },
    close() {
      void thread?.terminate();
    },
  };

  function call(payload: object): { readonly requestId: string; readonly answer: Promise<unknown> } {
    thread ??= startThread();
    const requestId = randomUUID();
    const outcome = Promise.withResolvers<unknown>();
    waiting.set(requestId, outcome);
    thread.postMessage({ requestId, payload } satisfies LocalRequest);
    return { requestId, answer: outcome.promise };
  }

  function startThread(): Worker {
    const started = new Worker(new URL('local-thread.ts', import.meta.url), { stdout: true, stderr: true });
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log(text.trimEnd());
      });
    }
    started.on('message', (outcome: LocalOutcome) => {
      const asked = waiting.get(outcome.requestId);
      waiting.delete(outcome.requestId);
      if ('errorType' in outcome) asked?.reject(new FunctionError(outcome.errorType, outcome.errorMessage, outcome));
      else asked?.resolve(outcome.answer);
    });
    started.on('error', (error) => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    });
    return started;
  }
}
