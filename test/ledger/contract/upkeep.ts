import { describe, expect, test } from 'vitest';
import { type OpenLedger, seen } from '../harness.ts';

/** `diagnose` and `close`. */
export function describeUpkeep(name: string, open: OpenLedger): void {
  describe(`${name}: upkeep`, () => {
    test('a diagnosis of a good ledger is ok and writes nothing', async () => {
      await using harness = await open();
      expect(await harness.ledger.diagnose()).toMatchObject({ ok: true });
      expect(await harness.keys()).toEqual([]);
    });

    test('it can be closed more than once, before and after use', async () => {
      await using harness = await open();
      await harness.ledger.close();
      await harness.ledger.mark([seen('a')]);
      await harness.ledger.close();
      await harness.ledger.close();
    });
  });
}
