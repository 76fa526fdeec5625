import { describe, expect, test } from 'vitest';
import { type OpenLedger, quarantinedIn, record, seen, stored } from '../harness.ts';

/** `quarantine`, `release`, `quarantined`, `records` and `quarantineSize`. */
export function describeQuarantine(name: string, open: OpenLedger): void {
  describe(`${name}: quarantine`, () => {
    test('keeps the record and marks its id', async () => {
      await using harness = await open();
      const cut = { payloadBytes: 5_000_000, payloadSha256: 'abc' };
      await harness.ledger.quarantine([record('a'), record('b', { errorCode: 'InvalidData', ...cut })]);
      expect(await harness.ledger.lookup(['a', 'b'])).toEqual(['quarantined:InvalidEntry', 'quarantined:InvalidData']);
      expect(await harness.ttlSeconds('seen:a')).toBeLessThanOrEqual(60);
      expect(await harness.ttlSeconds('quarantine')).toBeNull();
      expect(await harness.ledger.quarantineSize()).toBe(2);
      const found = await quarantinedIn(harness.ledger);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([stored('a'), stored('b', { errorCode: 'InvalidData', ...cut })]));
    });

    test('keeps the latest record of an id', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([record('a')]);
      await harness.ledger.quarantine([record('a', { errorMessage: 'still missing' })]);
      expect(await quarantinedIn(harness.ledger)).toEqual([stored('a', { errorMessage: 'still missing' })]);
    });

    test('of no records, and a release of none, change nothing', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([]);
      await harness.ledger.release([]);
      expect(await harness.keys()).toEqual([]);
      expect(await quarantinedIn(harness.ledger)).toEqual([]);
      expect(await harness.ledger.quarantineSize()).toBe(0);
    });

    test('is not affected by what the caller does with the record later', async () => {
      await using harness = await open();
      const entry = { path: '/before' };
      await harness.ledger.quarantine([record('a', { entry })]);
      entry.path = '/after';
      expect(await quarantinedIn(harness.ledger)).toEqual([stored('a', { entry: { path: '/before' } })]);
    });

    test('outlives the mark of its id', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([record('a')]);
      await harness.advance(61);
      expect(await harness.ledger.lookup(['a'])).toEqual([null]);
      expect(await quarantinedIn(harness.ledger)).toEqual([stored('a')]);
    });

    test('forgets what is released and marks its outcome', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([record('a'), record('b')]);
      await harness.ledger.release([seen('a', 'event-a'), seen('never quarantined', 'event-n')]);
      expect(await harness.ledger.lookup(['a', 'b', 'never quarantined'])).toEqual([
        'event-a',
        'quarantined:InvalidEntry',
        'event-n',
      ]);
      expect(await quarantinedIn(harness.ledger)).toEqual([stored('b')]);
      await harness.ledger.release([seen('b', 'event-b')]);
      expect(await harness.keys()).not.toContain('quarantine');
    });

    test('gives every record while the reader releases and quarantines again', async () => {
      await using harness = await open();
      const ids = Array.from({ length: 1000 }, (_, at) => `id-${at}`);
      await harness.ledger.quarantine(ids.map((id) => record(id)));
      const given = new Set<string>();
      for await (const batch of harness.ledger.quarantined()) {
        expect(batch.length).toBeGreaterThan(0);
        for (const { id } of batch) given.add(id);
        const [again, ...sent] = batch;
        await harness.ledger.release(sent.map(({ id }) => seen(id)));
        if (again) await harness.ledger.quarantine([record(again.id, { errorMessage: 'again' })]);
      }
      expect(given.size).toBe(1000);
      expect(await harness.ledger.quarantineSize()).toBeLessThan(100);
    });

    test.for(['no JSON {', '', 'null', '"text"', '{"entry":{}}'])(
      'gives the stored text %j as an entry when it is no record, and the others as ever',
      async (text) => {
        await using harness = await open();
        await harness.ledger.quarantine([record('a')]);
        await harness.plantRecord('damaged', text);
        const found = await quarantinedIn(harness.ledger);
        expect(found).toHaveLength(2);
        expect(found).toContainEqual(stored('a'));
        expect(found).toContainEqual(
          expect.objectContaining({ id: 'damaged', entry: text, errorCode: 'UnreadableRecord' }),
        );
        await harness.ledger.release([seen('damaged')]);
        expect(await quarantinedIn(harness.ledger)).toEqual([stored('a')]);
      },
    );

    test('keeps that a reason is transient, for the run that tries such entries again', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([record('a', { isTransient: true }), record('b')]);
      expect(await harness.ledger.records(['a'])).toEqual([stored('a', { isTransient: true })]);
      expect((await harness.ledger.records(['b']))[0]).not.toHaveProperty('isTransient');
    });

    test('gives the records of the ids asked for, and nothing for the others', async () => {
      await using harness = await open();
      await harness.ledger.quarantine([record('a'), record('b'), record('c')]);
      await harness.plantRecord('damaged', 'no JSON {');
      const found = await harness.ledger.records(['c', 'x', 'a', 'damaged']);
      expect(found).toHaveLength(3);
      expect(found).toEqual(expect.arrayContaining([stored('a'), stored('c')]));
      expect(found).toContainEqual(expect.objectContaining({ id: 'damaged', errorCode: 'UnreadableRecord' }));
      expect(await harness.ledger.records(['x'])).toEqual([]);
      expect(await harness.ledger.records([])).toEqual([]);
    });
  });
}
