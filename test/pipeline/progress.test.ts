import { describe, expect, test } from 'vitest';
import { LockLostError } from '../../lambda/errors.ts';
import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import { keepProgress } from '../../lambda/pipeline/progress.ts';

const LOADED: Checkpoint = { format: 2, planned: 100, plannedAt: 7, pending: [{ after: 0, before: 100 }] };

function progress() {
  const saved: [Checkpoint, string, readonly string[]][] = [];
  let failure: Error | null = null;
  let now = 0;
  const ledger = {
    saveCheckpoint: (checkpoint: Checkpoint, runId: string, ids: readonly string[] = []) => {
      if (failure) return Promise.reject(failure);
      saved.push([checkpoint, runId, ids]);
      return Promise.resolve();
    },
  };
  return {
    kept: keepProgress(LOADED, ledger, 'run-1', () => now),
    saved,
    fail: (error: Error | null) => (failure = error),
    passSeconds: (seconds: number) => (now += seconds * 1000),
  };
}

describe('progress', () => {
  test('is what was loaded, until something is saved', () => {
    expect(progress().kept.current()).toEqual(LOADED);
  });

  test('replaces the members it is given, and keeps the others', async () => {
    const { kept, saved } = progress();
    await kept.update({ pending: [] });
    await kept.update({ planned: 200, lead: { seconds: 5, at: 1 } });
    const expected = { format: 2, planned: 200, plannedAt: 7, lead: { seconds: 5, at: 1 }, pending: [] };
    expect(kept.current()).toEqual(expected);
    expect(saved.map(([checkpoint, runId]) => [checkpoint.planned, runId])).toEqual([
      [100, 'run-1'],
      [200, 'run-1'],
    ]);
  });

  test('stays what was saved last when saving fails', async () => {
    const { kept, fail } = progress();
    fail(new LockLostError('gone'));
    await expect(kept.update({ pending: [] })).rejects.toThrow(LockLostError);
    expect(kept.current()).toEqual(LOADED);
  });

  test('is saved only with the records that were put into quarantine since, each asked for until it was confirmed', async () => {
    const { kept, saved, fail, passSeconds } = progress();
    kept.quarantined(['a', 'b']);
    fail(new Error('one is gone'));
    await expect(kept.update({ pending: [] })).rejects.toThrow('one is gone');
    fail(null);
    kept.quarantined(['c']);
    passSeconds(61);
    await kept.update({ pending: [] });
    await kept.update({ pending: [] });
    expect(saved.map(([, , ids]) => ids)).toEqual([['a', 'b', 'c'], []]);
  });

  test('asks also for records that come while it is being saved, the next time', async () => {
    const { kept, saved, passSeconds } = progress();
    kept.quarantined(['a']);
    passSeconds(61);
    const saving = kept.update({ pending: [] });
    kept.quarantined(['b']);
    await saving;
    await kept.update({ pending: [] });
    expect(saved.map(([, , ids]) => ids)).toEqual([['a'], ['b']]);
  });

  test('asks for a record for a minute, also when it was confirmed: a failover may lose it with the checkpoint', async () => {
    const { kept, saved, passSeconds } = progress();
    kept.quarantined(['a']);
    await kept.update({ pending: [] });
    passSeconds(59);
    await kept.update({ pending: [] });
    passSeconds(2);
    await kept.update({ pending: [] });
    await kept.update({ pending: [] });
    expect(saved.map(([, , ids]) => ids)).toEqual([['a'], ['a'], ['a'], []]);
  });
});
