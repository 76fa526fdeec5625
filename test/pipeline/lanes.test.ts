import { describe, expect, test, vi } from 'vitest';
import { createLanes, FIRST_LANES, type LaneEnd } from '../../lambda/pipeline/lanes.ts';

/** Lanes, and the puts that are in them now. */
function lanes(most: number) {
  const onClosed = vi.fn();
  const made = createLanes(most, onClosed);
  const inside: ((how: LaneEnd) => void)[] = [];
  return {
    ...made,
    onClosed,
    inside,
    /** Lets as many puts in as can be; gives their number. */
    async fill(): Promise<number> {
      for (let count = 0; count <= most; count += 1) void made.enter().then((leave) => inside.push(leave));
      await new Promise(setImmediate);
      return inside.length;
    },
    /** Ends the oldest put; one that waits takes its place. */
    async end(how: LaneEnd): Promise<void> {
      inside.shift()?.(how);
      await new Promise(setImmediate);
    },
  };
}

/** Puts one after the other, that all end so; lanes that are open after each. */
async function openAfter(most: number, ...ends: readonly LaneEnd[]): Promise<number[]> {
  const all = lanes(most);
  const counts: number[] = [];
  for (const how of ends) {
    (await all.enter())(how);
    counts.push(all.open());
  }
  return counts;
}

describe('lanes', () => {
  test('are five at first, or fewer where fewer are allowed', async () => {
    expect(FIRST_LANES).toBe(5);
    expect([lanes(20).open(), lanes(5).open(), lanes(1).open()]).toEqual([5, 5, 1]);
    expect(await lanes(20).fill()).toBe(5);
    expect(await lanes(2).fill()).toBe(2);
  });

  test('take as many puts at once as are open, and the next one when one leaves', async () => {
    const three = lanes(3);
    expect(await three.fill()).toBe(3);
    await three.end('failed');
    expect(three.inside).toHaveLength(3);
  });

  test('grow by one for each put that was taken, up to the most', async () => {
    expect(await openAfter(8, 'taken', 'taken', 'taken', 'taken', 'taken')).toEqual([6, 7, 8, 8, 8]);
    expect(await openAfter(1, 'taken', 'taken')).toEqual([1, 1]);
  });

  test('stay as many when a put failed', async () => {
    expect(await openAfter(8, 'taken', 'failed', 'failed', 'taken')).toEqual([6, 6, 6, 7]);
  });

  test('are halved when the sink asks for less, and do not grow again in this run', async () => {
    expect(await openAfter(20, 'taken', 'throttled', 'taken', 'throttled', 'throttled', 'taken')).toEqual([
      6, 3, 3, 2, 1, 1,
    ]);
  });

  test('close one by one when no answer comes, and the last one says so; one stays passable', async () => {
    const three = lanes(3);
    const after: unknown[] = [];
    for (let put = 0; put < 4; put += 1) {
      (await three.enter())('unanswered');
      after.push([three.open(), three.onClosed.mock.calls.length]);
    }
    expect(after.slice(0, 3)).toEqual([
      [2, 0],
      [1, 0],
      [1, 1],
    ]);
  });

  test('that closed are not opened by what is taken later', async () => {
    expect(await openAfter(6, 'taken', 'unanswered', 'unanswered', 'taken', 'taken', 'taken')).toEqual([
      6, 5, 4, 4, 4, 4,
    ]);
  });

  test('throttled down to one are closed by one put without answer', async () => {
    const twenty = lanes(20);
    for (const how of ['throttled', 'throttled', 'throttled', 'unanswered'] as const) {
      expect(twenty.onClosed).not.toHaveBeenCalled();
      (await twenty.enter())(how);
    }
    expect(twenty.onClosed).toHaveBeenCalledTimes(1);
  });

  test('bound what may end in doubt: until the last one has closed, no more puts went unanswered than may run at once', async () => {
    for (const most of [1, 2, 5, 20]) {
      const all = lanes(most);
      let unanswered = 0;
      for (let put = 0; put < most; put += 1) (await all.enter())('taken');
      while (all.onClosed.mock.calls.length === 0) {
        (await all.enter())('unanswered');
        unanswered += 1;
      }
      expect(unanswered).toBe(most);
    }
  });
});
