import { describe, expect, test } from 'vitest';
import { contains, type Window } from '../../../lambda/pipeline/window.ts';
import { ago, PAGE_SIZE, readAll, readInRuns, type SourceHarness, type SourceSubject, writeAll } from '../harness.ts';
import { idsOf } from '../../support/ids.ts';

const kindOf = ({ tries, again, resend }: Window): object => ({ tries, again, resend });

/** Every second of `left` lies in a window of `todo` that is the same kind of work. */
function expectPartOf(left: readonly Window[], todo: readonly Window[]): void {
  for (const window of left) {
    expect(window.after).toBeLessThan(window.before);
    const whole = todo.find(({ after, before, ...kind }) => {
      return after <= window.after && window.before <= before && sameKind(kind, window);
    });
    expect(whole).toBeDefined();
  }
}

const sameKind = (a: Partial<Window>, b: Window): boolean =>
  JSON.stringify(kindOf(a as Window)) === JSON.stringify(kindOf(b));

/** Reads `todo` at once, and after each of its pages what that page leaves: both come to the same. @returns the ids */
async function readRestOfEveryPage(
  harness: SourceHarness,
  todo: readonly Window[],
  rows: ReadonlyMap<string, number>,
): Promise<ReadonlySet<string>> {
  const pages = await readAll(harness, todo);
  const all = new Set(idsOf(pages));
  expect(pages.length).toBeGreaterThan(1);
  for (const [index, { left }] of pages.entries()) {
    expectPartOf(left, todo);
    const before = new Set(idsOf(pages.slice(0, index + 1)));
    const rest = left.length > 0 ? idsOf(await readAll(harness, left)) : [];
    expect(new Set([...before, ...rest])).toEqual(all);
    // A page may end within a second: that one is read again, and no other.
    const twice = new Set(rest.filter((id) => before.has(id)).map((id) => rows.get(id)));
    expect(twice.size).toBeLessThanOrEqual(1);
  }
  return all;
}

const SECONDS = Array.from({ length: 50 }, (_, index) => Math.floor(index / 2));

/** What is left after every page, and that it is enough. */
export function describeInterruptions({ name, readsEverything, open }: SourceSubject): void {
  const todos: [string, (harness: SourceHarness) => Window[]][] = [
    ['one window', (harness) => [ago(harness, 30, 0)]],
    ['a window with nothing at its ends', (harness) => [ago(harness, 5000, -1)]],
    ['windows apart', (harness) => [ago(harness, 6, 1), ago(harness, 18, 10, { again: true })]],
    [
      'unread and left over',
      (harness) => [ago(harness, 9, 3), ago(harness, 12, 11, { tries: 2 }), ago(harness, 15, 14, { tries: 1 })],
    ],
    ['a resend', (harness) => [ago(harness, 20, 5, { resend: true })]],
  ];

  describe(`${name}: a run interrupted`, () => {
    test.each(todos)(
      'after any page of %s: what is left is part of what was asked for, and exactly the rest',
      async (_, todoOf) => {
        await using harness = await open();
        const rows = writeAll(harness, SECONDS);
        const todo = todoOf(harness);
        const wanted = [...rows].filter(([, second]) => todo.some((window) => contains(window, second)));
        expect(await readRestOfEveryPage(harness, todo, rows)).toEqual(new Set(wanted.map(([id]) => id)));
      },
    );

    test('again, with a backfill beside what the first one left: that is read from its beginning', async () => {
      await using harness = await open();
      const rows = writeAll(harness, SECONDS);
      const [page] = await readAll(harness, [ago(harness, 25, 10)]);
      const read = new Set(idsOf(page ? [page] : []));
      const todo = [...(page?.left ?? []), ago(harness, 10, -1, { again: true })];
      const all = await readRestOfEveryPage(harness, todo, rows);
      expect(all.union(read)).toEqual(new Set(rows.keys()));
    });

    test.each([1, 2, 3])(
      'after every %i pages reads a log of any length, in a bounded number of runs',
      async (pagesPerRun) => {
        await using harness = await open();
        const rows = writeAll(harness, SECONDS);
        const pages = Math.ceil(SECONDS.length / PAGE_SIZE);
        const { items } = await readInRuns(harness, [{ after: 0, before: harness.now + 1 }], {
          pagesPerRun,
          // A second that a page cuts in two is read again, and a last page may be empty.
          mostRuns: Math.ceil((2 * pages + 2) / pagesPerRun),
        });
        expect(new Set(items.map(({ id }) => id))).toEqual(new Set(rows.keys()));
      },
    );

    test('reads on although much is written meanwhile', async () => {
      await using harness = await open();
      const rows = writeAll(harness, SECONDS);
      const { items } = await readInRuns(harness, [{ after: 0, before: harness.now + 1 }], {
        pagesPerRun: 2,
        mostRuns: 40,
        // More than one page, but less than a run reads: where new rows turn up anywhere, they are read as well.
        between: (run) => {
          if (run <= 5)
            writeAll(
              harness,
              Array.from({ length: PAGE_SIZE + 1 }, () => -2),
            );
        },
      });
      expect(new Set(items.map(({ id }) => id)).isSupersetOf(new Set(rows.keys()))).toBe(true);
    });

    if (readsEverything)
      test('goes on where it was, not at the beginning', async () => {
        await using harness = await open();
        writeAll(harness, SECONDS);
        const { items } = await readInRuns(harness, [{ after: 0, before: harness.now + 1 }], {
          pagesPerRun: 1,
          mostRuns: 20,
        });
        expect(items).toHaveLength(SECONDS.length);
      });
  });
}
