import { describe, expect, test, vi } from 'vitest';
import { createTurns } from '../../lambda/pipeline/turns.ts';

/** Turns by a clock that only work moves. */
function turns() {
  let now = 1000;
  const onTurn = vi.fn();
  const made = createTurns(onTurn, () => now);
  return { take: () => made.take(), onTurn, work: (ms: number) => (now += ms) };
}

describe('turns', () => {
  test('are not taken while little time was used', () => {
    const { take, work, onTurn } = turns();
    expect(take()).toBeUndefined();
    work(19);
    expect(take()).toBeUndefined();
    expect(onTurn).not.toHaveBeenCalled();
  });

  test('are taken when it is time, and then the clock is looked at', async () => {
    const { take, work, onTurn } = turns();
    work(20);
    await take();
    expect(onTurn).toHaveBeenCalledTimes(1);
    work(19);
    expect(take()).toBeUndefined();
    work(1);
    await take();
    expect(onTurn).toHaveBeenCalledTimes(2);
  });

  test('let what waits be done: answers, timers, signals', async () => {
    const { take, work } = turns();
    const done: string[] = [];
    setImmediate(() => done.push('other work'));
    work(20);
    await take();
    expect(done).toEqual(['other work']);
  });

  test('come at least every 50 ms, if no piece of work is longer than 30', async () => {
    const { take, work } = turns();
    let sinceTurn = 0;
    for (const piece of [5, 10, 4, 30, 1, 19, 30, 2, 2, 2, 25, 30]) {
      sinceTurn += piece;
      work(piece);
      expect(sinceTurn).toBeLessThanOrEqual(50);
      const turn = take();
      if (turn) sinceTurn = 0;
      await turn;
    }
  });
});
