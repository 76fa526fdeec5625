import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../../lambda/ledger/ledger.ts';
import { readOnly } from '../../../lambda/ledger/read-only.ts';
import { checkpoint, type OpenLedger, quarantinedIn, record, seen, stored } from '../harness.ts';

const RUN = { at: '2026-11-20T22:00:00.000Z', summary: { status: 'complete' } };

async function fill(ledger: Ledger): Promise<void> {
  await ledger.lock('run-1', 60);
  await ledger.mark([seen('a', 'event-a')]);
  await ledger.saveCheckpoint(checkpoint, 'run-1');
  await ledger.saveLastRun(RUN);
  await ledger.quarantine([record('b')]);
}

/** Everything `fill` wrote, as `ledger` shows it. */
const look = async (ledger: Ledger) => ({
  outcomes: await ledger.lookup(['a', 'b', 'c']),
  holder: (await ledger.lockHolder())?.runId,
  checkpoint: await ledger.loadCheckpoint(),
  lastRun: await ledger.lastRun(),
  quarantined: await quarantinedIn(ledger),
  records: await ledger.records(['b', 'c']),
  size: await ledger.quarantineSize(),
  isOk: (await ledger.diagnose()).ok,
});

/** `readOnly` over the ledger. */
export function describeReadOnly(name: string, open: OpenLedger): void {
  describe(`${name}: a read-only look`, () => {
    test('shows what is there', async () => {
      await using harness = await open();
      await fill(harness.ledger);
      const shown = await look(readOnly(harness.ledger));
      expect(shown).toEqual(await look(harness.ledger));
      expect(shown).toMatchObject({ outcomes: ['event-a', 'quarantined:InvalidEntry', null], size: 1, lastRun: RUN });
      expect(shown.records).toEqual([stored('b')]);
    });

    test('takes every write and does none of them, whoever holds the lock', async () => {
      await using harness = await open();
      await fill(harness.ledger);
      const before = await look(harness.ledger);
      const keys = (await harness.keys()).toSorted();
      const ledger = readOnly(harness.ledger);
      expect(await ledger.lock('dry', 60)).toBe(true);
      await ledger.mark([seen('c')]);
      await ledger.quarantine([record('c')]);
      await ledger.release([seen('b')]);
      await ledger.saveCheckpoint({ format: 2, planned: 1, pending: [] }, 'dry', ['gone']);
      await ledger.saveLastRun({ at: '', summary: null });
      await ledger.unlock('run-1');
      expect(await look(harness.ledger)).toEqual(before);
      expect((await harness.keys()).toSorted()).toEqual(keys);
    });
  });
}
