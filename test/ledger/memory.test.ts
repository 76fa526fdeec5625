import { describe, expect, test } from 'vitest';
import { createMemoryLedger } from '../../lambda/ledger/memory.ts';
import { describeLedger } from './contract.ts';
import { checkpoint, record, seen } from './harness.ts';

describeLedger('memory', () => {
  let now = 1_763_676_000_000;
  const ledger = createMemoryLedger({ now: () => now });
  return Promise.resolve({
    ledger,
    keys: () => Promise.resolve(ledger.keys()),
    ttlSeconds: (key) => Promise.resolve(ledger.ttlSeconds(key)),
    plant: (key, text) => {
      ledger.plant(key, text);
      return Promise.resolve();
    },
    plantRecord: (id, text) => {
      ledger.plantRecord(id, text);
      return Promise.resolve();
    },
    loseRecord: (id) => {
      ledger.loseRecord(id);
      return Promise.resolve();
    },
    advance: (seconds) => {
      now += seconds * 1000;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => ledger.close(),
  });
});

describe('memory', () => {
  test('names its keys as Redis does', async () => {
    const ledger = createMemoryLedger();
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('a')]);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await ledger.quarantine([record('b')]);
    expect(ledger.keys().toSorted()).toEqual(['checkpoint', 'lock', 'quarantine', 'seen:a', 'seen:b']);
  });

  test('knows nothing once it is cleared', async () => {
    const ledger = createMemoryLedger();
    await ledger.lock('run-1', 60);
    await ledger.quarantine([record('b')]);
    ledger.clear();
    expect(ledger.keys()).toEqual([]);
  });
});
