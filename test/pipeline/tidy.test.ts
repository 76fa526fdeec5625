import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tidy } from '../../lambda/pipeline/tidy.ts';
import { contains, isDue, isLeftOver, type Window } from '../../lambda/pipeline/window.ts';
import { anyWindows, secondsOf } from './windows.ts';

const isUnread = (window: Window) => isDue(window) && !isLeftOver(window);
const isAgain = ({ again, resend }: Window) => again === true && !resend;
const isResend = ({ resend }: Window) => resend === true;

describe('tidy', () => {
  test.each<[string, Window[], Window[]]>([
    [
      'does not read again what is unread besides',
      [
        { after: 0, before: 100, again: true },
        { after: 40, before: 60 },
      ],
      [
        { after: 0, before: 40, again: true },
        { after: 40, before: 60 },
        { after: 60, before: 100, again: true },
      ],
    ],
    [
      'reads again what is unread from a cursor on: what came late may lie before it',
      [
        { after: 0, before: 100, again: true },
        { after: 40, before: 60, cursor: 'a' },
      ],
      [
        { after: 0, before: 100, again: true },
        { after: 40, before: 60, cursor: 'a' },
      ],
    ],
    [
      'keeps the seconds that are left over apart from what is unread, above and below',
      [
        { after: 0, before: 50 },
        { after: 70, before: 71, tries: 1 },
        { after: 90, before: 100 },
      ],
      [
        { after: 0, before: 50 },
        { after: 70, before: 71, tries: 1 },
        { after: 90, before: 100 },
      ],
    ],
    [
      'keeps of two left-overs of one second the one with more tries',
      [
        { after: 70, before: 71, tries: 1, cursor: 'a' },
        { after: 70, before: 71, tries: 4, cursor: 'a' },
      ],
      [{ after: 70, before: 71, tries: 4, cursor: 'a' }],
    ],
    [
      'reads a second from its beginning that is left over on two pages: either may be the first',
      [
        { after: 70, before: 71, tries: 1, cursor: 'a' },
        { after: 70, before: 71, tries: 4, cursor: 'b' },
      ],
      [{ after: 70, before: 71, tries: 4 }],
    ],
    [
      'reads one from its beginning that is left over on the first page, too, which has no cursor',
      [
        { after: 70, before: 71, tries: 2, cursor: 'a' },
        { after: 70, before: 71, tries: 2 },
      ],
      [{ after: 70, before: 71, tries: 2 }],
    ],
    [
      'keeps a reading under way whole: it is what it will have covered',
      [
        { after: 0, before: 100, again: true, cursor: 'a' },
        { after: 40, before: 60 },
      ],
      [
        { after: 0, before: 100, again: true, cursor: 'a' },
        { after: 40, before: 60 },
      ],
    ],
    [
      'keeps a resend whole, and no longer than it was',
      [
        { after: 0, before: 100, resend: true },
        { after: 40, before: 60 },
        { after: 100, before: 101, tries: 1 },
      ],
      [
        { after: 0, before: 100, resend: true },
        { after: 40, before: 60 },
        { after: 100, before: 101, tries: 1 },
      ],
    ],
  ])('%s', (_, given, expected) => {
    expect(tidy(given)).toEqual(expected);
  });

  test('never loses a second of what is unread, and takes none for unread that is not', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        expect(secondsOf(tidy(list).filter(isUnread))).toEqual(secondsOf(list.filter(isUnread)));
      }),
    );
  });

  test('never loses a second that is left over, nor how often it was tried, and names each once', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const leftOvers = list.filter(isLeftOver);
        const kept = tidy(list).filter(isLeftOver);
        expect(secondsOf(kept)).toEqual(secondsOf(leftOvers));
        for (const second of secondsOf(leftOvers)) {
          const at = (windows: readonly Window[]) =>
            windows.filter((window) => contains(window, second)).map(({ tries }) => tries ?? 0);
          expect(at(kept)).toEqual([Math.max(...at(leftOvers))]);
        }
      }),
    );
  });

  test('never loses a second that is to be read again, unless it is unread, and none to be sent again', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const kept = tidy(list);
        const either = (window: Window) => isUnread(window) || isAgain(window);
        expect(secondsOf(kept.filter(either))).toEqual(secondsOf(list.filter(either)));
        const fromTheTop = (window: Window) => isAgain(window) || (isUnread(window) && window.cursor === undefined);
        expect(secondsOf(kept.filter(fromTheTop))).toEqual(secondsOf(list.filter(fromTheTop)));
        expect(secondsOf(kept.filter(isResend))).toEqual(secondsOf(list.filter(isResend)));
        const underWay = ({ again, cursor }: Window) => again === true && cursor !== undefined;
        expect(secondsOf(kept.filter(underWay))).toEqual(secondsOf(list.filter(underWay)));
      }),
    );
  });

  test('is done when it is done: twice changes nothing', () => {
    fc.assert(
      fc.property(anyWindows, (list) => {
        const before = structuredClone(list);
        expect(tidy(tidy(list))).toEqual(tidy(list));
        expect(list).toEqual(before);
      }),
    );
  });
});

describe('more left-overs than a checkpoint should hold', () => {
  const leftOver = (after: number, tries = 1): Window => ({ after, before: after + 1, tries, cursor: 'a' });

  test('are joined with their nearest neighbours, and none is lost', () => {
    const scattered = fc.uniqueArray(fc.nat(1_000_000), { minLength: 1001, maxLength: 1500 });
    fc.assert(
      fc.property(scattered, (seconds) => {
        const kept = tidy(seconds.map((second) => leftOver(second, (second % 4) + 1)));
        expect(kept.length).toBeLessThanOrEqual(1000);
        const sorted = kept.values().toArray();
        for (const second of seconds) expect(sorted.some((window) => contains(window, second))).toBe(true);
        for (const window of kept) expect(window.tries).toBeGreaterThan(0);
      }),
      { numRuns: 3 },
    );
  });

  test('are joined no more than they must be, also when they come at regular intervals', () => {
    const hourly = Array.from({ length: 1010 }, (_, hour) => leftOver(hour * 3600));
    const kept = tidy(hourly);
    expect(kept).toHaveLength(1000);
    const covered = kept.reduce((sum, { after, before }) => sum + before - after, 0);
    expect(covered).toBeLessThanOrEqual(1010 + 10 * 3600);
  });

  test('count as tried only as often as the least tried of those joined, so that none goes to quarantine early', () => {
    const far = Array.from({ length: 999 }, (_, index) => leftOver(1000 + index * 1000, 2));
    const kept = tidy([leftOver(0, 4), leftOver(5, 1), ...far]);
    expect(kept[0]).toEqual({ after: 0, before: 6, tries: 1 });
    expect(kept).toHaveLength(1000);
  });
});
