import { describe, expect, test } from 'vitest';
import { checkpoint, type OpenLedger } from '../harness.ts';

/** `lock`, `unlock` and `lockHolder`. */
export function describeLock(name: string, open: OpenLedger): void {
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

    test('names its holder and the time left', async () => {
      await using harness = await open();
      expect(await harness.ledger.lockHolder()).toBeNull();
      await harness.ledger.lock('run-1', 60);
      await harness.advance(20);
      const holder = await harness.ledger.lockHolder();
      expect(holder?.runId).toBe('run-1');
      expect(holder?.secondsLeft).toSatisfy((left: number) => Number.isInteger(left) && left > 0 && left <= 40);
      await harness.ledger.unlock('run-1');
      expect(await harness.ledger.lockHolder()).toBeNull();
    });

    test('tells how much its holder had read when it saved last, and forgets that with the lock', async () => {
      await using harness = await open();
      const { ledger } = harness;
      await ledger.lock('run-1', 60);
      await ledger.saveCheckpoint(checkpoint, 'run-1', [], 0);
      expect(await ledger.lockHolder()).not.toHaveProperty('fetched');
      await ledger.saveCheckpoint(checkpoint, 'run-1', [], 300);
      expect(await ledger.lockHolder()).toMatchObject({ runId: 'run-1', fetched: 300 });
      await ledger.saveCheckpoint(checkpoint, 'run-1', [], 1300);
      expect(await ledger.lockHolder()).toMatchObject({ runId: 'run-1', fetched: 1300 });
      expect(await harness.ttlSeconds('progress')).toSatisfy((left: number) => left > 50 && left <= 60);
      await ledger.unlock('run-2');
      expect(await ledger.lockHolder()).toMatchObject({ fetched: 1300 });
      await ledger.unlock('run-1');
      expect(await harness.keys()).toEqual(['checkpoint']);
      await ledger.lock('run-2', 60);
      expect(await ledger.lockHolder()).not.toHaveProperty('fetched');
    });

    test('tells nothing of a holder that died when its time is over', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.ledger.saveCheckpoint(checkpoint, 'run-1', [], 300);
      await harness.advance(61);
      expect(await harness.keys()).toEqual(['checkpoint']);
    });

    test('has no holder once its time is over', async () => {
      await using harness = await open();
      await harness.ledger.lock('run-1', 60);
      await harness.advance(61);
      expect(await harness.ledger.lockHolder()).toBeNull();
    });
  });
}
