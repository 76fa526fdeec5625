import { describe, expect, test } from 'vitest';
import { readOnly } from '../../../lambda/ledger/read-only.ts';
import { type OpenLedger, seen } from '../harness.ts';

const binding = (id: string, value: string, ttlSeconds = 60) => ({ id, value, ttlSeconds });

/** `bind`. */
export function describeBindings(name: string, open: OpenLedger): void {
  describe(`${name}: an id that several ask for`, () => {
    test('is given to the first that asks, for as long as it asks', async () => {
      await using harness = await open();
      const { ledger } = harness;
      expect(await ledger.bind([binding('a', 'one'), binding('b', 'two')])).toEqual([true, true]);
      expect(await ledger.bind([binding('a', 'two'), binding('b', 'two')])).toEqual([false, true]);
      expect(await ledger.bind([binding('a', 'one')])).toEqual([true]);
    });

    test('is given within one call to the first of it', async () => {
      await using harness = await open();
      const asked = [binding('a', 'one'), binding('a', 'two'), binding('a', 'one')];
      expect(await harness.ledger.bind(asked)).toEqual([true, false, true]);
    });

    test('is nobody’s when it has an outcome that nobody asked for', async () => {
      await using harness = await open();
      const { ledger } = harness;
      await ledger.mark([seen('a')]);
      expect(await ledger.bind([binding('a', 'one')])).toEqual([false]);
      expect(await ledger.bind([binding('a', 'one')])).toEqual([false]);
      expect(await harness.keys()).toEqual(['seen:a']);
    });

    test('stays its own beside its outcome', async () => {
      await using harness = await open();
      const { ledger } = harness;
      await ledger.bind([binding('a', 'one')]);
      await ledger.mark([seen('a')]);
      expect(await ledger.bind([binding('a', 'one'), binding('a', 'two')])).toEqual([true, false]);
      expect(await ledger.lookup(['a'])).toEqual(['event-1']);
    });

    test('is free when nobody asked for its time; who asks again has it for longer', async () => {
      await using harness = await open();
      const { ledger } = harness;
      await ledger.bind([binding('a', 'one', 100), binding('b', 'one', 100)]);
      await harness.advance(90);
      await ledger.bind([binding('a', 'one', 100)]);
      expect(await ledger.bind([binding('b', 'two', 100)])).toEqual([false]);
      await harness.advance(20);
      expect(await ledger.bind([binding('a', 'two', 100), binding('b', 'two', 100)])).toEqual([false, true]);
    });

    test('is not bound by who only looks', async () => {
      await using harness = await open();
      expect(await readOnly(harness.ledger).bind([binding('a', 'one')])).toEqual([true]);
      expect(await harness.keys()).toEqual([]);
    });

    test('may be any text, one of thousands, or none', async () => {
      await using harness = await open();
      const ids = ['a b', '{a}', "'a'", '😀', 'a\u0000b', '__proto__', 'constructor', ''];
      expect(await harness.ledger.bind(ids.map((id) => binding(id, 'one')))).toEqual(ids.map(() => true));
      const many = Array.from({ length: 10_000 }, (_, at) => binding(`id-${at}`, 'one'));
      expect(new Set(await harness.ledger.bind(many))).toEqual(new Set([true]));
      expect(await harness.ledger.bind([])).toEqual([]);
    });
  });
}
