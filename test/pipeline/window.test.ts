import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byUrgency,
  contains,
  isDue,
  isLeftOver,
  merge,
  oldestUnsettled,
  subtract,
  watermark,
  type Window,
} from '../../lambda/pipeline/window.ts';
import { anyWindows, secondsOf } from './windows.ts';

test.each([
  [9, false],
  [10, true],
  [19, true],
  [20, false],
])('[10, 20) and the second %i: %s', (second, expected) => {
  expect(contains({ after: 10, before: 20 }, second)).toBe(expected);
});

test.each<[string, Partial<Window>, { isDue: boolean; isLeftOver: boolean }]>([
  ['unread', {}, { isDue: true, isLeftOver: false }],
  ['left over', { tries: 1 }, { isDue: true, isLeftOver: true }],
  ['read again', { again: true }, { isDue: false, isLeftOver: false }],
  ['a resend', { resend: true }, { isDue: false, isLeftOver: false }],
])('who waits for a window that is %s', (_, kind, expected) => {
  const window = { after: 0, before: 1, ...kind };
  expect({ isDue: isDue(window), isLeftOver: isLeftOver(window) }).toEqual(expected);
});

describe('merge', () => {
  test.each<[string, Window[], Window[]]>([
    ['nothing', [], []],
    [
      'overlapping windows',
      [
        { after: 5, before: 9 },
        { after: 0, before: 6 },
      ],
      [{ after: 0, before: 9 }],
    ],
    [
      'touching windows',
      [
        { after: 0, before: 5 },
        { after: 5, before: 9 },
      ],
      [{ after: 0, before: 9 }],
    ],
    [
      'a window in another',
      [
        { after: 0, before: 9 },
        { after: 2, before: 3 },
      ],
      [{ after: 0, before: 9 }],
    ],
    [
      'windows apart',
      [
        { after: 6, before: 9 },
        { after: 0, before: 5 },
      ],
      [
        { after: 0, before: 5 },
        { after: 6, before: 9 },
      ],
    ],
    [
      'windows of different kinds',
      [
        { after: 2, before: 9, resend: true },
        { after: 1, before: 9, again: true },
        { after: 3, before: 9, tries: 2 },
        { after: 4, before: 9, tries: 3 },
        { after: 0, before: 5 },
      ],
      [
        { after: 0, before: 5 },
        { after: 1, before: 9, again: true },
        { after: 2, before: 9, resend: true },
        { after: 3, before: 9, tries: 2 },
        { after: 4, before: 9, tries: 3 },
      ],
    ],
    [
      'windows with different cursors',
      [
        { after: 0, before: 5, cursor: 'a' },
        { after: 4, before: 9, cursor: 'b' },
        { after: 5, before: 7, cursor: 'a' },
      ],
      [
        { after: 0, before: 7, cursor: 'a' },
        { after: 4, before: 9, cursor: 'b' },
      ],
    ],
  ])('of %s', (_, given, expected) => {
    expect(merge(given)).toEqual(expected);
  });

  test('loses no second of any kind and adds none, in as few windows as can be, lowest first', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const merged = merge(list);
        expect(merged.map(({ after }) => after)).toEqual(merged.map(({ after }) => after).toSorted((a, b) => a - b));
        const kinds = Map.groupBy(list, kindOf);
        for (const [kind, windows] of kinds) {
          const ofKind = merged.filter((window) => kindOf(window) === kind);
          expect(secondsOf(ofKind)).toEqual(secondsOf(windows));
          ofKind.slice(1).forEach(({ after }, index) => {
            expect(after).toBeGreaterThan(ofKind[index]?.before ?? 0);
          });
        }
        expect(merged.every((window) => kinds.has(kindOf(window)))).toBe(true);
      }),
    );
  });

  test('leaves what it is given as it was', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const before = structuredClone(list);
        merge(list);
        expect(list).toEqual(before);
      }),
    );
  });
});

const kindOf = ({ tries, again, resend, cursor }: Window): string => JSON.stringify([tries, again, resend, cursor]);

