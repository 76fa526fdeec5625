import { describe, expect, test } from 'vitest';
import { createBatcher, PUT_LOG_EVENTS_LIMITS } from '../../../lambda/sinks/cloudwatch-logs/batch.ts';
import type { LogLine } from '../../../lambda/sinks/cloudwatch-logs/event.ts';
import { HOUR, NOON } from './harness.ts';

const line = (message: string, timestamp = NOON): LogLine => ({ message, timestamp });

/** Lengths of all batches of `lines`. */
function cut(lines: readonly LogLine[], limits = PUT_LOG_EVENTS_LIMITS): number[] {
  const batcher = createBatcher(limits);
  const full = lines.map((one) => batcher.add(one)?.length ?? 0).filter((length) => length > 0);
  return [...full, batcher.rest().length];
}

test('the limits are those of the service, with an hour in hand', () => {
  expect(PUT_LOG_EVENTS_LIMITS).toEqual({ maxEvents: 500, maxBytes: 1_048_576, maxSpanMs: 23 * HOUR });
});

describe('bytes', () => {
  // 10 lines with 26 bytes each on top fill a batch.
  const tenth = 104_857 - 26;

  test('count in UTF-8, and 26 for each line', () => {
    expect(cut(Array.from({ length: 20 }, () => line('x'.repeat(tenth))))).toEqual([10, 10]);
    expect(cut(Array.from({ length: 20 }, () => line('x'.repeat(tenth + 1))))).toEqual([9, 9, 2]);
    const chinese = '\u4e2d'.repeat(tenth / 3);
    expect(cut(Array.from({ length: 20 }, () => line(chinese)))).toEqual([10, 10]);
    expect(cut(Array.from({ length: 20 }, () => line(`${chinese}\u4e2d`)))).toEqual([9, 9, 2]);
  });

  test('of one line that no batch can hold are put alone', () => {
    const lines = [line('a'), line('x'.repeat(2_000_000)), line('b'), line('c')];
    expect(cut(lines)).toEqual([1, 1, 2]);
  });
});

describe('time', () => {
  test('from the first to the last line is at most the span', () => {
    expect(cut([line('a'), line('b', NOON + 23 * HOUR)])).toEqual([2]);
    expect(cut([line('a'), line('b', NOON + 23 * HOUR + 1)])).toEqual([1, 1]);
  });

  test('counts in both directions, and from the beginning of the batch', () => {
    const hours = [0, -12, 11, -13, 0, 10];
    expect(cut(hours.map((hour) => line('x', NOON + hour * HOUR)))).toEqual([3, 3]);
  });

  test('of ever older lines makes new batches', () => {
    const lines = Array.from({ length: 100 }, (_, index) => line('x', NOON - index * HOUR));
    expect(cut(lines)).toEqual([24, 24, 24, 24, 4]);
  });
});
