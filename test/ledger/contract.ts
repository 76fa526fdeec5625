import { describe, expect, test } from 'vitest';
import { CheckpointError, LockLostError } from '../../lambda/errors.ts';
import type { Checkpoint, Ledger, QuarantineRecord } from '../../lambda/ledger/ledger.ts';

/** A ledger of its own for one test, and a way around it. Keys are named without the prefix. */
export interface LedgerHarness extends AsyncDisposable {
  readonly ledger: Ledger;
  keys(): Promise<readonly string[]>;
  /** Seconds until `key` expires; null when it never does or is not there. */
  ttlSeconds(key: string): Promise<number | null>;
  plantCheckpoint(text: string): Promise<void>;
  plantRecord(id: string, text: string): Promise<void>;
  /** As if that much time went by for every key. */
  advance(seconds: number): Promise<void>;
}

export const checkpoint: Checkpoint = {
  format: 1,
  planned: 1_763_676_000,
  pending: [
    { after: 0, before: 1_763_000_000 },
    { after: 1_763_000_000, before: 1_763_676_001, resend: true },
  ],
  fullScan: { offset: 'WyJ0b2tlbiJd', kongVersion: '3.4.0.0', covers: [{ after: 0, before: 5 }] },
};

export function record(id: string, more: Partial<QuarantineRecord> = {}) {
  return {
    id,
    entry: { request_id: id, path: '/services', payload: null },
    errorCode: 'InvalidEntry',
    errorMessage: 'request_timestamp is missing',
    at: '2026-11-20T22:00:00.000Z',
    ttlSeconds: 60,
    ...more,
  };
}

/** A record as it comes out again. */
export function stored(id: string, more: Partial<QuarantineRecord> = {}): QuarantineRecord {
  const { ttlSeconds, ...kept } = record(id, more);
  expect(ttlSeconds).toBeGreaterThan(0);
  return kept;
}

export const seen = (id: string, value = 'event-1', ttlSeconds = 60) => ({ id, value, ttlSeconds });

export async function quarantinedIn(ledger: Ledger): Promise<QuarantineRecord[]> {
  return (await Array.fromAsync(ledger.quarantined())).flat();
}

/** What every ledger does, whatever it is made of. */
export function describeLedger(name: string, open: () => Promise<LedgerHarness>): void {
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

  describe(`${name}: lock`, () => {
    test('is held by one run at a time', async () => {
      await using harness = await open();
      expect(await harness.ledger.lock('run-1', 60)).toBe(true);
      expect(await harness.ledger.lock('run-2', 60)).toBe(false);
      await harness.ledger.unlock('run-1');
      expect(await harness.ledger.lock('run-2', 60)).toBe(true);
    });

    test('is not given back by another run', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.unlock('run-2');
      expect(await harness.ledger.lock('run-2', 60)).toBe(false);
    });

    test('is the holder’s when it asks again, from then on', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 10);
      expect(await harness.ledger.lock('run-1', 60)).toBe(true);
      await harness.advance(30);
      expect(await harness.ledger.lock('run-2', 60)).toBe(false);
    });

    test('goes when its time is over', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 0.1);
      expect(await harness.ttlSeconds('lock')).toBeLessThanOrEqual(1);
      await harness.advance(2);
      expect(await harness.ledger.lock('run-2', 60)).toBe(true);
      await harness.ledger.unlock('run-1');
      expect(await harness.keys()).toEqual(['lock']);
    });
  });

  describe(`${name}: checkpoint`, () => {
    test('is null before the first one, then what was saved last', async () => {
      await using harness = await open();
      expect(await harness.ledger.loadCheckpoint()).toBeNull();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint({ ...checkpoint, planned: null, fullScan: null }, 'run-1');
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1');
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
      expect(await harness.ttlSeconds('checkpoint')).toBeNull();
    });

    test('is saved only by the run that holds the lock', async () => {
      await using harness = await open();
      await expect(harness.ledger.saveCheckpoint(checkpoint, 'run-1')).rejects.toThrow(LockLostError);
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1');
      await harness.advance(61);
      const later = { ...checkpoint, planned: 1_763_680_000 };
      await expect(harness.ledger.saveCheckpoint(later, 'run-1')).rejects.toThrow('it expired, or Redis lost it');
      await harness.ledger.lock('run-2', 60);
      await expect(harness.ledger.saveCheckpoint(later, 'run-1')).rejects.toThrow('run run-2 does');
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
    });

    test('is not saved when it could not be read back', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1');
      const broken = { ...checkpoint, planned: NaN };
      await expect(harness.ledger.saveCheckpoint(broken, 'run-1')).rejects.toThrow(CheckpointError);
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
    });

    test.for([
      ['no JSON', '{"format":1,'],
      ['empty text', ''],
      ['null', 'null'],
      ['an object without a format', '{}'],
      ['an older format', '{"format":0}'],
      ['a format that is no number', '{"format":"2"}'],
      ['a window upside down', JSON.stringify({ ...checkpoint, pending: [{ after: 5, before: 5 }] })],
      ['an unknown key', JSON.stringify({ ...checkpoint, watermark: 1 })],
    ] as const)('of %s is an error that says how to reset it', async ([, text]) => {
      await using harness = await open();
      await harness.plantCheckpoint(text);
      const loading = harness.ledger.loadCheckpoint();
      await expect(loading).rejects.toThrow(CheckpointError);
      await expect(loading).rejects.toThrow(/checkpoint, but .*To reset it: .*Nothing is lost/);
    });

    test('of a newer format is an error that names both formats', async () => {
      await using harness = await open();
      await harness.plantCheckpoint(JSON.stringify({ ...checkpoint, format: 2, more: true }));
      const loading = harness.ledger.loadCheckpoint();
      await expect(loading).rejects.toThrow(CheckpointError);
      await expect(loading).rejects.toThrow(/has format 2; this version reads format 1.*deploy that version/);
    });
  });

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
  });

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