describe('subtract', () => {
  test.each<[Window[], Window[], Window[]]>([
    [
      [{ after: 0, before: 9 }],
      [{ after: 3, before: 5 }],
      [
        { after: 0, before: 3 },
        { after: 5, before: 9 },
      ],
    ],
    [[{ after: 0, before: 9 }], [{ after: 0, before: 9 }], []],
    [[{ after: 0, before: 9 }], [{ after: 9, before: 12 }], [{ after: 0, before: 9 }]],
    [[{ after: 5, before: 9 }], [{ after: 0, before: 5 }], [{ after: 5, before: 9 }]],
    [[{ after: 0, before: 9, again: true }], [{ after: 4, before: 9 }], [{ after: 0, before: 4, again: true }]],
    [[{ after: 0, before: 9 }], [], [{ after: 0, before: 9 }]],
  ])('%j less %j is %j', (given, covered, expected) => {
    expect(subtract(given, covered)).toEqual(expected);
  });

  test('keeps exactly the seconds that are not covered, and of each window its kind', () => {
    fc.assert(
      fc.property(anyWindows, anyWindows, (list, covered) => {
        const gone = secondsOf(covered);
        const left = subtract(list, covered);
        expect(secondsOf(left)).toEqual(secondsOf(list).filter((second) => !gone.includes(second)));
        for (const window of left) {
          expect(window.after).toBeLessThan(window.before);
          const whole = list.find(({ after, before }) => after <= window.after && window.before <= before);
          expect(whole && kindOf(whole)).toBeDefined();
        }
      }),
    );
  });
});

describe('byUrgency', () => {
  const unread = (after: number, before: number): Window => ({ after, before });
  const leftOver = (after: number, before: number): Window => ({ after, before, tries: 1 });
  const again = (after: number, before: number): Window => ({ after, before, again: true });

  test('puts what is unread first, then what is left over, then what is only read again, then what is sent again; each newest first', () => {
    const resend: Window = { after: 70, before: 90, resend: true };
    const list = [again(0, 5), leftOver(6, 7), unread(8, 9), leftOver(20, 21), again(40, 50), unread(60, 61), resend];
    expect(byUrgency(list)).toEqual([
      unread(60, 61),
      unread(8, 9),
      leftOver(20, 21),
      leftOver(6, 7),
      again(40, 50),
      again(0, 5),
      resend,
    ]);
  });

  test('puts the overlap directly after the unread window above it: one request reads both', () => {
    const list = [again(40, 100), leftOver(50, 51), unread(100, 200)];
    expect(byUrgency(list)).toEqual([unread(100, 200), again(40, 100), leftOver(50, 51)]);
  });

  test('puts the overlap last where one took all the time of a run: the next may, too', () => {
    const list = [again(5, 8), again(10, 100), leftOver(50, 51), unread(100, 200)];
    expect(byUrgency(list, 40)).toEqual([
      unread(100, 200),
      leftOver(50, 51),
      again(10, 40),
      again(5, 8),
      again(40, 100),
    ]);
  });

  test('lets nothing that is only read again come before a backlog', () => {
    const list = [again(40, 100), unread(10, 20), unread(100, 200), leftOver(50, 51)];
    expect(byUrgency(list)).toEqual([unread(100, 200), unread(10, 20), leftOver(50, 51), again(40, 100)]);
  });

  test('leaves no window out and adds none', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const sorted = byUrgency(list);
        expect(sorted).toHaveLength(list.length);
        expect(new Set(sorted)).toEqual(new Set(list));
        const lastUnread = sorted.findLastIndex((window) => isDue(window) && !isLeftOver(window));
        const firstOther = sorted.findIndex((window) => !isDue(window) || isLeftOver(window));
        if (firstOther >= 0) expect(lastUnread).toBeLessThan(firstOther);
      }),
    );
  });
});

describe('the watermark', () => {
  test.each<[number | null, Window[], number | null]>([
    [null, [], null],
    [1001, [], 1001],
    [1001, [{ after: 900, before: 1001 }], 900],
    [
      1001,
      [
        { after: 900, before: 1001 },
        { after: 10, before: 20, again: true },
      ],
      10,
    ],
    [null, [{ after: 10, before: 20 }], 10],
  ])('of planned %j with %j pending is %j', (planned, pending, expected) => {
    expect(watermark(planned, pending)).toBe(expected);
  });
});

describe('the oldest unsettled second', () => {
  test.each<[string, number | null, Window[], number | null]>([
    ['is not known before the first plan', null, [{ after: 10, before: 20 }], null],
    ['is the end of the plan when nothing is pending', 1001, [], 1001],
    ['of a first run is the beginning', 1001, [{ after: 0, before: 600 }], 0],
    ['is not in the overlap, a sweep or a backfill', 2001, [{ after: 0, before: 1900, again: true }], 2001],
    ['is not in a resend', 2001, [{ after: 0, before: 1900, resend: true }], 2001],
    ['is in what an earlier run left unread', 2001, [{ after: 1200, before: 1500 }], 1200],
    [
      'is in what could not be delivered',
      2001,
      [
        { after: 1200, before: 1201, tries: 3 },
        { after: 1500, before: 2001 },
      ],
      1200,
    ],
  ])('%s', (_, planned, pending, expected) => {
    expect(oldestUnsettled(planned, pending)).toBe(expected);
  });
});
