import type { Deadline } from '../../lambda/pipeline/deadline.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import { sleepUnless } from './virtual-time.ts';

/** One invocation as the outside world sees it: it passes time, is ended by Lambda when its time is up, and may die before. */
export interface Life {
  readonly name: string;
  /** The lock's holder. */
  readonly runId: string;
  readonly startedAt: number;
  /** When Lambda ends it. */
  readonly endsAt: number;
  readonly deadline: Deadline;
  /**
   * Time passes. Called before and after everything the run does to the world, so that it can die at any of these moments. After
   * death it never returns: nothing the run would do next takes effect.
   *
   * @throws the signal's reason when it aborts
   */
  pause(seconds: number, where: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when the run dies. */
  readonly death: Promise<'dead'>;
  readonly isDead: () => boolean;
  readonly isOver: () => boolean;
  /** The invocation returned. */
  end(): void;
}

export interface LifeOptions {
  readonly name: string;
  readonly runId: string;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly startDeadline: (remaining: () => number, reserveMs: number) => Deadline & Disposable;
  /** Until Lambda ends it. */
  readonly budgetSeconds: number;
  readonly reserveSeconds: number;
  /** Which pause, counted from 1, death comes at; null for none. */
  readonly dieAt: number | null;
  readonly onDeath: () => void;
}

const never = (): Promise<never> => new Promise(() => undefined);

export function beginLife(options: LifeOptions): Life {
  const { name, clock, faults, budgetSeconds, reserveSeconds } = options;
  const startedAt = clock.now();
  const endsAt = startedAt + budgetSeconds;
  const { promise: death, resolve: die } = Promise.withResolvers<'dead'>();
  const deadline = options.startDeadline(() => (endsAt - clock.now()) * 1000, reserveSeconds * 1000);
  let dead = false;
  let over = false;
  let pauses = 0;

  const kill = (): void => {
    if (dead || over) return;
    dead = true;
    deadline[Symbol.dispose]();
    options.onDeath();
    die('dead');
  };
  const outOfTime = clock.at(endsAt, () => {
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
    if (dead) await never();
    await sleepUnless(clock, seconds, signal);
    if (dead) await never();
  }

  return {
    name,
    runId: options.runId,
    startedAt,
    endsAt,
    deadline,
    pause,
    death,
    isDead: () => dead,
    isOver: () => over,
    end: () => {
      over = true;
      outOfTime();
      deadline[Symbol.dispose]();
    },
  };
}
