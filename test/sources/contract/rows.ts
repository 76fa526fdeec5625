import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { ago, readAll, type SourceSubject, writeAll } from '../harness.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const anyRow = fc.oneof(
  fc.jsonValue(),
  fc.string(),
  fc.constant(undefined),
  fc.dictionary(fc.string(), fc.jsonValue()),
);

/** Rows that go to quarantine and come back. */
export function describeRows({ name, open }: SourceSubject): void {
  describe(`${name}: a row`, () => {
    test('that is kept makes, when it is replayed, the item it was', async () => {
      await using harness = await open();
      writeAll(harness, [1, 2, 3]);
      harness.writeInvalid(harness.now - 4);
      const source = harness.connect();
      const opened = await source.open();
      const items = (await readAll(harness, [ago(harness, 10, 0)])).flatMap((page) => page.items);
      expect(items).toHaveLength(4);
      for (const item of items) {
        const { row } = source.keep(item.row, redactor);
        expect(JSON.parse(JSON.stringify(row))).toEqual(row);
        expect({ ...opened.parse(row), row: null }).toEqual({ ...item, row: null });
      }
    });

    test('that is no activity comes among the others, with a reason', async () => {
      await using harness = await open();
      const id = harness.writeInvalid(harness.now - 5);
      writeAll(harness, [4, 6]);
      const items = (await readAll(harness, [ago(harness, 10, 0)])).flatMap((page) => page.items);
      expect(items.map(({ valid }) => valid).toSorted()).toEqual([false, true, true]);
      expect(items.find(({ valid }) => !valid)).toMatchObject({ id, reason: expect.stringMatching(/\w/) as string });
    });

    test('of any kind is kept and parsed without a throw, whatever the redactor does', async () => {
      await using harness = await open();
      const source = harness.connect();
      const opened = await source.open();
      const broken = {
        payload: () => {
          throw new Error('a bug');
        },
        query: () => {
          throw new Error('a bug');
        },
      };
      fc.assert(
        fc.property(anyRow, (row) => {
          for (const by of [redactor, broken]) {
            const kept = source.keep(row, by).row;
            expect(() => JSON.stringify(kept)).not.toThrow();
            expect(opened.parse(kept).id).not.toBe('');
          }
          expect(opened.parse(row).id).toBe(opened.parse(row).id);
        }),
      );
    });

    test('that is nested deeper than JSON can be written is kept all the same', async () => {
      await using harness = await open();
      const source = harness.connect();
      const opened = await source.open();
      const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
      for (const row of [deep, { a: deep }, { payload: deep, path: deep }]) {
        expect(opened.parse(row).id).not.toBe('');
        expect(JSON.stringify(source.keep(row, redactor).row).length).toBeLessThan(80_000);
      }
    });
  });
}
