import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clockWentBack,
  contains,
  merge,
  nextWindow,
  oldestUnsettled,
  type Settled,
  subtract,
  watermark,
  type Window,
} from '../../lambda/pipeline/window.ts';

const window: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 10 }), fc.boolean())
  .map(([after, length, resend]) => ({ after, before: after + length, ...(resend && { resend }) }));
const windows = fc.array(window, { maxLength: 8 });

/** The seconds that lie in some window, one list for those that resend and one for the others. */
function seconds(list: readonly Window[]): { readonly once: readonly number[]; readonly again: readonly number[] } {
  const all = Array.from({ length: 60 }, (_, second) => second);
  const inSome = (resend: boolean) =>
    all.filter((second) => list.some((one) => (one.resend === true) === resend && contains(one, second)));
  return { once: inSome(false), again: inSome(true) };
}

test.each([
  [9, false],
  [10, true],
  [19, true],
  [20, false],
])('[10, 20) and the second %i: %s', (second, expected) => {
  expect(contains({ after: 10, before: 20 }, second)).toBe(expected);
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
      'windows of which one resends',
      [
        { after: 2, before: 9, resend: true },
        { after: 0, before: 5 },
      ],
      [
        { after: 0, before: 5 },
        { after: 2, before: 9, resend: true },
      ],
    ],
  ])('of %s', (_, given, expected) => {
    expect(merge(given)).toEqual(expected);
  });

  test('loses no second and adds none, in as few windows as can be, lowest first', () => {
    fc.assert(
      fc.property(windows, (list) => {
        const merged = merge(list);
        expect(seconds(merged)).toEqual(seconds(list));
        expect(merged.map(({ after }) => after)).toEqual(merged.map(({ after }) => after).toSorted((a, b) => a - b));
        for (const kind of [undefined, true]) {
          const ofKind = merged.filter(({ resend }) => resend === kind);
          ofKind.slice(1).forEach((one, index) => {
            expect(one.after).toBeGreaterThan(ofKind[index]?.before ?? 0);
          });
        }
      }),
    );
  });

  test('leaves what it is given as it was', () => {
    fc.assert(
      fc.property(windows, (list) => {
        const before = structuredClone(list);
        merge(list);
        expect(list).toEqual(before);
      }),
    );
  });
});

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
    [[{ after: 0, before: 9, resend: true }], [{ after: 0, before: 9 }], [{ after: 0, before: 9, resend: true }]],
    [[{ after: 0, before: 9 }], [], [{ after: 0, before: 9 }]],
  ])('%j less %j is %j', (given, covered, expected) => {
    expect(subtract(given, covered)).toEqual(expected);
  });

  test('keeps exactly the seconds that are not covered', () => {
    fc.assert(
      fc.property(windows, windows, (list, covered) => {
        const left = subtract(list, covered);
        const [all, gone] = [seconds(list), seconds(covered)];
        expect(seconds(left)).toEqual({
          once: all.once.filter((second) => !gone.once.includes(second)),
          again: all.again.filter((second) => !gone.again.includes(second)),
        });
        for (const { after, before } of left) expect(after).toBeLessThan(before);
      }),
    );
  });
});

