import { describe, expect, test } from 'vitest';
import { contains, type Window } from '../../../lambda/pipeline/window.ts';
import { ago, PAGE_SIZE, readAll, type SourceHarness, type SourceSubject, writeAll } from '../harness.ts';
import { idsOf } from '../../support/ids.ts';

/** Most seconds hold several rows, and pages end within them. */
const SECONDS = Array.from({ length: 60 }, (_, index) => Math.floor(index / 2.5) * (index % 4 === 0 ? 2 : 1));

/** What is read of a todo in one go. */
export function describePages({ name, isNewestFirst, open }: SourceSubject): void {
  const idsIn = (rows: ReadonlyMap<string, number>, todo: readonly Window[]): string[] =>
    [...rows].filter(([, second]) => todo.some((window) => contains(window, second))).map(([id]) => id);

  describe(`${name}: pages`, () => {
    test.each<[string, (harness: SourceHarness) => Window[]]>([
      ['one window', (harness) => [ago(harness, 20, 4)]],
      ['everything retained', ({ now }) => [{ after: 0, before: now + 1 }]],
      ['a single second', (harness) => [ago(harness, 8, 7)]],
      ['windows apart', (harness) => [ago(harness, 5, 2), ago(harness, 14, 9), ago(harness, 40, 30)]],
      ['windows that touch', (harness) => [ago(harness, 5, 2), ago(harness, 9, 5, { again: true })]],
      [
        'every kind of work',
        (harness) => [
          ago(harness, 3, 0),
          ago(harness, 6, 5, { tries: 1 }),
          ago(harness, 12, 11, { tries: 4 }),
          ago(harness, 20, 15, { again: true }),
          ago(harness, 30, 26, { resend: true }),
        ],
      ],
      ['what was left over, and nothing else', (harness) => [ago(harness, 6, 5, { tries: 1 })]],
    ])('give each item of %s once, none from outside, and leave nothing', async (_, todoOf) => {
      await using harness = await open();
      const rows = writeAll(harness, SECONDS);
      const todo = todoOf(harness);
      const pages = await readAll(harness, todo);
      expect(idsOf(pages).toSorted()).toEqual(idsIn(rows, todo).toSorted());
      expect(pages.at(-1)?.left).toEqual([]);
      for (const { items } of pages) expect(items.length).toBeLessThanOrEqual(PAGE_SIZE);
    });

    test('begin with the first second of a window and end before its last', async () => {
      await using harness = await open();
      const rows = [...writeAll(harness, [9, 10, 20, 21]).keys()];
      expect(idsOf(await readAll(harness, [ago(harness, 20, 9)])).toSorted()).toEqual(rows.slice(1, 3).toSorted());
    });

    test('of one second with more rows than a page give them all', async () => {
      await using harness = await open();
      const rows = writeAll(
        harness,
        Array.from({ length: 3 * PAGE_SIZE + 2 }, () => 5),
      );
      writeAll(harness, [4, 6]);
      expect(idsOf(await readAll(harness, [ago(harness, 5, 4)])).toSorted()).toEqual([...rows.keys()].toSorted());
    });

    test('of a window in which nothing happened are empty, and settle it', async () => {
      await using harness = await open();
      writeAll(harness, [1, 30]);
      const pages = await readAll(harness, [ago(harness, 20, 10)]);
      expect([idsOf(pages), pages.at(-1)?.left]).toEqual([[], []]);
    });

    if (isNewestFirst)
      test('come newest first within a window', async () => {
        await using harness = await open();
        writeAll(harness, SECONDS);
        const items = (await readAll(harness, [ago(harness, 60, 0)])).flatMap((page) => page.items);
        const seconds = items.map(({ second }) => second ?? 0);
        expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
      });

    test('name a row by the same id at every reading', async () => {
      await using harness = await open();
      writeAll(harness, SECONDS);
      const todo = [ago(harness, 60, 0)];
      expect(idsOf(await readAll(harness, todo)).toSorted()).toEqual(idsOf(await readAll(harness, todo)).toSorted());
    });
  });
}
