import { describe, expect, test } from 'vitest';
import { ago, readAll, type SourceSubject, writeAll } from '../harness.ts';
import { idsOf } from '../../support/ids.ts';

const SECONDS = Array.from({ length: 40 }, (_, index) => Math.floor(index / 2));

/** Where reading goes on. */
export function describeCursors({ name, badCursors, open }: SourceSubject): void {
  describe(`${name}: a cursor`, () => {
    test('of a page leads back to each of its items, for the run that tries it again', async () => {
      await using harness = await open();
      writeAll(harness, SECONDS);
      const pages = await readAll(harness, [ago(harness, 30, 0)]);
      // Rows that came since are above.
      writeAll(harness, [0, 0, 0]);
      for (const { items, cursor } of pages)
        for (const { id, second } of items) {
          const after = second ?? 0;
          const leftOver = { after, before: after + 1, tries: 1, ...(cursor !== undefined && { cursor }) };
          expect(idsOf(await readAll(harness, [leftOver]))).toContain(id);
        }
    });

    test.each(Object.entries(badCursors))(
      'is given up when it is bad (%s), and everything is read',
      async (_, cursor) => {
        await using harness = await open();
        const rows = writeAll(harness, SECONDS);
        const pages = await readAll(harness, [ago(harness, 30, -1, { cursor })]);
        expect(idsOf(pages).toSorted()).toEqual([...rows.keys()].toSorted());
        expect(pages.flatMap(({ left }) => left).filter((window) => window.cursor === cursor)).toEqual([]);
      },
    );

    test.each(Object.entries(badCursors))(
      'is given up when it is bad (%s), beside work that has none',
      async (_, cursor) => {
        await using harness = await open();
        const rows = writeAll(harness, SECONDS);
        const todo = [
          ago(harness, 10, -1),
          ago(harness, 30, 10, { cursor }),
          ago(harness, 15, 14, { tries: 1, cursor }),
        ];
        const pages = await readAll(harness, todo);
        expect(new Set(idsOf(pages))).toEqual(new Set(rows.keys()));
        expect(pages.at(-1)?.left).toEqual([]);
      },
    );
  });
}
