import { describe, expect, test } from 'vitest';
import { type OpenLedger, seen } from '../harness.ts';

/** `lookup` and `mark`. */
export function describeOutcomes(name: string, open: OpenLedger): void {
  describe(`${name}: outcomes`, () => {
    test('come in the order of the ids, null where there is none', async () => {
      await using harness = await open();
      await harness.ledger.mark([seen('a', 'event-a'), seen('b', 'own')]);
      expect(await harness.ledger.lookup(['b', 'x', 'a', 'b'])).toEqual(['own', null, 'event-a', 'own']);
    });

    test('of no ids are no outcomes', async () => {
      await using harness = await open();
      await harness.ledger.mark([]);
      expect(await harness.ledger.lookup([])).toEqual([]);
      expect(await harness.keys()).toEqual([]);
    });

    test('overwrite earlier ones and their expiry', async () => {
      await using harness = await open();
      await harness.ledger.mark([seen('a', 'quarantined:InvalidEntry', 1000), seen('a', 'event-1', 500)]);
      expect(await harness.ledger.lookup(['a'])).toEqual(['event-1']);
      await harness.ledger.mark([seen('a', 'event-2', 50)]);
      expect(await harness.ledger.lookup(['a'])).toEqual(['event-2']);
      expect(await harness.ttlSeconds('seen:a')).toBeLessThanOrEqual(50);
    });

    test('are kept for any id, as it is', async () => {
      await using harness = await open();
      const ids = [
        'a b',
        'a:b',
        '{a}',
        "'a'",
        '"a"',
        'ä',
        '😀',
        'a\u0000b',
        'a\r\nb',
        '*',
        '__proto__',
        'a'.repeat(3000),
        'A',
      ];
      await harness.ledger.mark(ids.map((id, at) => seen(id, `event-${at}`)));
      expect(await harness.ledger.lookup(ids)).toEqual(ids.map((_, at) => `event-${at}`));
      expect(await harness.ledger.lookup(['a', 'constructor', 'a\nb'])).toEqual([null, null, null]);
    });

    test('of 20,000 ids fit one call', async () => {
      await using harness = await open();
      const ids = Array.from({ length: 20_000 }, (_, at) => `id-${at}`);
      await harness.ledger.mark(ids.map((id) => seen(id)));
      expect(new Set(await harness.ledger.lookup(ids))).toEqual(new Set(['event-1']));
    });

    test('go when their time is over, not before', async () => {
      await using harness = await open();
      await harness.ledger.mark([seen('short', 'event-1', 100), seen('long', 'event-2', 200)]);
      await harness.advance(90);
      expect(await harness.ledger.lookup(['short', 'long'])).toEqual(['event-1', 'event-2']);
      await harness.advance(20);
      expect(await harness.ledger.lookup(['short', 'long'])).toEqual([null, 'event-2']);
    });

    test.for([
      [0, 1],
      [-5, 1],
      [0.2, 1],
      [1, 1],
      [3600.5, 3601],
      [2_595_600, 2_595_600],
      [1e21, 9_999_999_999],
      [Infinity, 9_999_999_999],
    ] as const)('with a ttl of %d seconds expire after %d', async ([ttlSeconds, expected]) => {
      await using harness = await open();
      await harness.ledger.mark([seen('a', 'event-1', ttlSeconds)]);
      const left = await harness.ttlSeconds('seen:a');
      expect(left).toBeLessThanOrEqual(expected);
      expect(left).toBeGreaterThan(expected - 1);
    });
  });
}
