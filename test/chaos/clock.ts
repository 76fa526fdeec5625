import { setImmediate } from 'node:timers';

/** Virtual time. Nothing happens but what is scheduled, in the order of its time; ties in the order of scheduling. */
export interface Clock {
  /** Epoch seconds, with a fraction. */
  readonly now: () => number;
  /** Calls `action` at `time`, or next if that is past; what is returned takes that back. */
  at(time: number, action: () => void): () => void;
  sleep(seconds: number): Promise<void>;
  /** The processor is busy: time passes, and nothing else happens meanwhile. */
  spend(seconds: number): void;
  /**
   * Lets time pass until `done` holds or nothing more is to come; whatever an action sets off runs before the next one.
   *
   * @throws {EndlessHistoryError} after more actions than any history takes that ends
   */
  run(done: () => boolean): Promise<void>;
  /** Actions so far. */
  readonly actions: () => number;
}

/** Counted, not timed: how fast the machine is must not matter. */
const MOST_ACTIONS = 300_000;

export class EndlessHistoryError extends Error {
  override readonly name = 'EndlessHistoryError';
}

interface Timer {
  readonly time: number;
  readonly order: number;
  action: (() => void) | null;
}

const isBefore = (a: Timer, b: Timer): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** One turn of the event loop runs every promise callback and every tick that an action has set off. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export function startClock(start: number): Clock {
  const heap: Timer[] = [];
  let now = start;
  let order = 0;
  let actions = 0;

  function push(timer: Timer): void {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(timer, heap[above] as Timer)) break;
      heap[at] = heap[above] as Timer;
      at = above;
    }
    heap[at] = timer;
  }

  function pop(): Timer | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const below = right < heap.length && isBefore(heap[right] as Timer, heap[left] as Timer) ? right : left;
      if (!isBefore(heap[below] as Timer, last)) break;
      heap[at] = heap[below] as Timer;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  const at = (time: number, action: () => void): (() => void) => {
    const timer: Timer = { time, order: (order += 1), action };
    push(timer);
    return () => {
      timer.action = null;
    };
  };
  return {
    now: () => now,
    at,
    sleep: (seconds) =>
      new Promise((resolve) => {
        at(now + seconds, resolve);
      }),
    spend: (seconds) => {
      now += seconds;
    },
    actions: () => actions,
    async run(done) {
      await turn();
      while (!done()) {
        const next = pop();
        if (next === undefined) return;
        if (next.action === null) continue;
        now = Math.max(now, next.time);
        actions += 1;
        if (actions > MOST_ACTIONS)
          throw new EndlessHistoryError(`The history does not end after ${MOST_ACTIONS} actions`);
        next.action();
        await turn();
      }
    },
  };
}