describe('nextWindow', () => {
  test.each<[string, number | null, number, number, Window]>([
    ['the first', null, 1000, 100, { after: 0, before: 1001 }],
    ['the next', 1001, 2000, 100, { after: 901, before: 2001 }],
    ['without overlap', 1001, 2000, 0, { after: 1001, before: 2001 }],
    ['within the same second', 1001, 1000, 0, { after: 1000, before: 1001 }],
    ['with more overlap than time', 50, 60, 100, { after: 0, before: 61 }],
    ['when the clock went back a little', 1061, 1000, 100, { after: 961, before: 1001 }],
    ['when the clock went back by more than clocks differ', 1062, 1000, 100, { after: 901, before: 1001 }],
    ['when the clock went back by more than the overlap', 1102, 1000, 100, { after: 0, before: 1001 }],
  ])('%s: planned %j, now %i, overlap %i', (_, planned, kongNow, overlap, expected) => {
    expect(nextWindow({ planned }, { kongNow, ownNow: 0 }, overlap)).toEqual(expected);
  });

  test('says when the clock went back by more than the overlap', () => {
    const clocks = { kongNow: 1000, ownNow: 0 };
    expect(clockWentBack({ planned: 1101 }, clocks, 100)).toBe(false);
    expect(clockWentBack({ planned: 1102 }, clocks, 100)).toBe(true);
  });

  test('says so too when time went on meanwhile: only how much passed is asked of the other clock, never its time of day', () => {
    const last = { planned: 5001, plannedAt: 70_000 };
    const anHourLater = (kongNow: number) => clockWentBack(last, { kongNow, ownNow: 73_600 }, 100);
    expect(anHourLater(8600)).toBe(false);
    expect(anHourLater(8500)).toBe(false);
    expect(anHourLater(8499)).toBe(true);
    expect(anHourLater(99_999)).toBe(false);
    expect(nextWindow(last, { kongNow: 8499, ownNow: 73_600 }, 100)).toEqual({ after: 0, before: 8500 });
  });

  test('takes a minute for what clocks ordinarily differ by, however small the overlap', () => {
    const last = { planned: 1001, plannedAt: 50 };
    expect(clockWentBack(last, { kongNow: 1000, ownNow: 50 + 60 }, 0)).toBe(false);
    expect(nextWindow(last, { kongNow: 1000, ownNow: 50 + 60 }, 0)).toEqual({ after: 1000, before: 1001 });
    expect(clockWentBack(last, { kongNow: 1000, ownNow: 50 + 61 }, 0)).toBe(true);
  });

  const steps = fc.array(fc.integer({ min: -200, max: 200 }), { minLength: 1, maxLength: 12 });

  test('is never empty and ends behind the second that is now', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(5000)), fc.nat(5000), fc.nat(300), (planned, now, overlap) => {
        const { after, before } = nextWindow({ planned }, { kongNow: now, ownNow: 0 }, overlap);
        expect(after).toBeLessThan(before);
        expect(after).toBeGreaterThanOrEqual(0);
        expect(before).toBe(now + 1);
      }),
    );
  });

  test('one after the other leave no second out, whatever the clock does', () => {
    fc.assert(
      fc.property(steps, fc.nat(100), (changes, overlap) => {
        let now = 1000;
        let planned: number | null = null;
        const planWindows: Window[] = [];
        for (const change of changes) {
          now = Math.max(0, now + change);
          const next = nextWindow({ planned }, { kongNow: now, ownNow: 0 }, overlap);
          planWindows.push(next);
          planned = next.before;
        }
        expect(merge(planWindows)).toEqual([
          { after: 0, before: Math.max(...planWindows.map(({ before }) => before)) },
        ]);
      }),
    );
  });

  test('reads an entry that Kong wrote late by no more than the overlap', () => {
    const late = fc.record({ written: fc.nat(2000), lateness: fc.nat(100), slack: fc.nat(50) });
    fc.assert(
      fc.property(
        late,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 20, maxLength: 20 }),
        (entry, pauses) => {
          const overlap = entry.lateness + entry.slack;
          const visibleFrom = entry.written + entry.lateness;
          let now = 0;
          let planned: number | null = null;
          let read = false;
          for (const pause of [...pauses, 2200]) {
            now += pause;
            const next = nextWindow({ planned }, { kongNow: now, ownNow: 0 }, overlap);
            planned = next.before;
            read ||= now >= visibleFrom && contains(next, entry.written);
          }
          expect(read).toBe(true);
        },
      ),
    );
  });
});

describe('watermark', () => {
  test.each<[number | null, Window[], number | null]>([
    [null, [], null],
    [1001, [], 1001],
    [1001, [{ after: 900, before: 1001 }], 900],
    [
      1001,
      [
        { after: 900, before: 1001 },
        { after: 10, before: 20 },
      ],
      10,
    ],
    [null, [{ after: 10, before: 20 }], 10],
  ])('of planned %j with %j pending is %j', (planned, pending, expected) => {
    expect(watermark(planned, pending)).toBe(expected);
  });
});

describe('the oldest unsettled second', () => {
  test.each<[string, Settled, number | null]>([
    ['is not known before the first plan', { planned: null, pending: [{ after: 10, before: 20 }] }, null],
    ['is the end of the plan when nothing is pending', { planned: 1001, pending: [], settled: 1001 }, 1001],
    ['of a first run is the beginning', { planned: 1001, pending: [{ after: 0, before: 600 }] }, 0],
    ['is not in the overlap', { planned: 2001, pending: [{ after: 900, before: 2001 }], settled: 1001 }, 1001],
    [
      'is in what an earlier run left',
      { planned: 2001, pending: [{ after: 1200, before: 1500 }], settled: 1001 },
      1200,
    ],
    ['is not in a sweep', { planned: 2001, pending: [{ after: 0, before: 1900 }], settled: 2001 }, 2001],
  ])('%s', (_, checkpoint, expected) => {
    expect(oldestUnsettled(checkpoint)).toBe(expected);
  });
});
