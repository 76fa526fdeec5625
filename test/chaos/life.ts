import type { Deadline } from '../../lambda/pipeline/deadline.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';

/** One invocation as the outside world sees it: it passes time, may be stopped by its deadline, and may die. */
export interface Life {
  readonly name: string;
  /** The lock's holder. */
  readonly runId: string;
  readonly startedAt: number;
  readonly deadline: Deadline;
  /**
   * Time passes. Called before and after everything the run does to the world, so that it can stop or die at any of these
   * moments. After death it never returns: nothing the run would do next takes effect.
   *
   * @throws the signal's reason when it aborts
   */
  pause(seconds: number, where: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when the run dies. */
  readonly death: Promise<'dead'>;
  readonly isDead: () => boolean;
  /** The invocation returned; its deadline no longer matters. */
  end(): void;
}

export interface LifeOptions {
  readonly name: string;
  readonly runId: string;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Until the deadline's signals and the end, seconds from now. */
  readonly stoppingAfter: number;
  readonly abortingAfter: number;
  readonly endsAfter: number;
  /** Which pause, counted from 1, the deadline or death comes at; null for neither. */
  readonly stopAt: number | null;
  readonly dieAt: number | null;
  readonly reason: () => Error;
  readonly onDeath: () => void;
}

const never = (): Promise<never> => new Promise(() => undefined);

export function beginLife(options: LifeOptions): Life {
  const { name, clock, faults, reason } = options;
  const startedAt = clock.now();
  const stopping = new AbortController();
  const aborting = new AbortController();
  const { promise: death, resolve: die } = Promise.withResolvers<'dead'>();
  let dead = false;
  let over = false;
  let pauses = 0;

  const kill = (): void => {
    if (dead || over) return;
    dead = true;
    options.onDeath();
    die('dead');
  };
  const stop = (): void => {
    if (!over && !dead) stopping.abort(reason());
  };
  clock.at(startedAt + options.stoppingAfter, stop);
  clock.at(startedAt + options.abortingAfter, () => {
    if (!over && !dead) aborting.abort(reason());
  });
  clock.at(startedAt + options.endsAfter, () => {
    if (over || dead) return;
    faults.note('out of time', name);
    kill();
  });

  async function pause(seconds: number, where: string, signal?: AbortSignal): Promise<void> {
    pauses += 1;
    if (pauses === options.dieAt) {
      faults.note('death', `${name} at ${where}`);
      kill();
    }
    if (pauses === options.stopAt) {
      faults.note('deadline', `${name} at ${where}`);
      stop();
      clock.at(clock.now() + 5, () => {
        if (!over && !dead) aborting.abort(reason());
      });
    }
    if (dead) await never();
    if (signal === undefined) await clock.sleep(seconds);
    else await sleepUnless(signal, seconds);
    if (dead) await never();
  }

  async function sleepUnless(signal: AbortSignal, seconds: number): Promise<void> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([clock.sleep(seconds), aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    name,
    runId: options.runId,
    startedAt,
    deadline: { stopping: stopping.signal, aborting: aborting.signal, check: () => undefined },
    pause,
    death,
    isDead: () => dead,
    end: () => {
      over = true;
    },
  };
}
