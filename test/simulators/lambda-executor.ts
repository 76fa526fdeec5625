import { randomUUID } from 'node:crypto';
import { runHandler, type LambdaFunction, type LambdaOutcome } from './lambda-function.ts';
import type { FunctionLog } from './lambda-log.ts';

/** One call of Invoke that was taken, except dry runs. */
export interface Invocation {
  readonly requestId: string;
  readonly type: 'RequestResponse' | 'Event';
  readonly event: unknown;
  /** Outcomes of the runs so far: none while it waits or runs for the first time. */
  readonly outcomes: readonly LambdaOutcome[];
}

/** How often the function may run; may be changed at any time. */
export interface ExecutorSettings {
  /** At once. Beyond it a synchronous call is refused, an asynchronous one waits. Default `Infinity`. */
  reservedConcurrency: number;
  /** Of asynchronous invocations that failed, 0 to 2; without Lambda's minutes in between. Default 0, as it is deployed. */
  retryAttempts: number;
}

/** Runs a function as Lambda does: at once and with its outcome, or in the background, one after another. */
export interface Executor {
  /** In the order of the calls. */
  readonly invocations: readonly Invocation[];
  /** Runs the function now; undefined where it runs as often as it may. */
  call(event: unknown): { readonly requestId: string; readonly outcome: Promise<LambdaOutcome> } | undefined;
  /** Has the function run as soon as it may, after the present task. Returns the request's id. */
  enqueue(event: unknown): string;
  /** Resolves when nothing waits or runs any more; what may never run does not count. */
  readonly idle: () => Promise<void>;
}

export function executor(lambda: LambdaFunction, log: FunctionLog, settings: ExecutorSettings): Executor {
  const invocations: Invocation[] = [];
  const waiting: (() => Promise<LambdaOutcome>)[] = [];
  const running = new Set<Promise<LambdaOutcome>>();
  const isFull = (): boolean => running.size >= settings.reservedConcurrency;

  function begin(event: unknown, type: Invocation['type']) {
    const outcomes: LambdaOutcome[] = [];
    const requestId = randomUUID();
    invocations.push({ requestId, type, event, outcomes });
    const run = async (): Promise<LambdaOutcome> => {
      for (;;) {
        const outcome = await runHandler(lambda, event, requestId, log);
        outcomes.push(outcome);
        const isLast = type === 'RequestResponse' || outcomes.length > settings.retryAttempts;
        if (outcome.functionError === undefined || isLast) return outcome;
      }
    };
    return { requestId, run };
  }

  function track(run: () => Promise<LambdaOutcome>): Promise<LambdaOutcome> {
    const outcome = run();
    running.add(outcome);
    void outcome.finally(() => {
      running.delete(outcome);
      runWaiting();
    });
    return outcome;
  }

  function runWaiting(): void {
    while (waiting.length > 0 && !isFull()) {
      const run = waiting.shift();
      if (run !== undefined) void track(run);
    }
  }

  return {
    invocations,
    call: (event) => {
      if (isFull()) return undefined;
      const { requestId, run } = begin(event, 'RequestResponse');
      return { requestId, outcome: track(run) };
    },
    enqueue: (event) => {
      const { requestId, run } = begin(event, 'Event');
      waiting.push(run);
      setImmediate(runWaiting);
      return requestId;
    },
    idle: async () => {
      while (running.size > 0 || (waiting.length > 0 && !isFull())) {
        await Promise.all(running);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
