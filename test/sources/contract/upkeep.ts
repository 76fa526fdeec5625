import { describe, expect, test } from 'vitest';
import { ago, readAll, type SourceSubject, writeAll } from '../harness.ts';

/** `open`, `now`, `requests`, `diagnose` and `close`. */
export function describeUpkeep({ name, readsEverything, open }: SourceSubject): void {
  describe(`${name}: upkeep`, () => {
    test('an open source tells the service’s time and how it reads', async () => {
      await using harness = await open();
      const opened = await harness.connect().open();
      expect(opened.now === null || opened.now === harness.now).toBe(true);
      expect(opened.readsEverything).toBe(readsEverything);
      expect(opened.about().strategy).not.toBe('');
    });

    test('counts its requests', async () => {
      await using harness = await open();
      writeAll(harness, [1, 2, 3]);
      const source = harness.connect();
      expect(source.requests()).toBe(0);
      const opened = await source.open();
      await Array.fromAsync(opened.pages([ago(harness, 10, 0)]));
      expect(source.requests()).toBeGreaterThan(0);
    });

    test('a diagnosis of a good service finds nothing wrong and changes nothing', async () => {
      await using harness = await open();
      writeAll(harness, [1, 2, 3]);
      const before = await readAll(harness, [ago(harness, 10, 0)]);
      const checks = await harness.connect().diagnose();
      expect(checks.length).toBeGreaterThan(0);
      for (const { ok, detail } of checks) expect([ok, detail]).toEqual([true, expect.stringMatching(/\w/)]);
      expect(await readAll(harness, [ago(harness, 10, 0)])).toEqual(before);
    });

    test('can be closed more than once, also unused', async () => {
      await using harness = await open();
      const source = harness.connect();
      await source.close();
      await source.close();
    });
  });
}
