import { describe, expect, test } from 'vitest';
import type { OpenLedger } from '../harness.ts';

const RUN = { at: '2026-11-20T22:00:00.000Z', summary: { status: 'complete', forwarded: 3, watermark: null } };

/** `lastRun` and `saveLastRun`. */
export function describeLastRun(name: string, open: OpenLedger): void {
  describe(`${name}: the last run`, () => {
    test('is null before the first one, then what was saved last, for good', async () => {
      await using harness = await open();
      expect(await harness.ledger.lastRun()).toBeNull();
      await harness.ledger.saveLastRun(RUN);
      const later = { ...RUN, at: '2026-11-20T23:00:00.000Z' };
      await harness.ledger.saveLastRun(later);
      expect(await harness.ledger.lastRun()).toEqual(later);
      expect(await harness.ttlSeconds('last-run')).toBeNull();
      expect(await harness.keys()).toEqual(['last-run']);
    });

    test.for(['no JSON {', '', 'null', '[]', '{"at":5,"summary":{}}', '{"summary":{}}'])(
      'is null where %j is stored: nobody’s look may fail for it',
      async (text) => {
        await using harness = await open();
        await harness.plant('last-run', text);
        expect(await harness.ledger.lastRun()).toBeNull();
      },
    );
  });
}
