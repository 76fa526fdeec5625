import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadlineReached, isInterruption, startDeadline } from '../../lambda/pipeline/deadline.ts';

describe('a deadline', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const stateAfter = (ms: number, remainingMs: number, reserveMs: number) => {
    using deadline = startDeadline(() => remainingMs, reserveMs);
    vi.advanceTimersByTime(ms);
    return { stopping: deadline.stopping.aborted, aborting: deadline.aborting.aborted };
  };

  test.each([
    [0, false, false],
    [44_999, false, false],
    [45_000, true, false],
    [52_499, true, false],
    [52_500, true, true],
  ])('of 60 s with 15 s in reserve after %i ms: nothing new %s, ends puts %s', (ms, stopping, aborting) => {
    expect(stateAfter(ms, 60_000, 15_000)).toEqual({ stopping, aborting });
  });

  test('shorter than its reserve stops at once, and leaves puts the time that half of the reserve does not take', () => {
    expect(stateAfter(1, 10_000, 15_000)).toEqual({ stopping: true, aborting: false });
    expect(stateAfter(2_500, 10_000, 15_000)).toEqual({ stopping: true, aborting: true });
    expect(stateAfter(2, -5, 15_000)).toEqual({ stopping: true, aborting: true });
  });

  test('beyond what a timer can wait does not stop at once', () => {
    expect(stateAfter(1000, Number.MAX_SAFE_INTEGER, 15_000)).toEqual({ stopping: false, aborting: false });
  });

  test('gives a reason that can be told from other aborts', () => {
    using deadline = startDeadline(() => 1, 0);
    vi.advanceTimersByTime(10);
    for (const { reason } of [deadline.stopping, deadline.aborting])
      expect(reason).toMatchObject({ name: 'DeadlineReached' });
  });

  test('that comes late stops what waits, and a turn later breaks off what is under way', () => {
    let left = 60_000;
    using deadline = startDeadline(() => left, 15_000);
    const seen: boolean[] = [];
    deadline.stopping.addEventListener('abort', () => setTimeout(() => seen.push(deadline.aborting.aborted)));
    left = 0;
    vi.advanceTimersByTime(1000);
    expect([seen, deadline.aborting.aborted]).toEqual([[false], true]);
  });

  test('comes when the given countdown says so, though less time has passed', () => {
    let remaining = 600_000;
    using deadline = startDeadline(() => remaining, 15_000);
    vi.advanceTimersByTime(10_000);
    remaining = 10_000;
    vi.advanceTimersByTime(500);
    expect([deadline.stopping.aborted, deadline.aborting.aborted]).toEqual([true, false]);
    remaining = 5000;
    vi.advanceTimersByTime(500);
    expect(deadline.aborting.aborted).toBe(true);
  });

  test('asked to check, believes the given countdown before its own timer', () => {
    let remaining = 60_000;
    using deadline = startDeadline(() => remaining, 15_000);
    deadline.check();
    expect(deadline.stopping.aborted).toBe(false);
    remaining = 15_000;
    deadline.check();
    expect([deadline.stopping.aborted, deadline.aborting.aborted]).toEqual([true, false]);
  });

  test('that is brought about by a failure stops what is new, with that reason, and lets puts end', () => {
    using deadline = startDeadline(() => 60_000, 15_000);
    const failure = new Error('Redis is gone');
    deadline.halt(failure);
    expect([deadline.stopping.aborted, deadline.aborting.aborted]).toEqual([true, false]);
    expect(deadline.stopping.reason).toBe(failure);
    vi.advanceTimersByTime(60_000);
    expect(deadline.stopping.reason).toBe(failure);
    expect(deadline.aborting.aborted).toBe(true);
  });

  test('never comes once it is disposed of', () => {
    const deadline = startDeadline(() => 1000, 100);
    deadline[Symbol.dispose]();
    vi.advanceTimersByTime(10_000);
    expect([deadline.stopping.aborted, deadline.aborting.aborted]).toEqual([false, false]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a deadline does not keep the process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  using deadline = startDeadline(() => 60_000, 0);
  expect(deadline.stopping.aborted).toBe(false);
  expect(timers()).toBe(before);
});

test.each([
  [new DeadlineReached('over'), true],
  [new DOMException('aborted', 'AbortError'), true],
  [new Error('AbortError'), false],
  [new TypeError('x'), false],
  ['DeadlineReached', false],
  [undefined, false],
])('%s is an interruption: %s', (error, expected) => {
  expect(isInterruption(error)).toBe(expected);
});
