import { describe, expect, test } from 'vitest';
import { CheckpointError, LedgerError, LockLostError } from '../../../lambda/errors.ts';
import { checkpoint, type OpenLedger, record } from '../harness.ts';

/** `loadCheckpoint` and `saveCheckpoint`. */
export function describeCheckpoint(name: string, open: OpenLedger): void {
  describe(`${name}: checkpoint`, () => {
    test('is null before the first one, then what was saved last', async () => {
      await using harness = await open();
      expect(await harness.ledger.loadCheckpoint()).toBeNull();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint({ format: 2, planned: null, pending: [] }, 'run-1');
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

    test('is saved while the records of this run’s quarantined ids are there', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.quarantine([record('a'), record('b')]);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1', ['a', 'b']);
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
    });

    test('is not saved when one of those records is gone, and the one before it stays', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1', []);
      await harness.ledger.quarantine([record('a'), record('b'), record('c')]);
      await harness.loseRecord('b');
      const later = { ...checkpoint, planned: 1_763_680_000 };
      const saving = harness.ledger.saveCheckpoint(later, 'run-1', ['a', 'b', 'c']);
      await expect(saving).rejects.toThrow(LedgerError);
      await expect(saving).rejects.toThrow(/lost at least one of 3 record\(s\).+was not saved\. Nothing is lost/);
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
      await harness.ledger.saveCheckpoint(later, 'run-1', ['a', 'c']);
      expect(await harness.ledger.loadCheckpoint()).toEqual(later);
    });

    test('says first that the lock is lost, for then the records are another run’s matter', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-2', 60);
      await expect(harness.ledger.saveCheckpoint(checkpoint, 'run-1', ['gone'])).rejects.toThrow(LockLostError);
      expect(await harness.ledger.loadCheckpoint()).toBeNull();
    });

    test('that an older version wrote is read in this version’s format, and stays as it is until it is saved', async () => {
      await using harness = await open();
      const before = { format: 1, planned: 100, pending: [{ after: 90, before: 100 }], fullScan: null };
      await harness.plant('checkpoint', JSON.stringify(before));
      const read = await harness.ledger.loadCheckpoint();
      expect(read).toEqual({ format: 2, planned: 100, pending: [{ after: 90, before: 100 }] });
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1');
      expect(await harness.ledger.loadCheckpoint()).toEqual(checkpoint);
    });

    test('that is garbage is an error that says how to reset it', async () => {
      await using harness = await open();
      await harness.plant('checkpoint', '{"format":2,');
      const loading = harness.ledger.loadCheckpoint();
      await expect(loading).rejects.toThrow(CheckpointError);
      await expect(loading).rejects.toThrow(/checkpoint, but .*To reset it: .*Nothing is lost/);
    });
  });
}
