import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Random } from '../simulators/random.ts';
import type { Clock } from './clock.ts';

/**
 * Lets everything in this thread go by `clock`: who asks for the time, waits, or sets a time limit; and by `random`, who throws dice.
 * So the code under test, the AWS SDK and the libraries for retries and limits run as they are, an hour takes no time, and everything
 * happens again as it did.
 *
 * @returns what gives the thread its own time back
 */
export function goBy(clock: Clock, random: Random): () => void {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    now: Date.now,
    random: Math.random,
    performanceNow: performance.now.bind(performance),
    timeout: AbortSignal.timeout.bind(AbortSignal),
    promises: { setTimeout: timers.setTimeout, setImmediate: timers.setImmediate },
  };
  const startedAt = clock.now();

  globalThis.setTimeout = ((action: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    new VirtualTimeout(clock, ms, () => {
      action(...args);
    })) as unknown as typeof setTimeout;
  globalThis.clearTimeout = (timeout: unknown) => {
    if (timeout instanceof VirtualTimeout) timeout.cancel();
    else real.clearTimeout(timeout as NodeJS.Timeout);
  };
  Math.random = random;
  Date.now = () => Math.floor(clock.now() * 1000);
  performance.now = () => (clock.now() - startedAt) * 1000;
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    clock.at(clock.now() + ms / 1000, () => {
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    });
    return controller.signal;
  };
  timers.setTimeout = (async (ms = 0, value?: unknown, { signal }: { signal?: AbortSignal } = {}) => {
    await sleepUnless(clock, ms / 1000, signal);
    return value;
  }) as typeof timers.setTimeout;
  timers.setImmediate = (async (value?: unknown) => {
    await clock.sleep(0);
    return value;
  }) as typeof timers.setImmediate;
  syncBuiltinESMExports();

  return () => {
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    Math.random = real.random;
    Date.now = real.now;
    performance.now = real.performanceNow;
    AbortSignal.timeout = real.timeout;
    Object.assign(timers, real.promises);
    syncBuiltinESMExports();
  };
}

/** What `setTimeout` returns. */
class VirtualTimeout {
  readonly cancel: () => void;

  constructor(clock: Clock, ms: number, action: () => void) {
    this.cancel = clock.at(clock.now() + ms / 1000, action);
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** @throws the signal's reason when it aborts first */
export async function sleepUnless(clock: Clock, seconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal?.reason as Error);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([clock.sleep(seconds), aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
