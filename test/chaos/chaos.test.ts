import { describe, expect, test } from 'vitest';
import { useAnyCredentials } from '../support/any-credentials.ts';
import { campaign, seedsFrom } from './campaign.ts';
import { simulate } from './history.ts';
import { realProcesses } from './processes.ts';
import { describeFailure } from './report.ts';
import { loadSubject } from './subject.ts';
import type { Sums } from './sums.ts';

useAnyCredentials();

const brokenPromises = ({ failures }: Sums): string[] => failures.map((failure) => describeFailure(failure, 200));

describe('simulated histories', () => {
  test('lose nothing, and send nothing twice without a reason the promise names', async () => {
    const sums = await campaign({ seeds: seedsFrom(1, 60) });
    expect(brokenPromises(sums)).toEqual([]);
    expect(sums).toMatchObject({ histories: 60, lost: 0 });
    expect(sums.duplicates).toBeLessThanOrEqual(sums.bound);
    // Every kind of fault has had its chance.
    expect(Object.keys(sums.faults).length).toBeGreaterThan(30);
  }, 600_000);

  test('are the same for the same seed', async () => {
    const subject = await loadSubject();
    const { log, totals } = await simulate(7, subject);
    expect(await simulate(7, subject)).toMatchObject({ log, totals });
  }, 300_000);
});

test('real processes, a real Redis and real connections lose nothing either', async () => {
  const sums = await realProcesses({ firstSeed: 3, histories: 1, hours: 8 });
  expect(brokenPromises(sums)).toEqual([]);
  expect(sums.lost).toBe(0);
}, 300_000);
