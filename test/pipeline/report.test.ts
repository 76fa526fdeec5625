import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import { failedReport, isBeyondRetention, lagOf, type RunFacts, toReport } from '../../lambda/pipeline/report.ts';
import { newTally } from '../../lambda/pipeline/tally.ts';
import type { Window } from '../../lambda/pipeline/window.ts';

const TTL = 2_592_000;
const checkpointWith = (planned: number | null, ...pending: Window[]): Checkpoint => ({ format: 2, planned, pending });

const FACTS: RunFacts = {
  status: 'complete',
  invocation: { mode: 'scheduled' },
  facts: { strategy: 'filtered', kongVersion: '3.9.1.0' },
  checkpoint: checkpointWith(1001),
  tally: {
    ...newTally(),
    fetched: 1200,
    forwarded: 187,
    duplicates: 1010,
    own: 3,
    ignored: 9,
    quarantined: 2,
    requarantined: 4,
    pages: 2,
    puts: 5,
  },
  sourceRequests: 3,
  now: 1000,
  auditTtlSeconds: TTL,
  quarantineSize: 7,
  durationMs: 811.7,
  error: null,
};
const report = (changes: Partial<RunFacts>) => toReport({ ...FACTS, ...changes });

describe('the summary', () => {
  test('has every documented member', () => {
    expect(report({}).summary).toEqual({
      status: 'complete',
      mode: 'scheduled',
      strategy: 'filtered',
      kongVersion: '3.9.1.0',
      fetched: 1200,
      forwarded: 187,
      duplicates: 1010,
      own: 3,
      ignored: 9,
      quarantined: 2,
      pages: 2,
      puts: 5,
      watermark: 1001,
      pending: [],
      durationMs: 812,
    });
  });

  test('shows of what is pending only from when to when', () => {
    const pending: Window[] = [
      { after: 5, before: 6, tries: 3, cursor: 'a' },
      { after: 9, before: 20, again: true },
    ];
    const { summary } = report({ status: 'incomplete', checkpoint: checkpointWith(1001, ...pending) });
    expect(summary.pending).toEqual([
      { after: 5, before: 6 },
      { after: 9, before: 20 },
    ]);
    expect(summary.watermark).toBe(5);
  });

  test('of a dry run says what it would have done, and that it did nothing', () => {
    const { summary } = report({ invocation: { mode: 'backfill', dryRun: true, after: 900 } });
    expect(summary).toMatchObject({
      forwarded: 0,
      quarantined: 0,
      dryRun: true,
      wouldForward: 187,
      wouldQuarantine: 2,
    });
    expect(report({ invocation: { mode: 'backfill', dryRun: false } }).summary).not.toHaveProperty('dryRun');
  });

  test('of a replay counts what stays in quarantine, too', () => {
    expect(report({ invocation: { mode: 'replay' } }).summary.quarantined).toBe(6);
  });

  test('of a backfill from before anything the source holds says so', () => {
    const asked = (after: number, now: number) =>
      report({ invocation: { mode: 'backfill', after }, now }).summary.beyondRetention;
    expect(asked(0, TTL + 61)).toBe(true);
    expect(asked(1, TTL + 61)).toBeUndefined();
    expect(isBeyondRetention({}, TTL + 1, TTL)).toBe(false);
  });
});

describe('a run', () => {
  const unread: Window = { after: 5, before: 9 };
  const leftOver: Window = { after: 5, before: 6, tries: 1 };
  const again: Window = { after: 5, before: 9, again: true };
  const resend: Window = { after: 5, before: 9, resend: true };

  test.each<[RunFacts['status'], readonly Window[], boolean]>([
    ['complete', [], false],
    ['incomplete', [unread], true],
    ['incomplete', [leftOver], true],
    ['incomplete', [again, unread], true],
    ['incomplete', [again], false],
    ['incomplete', [resend], false],
    ['skipped', [], true],
    ['failed', [], true],
  ])('that is %s with %j pending is behind: %s', (status, pending, expected) => {
    expect(report({ status, checkpoint: checkpointWith(1001, ...pending) }).isBehind).toBe(expected);
  });

  test('that was interrupted before it knew what is pending is behind', () => {
    expect(report({ status: 'incomplete', checkpoint: null }).isBehind).toBe(true);
  });

  test('that failed before it began has nothing but its error', () => {
    const error = new Error('no');
    const failed = failedReport({ mode: 'replay' }, 5, error);
    expect(failed).toMatchObject({ error, isBehind: true, lagSeconds: null, quarantineSize: null });
    expect(failed.summary).toMatchObject({ status: 'failed', mode: 'replay', strategy: null, fetched: 0, pending: [] });
  });
});

describe('the lag', () => {
  test.each<[string, Checkpoint | null, number | null]>([
    ['is not known without a checkpoint', null, null],
    ['before the first plan is all that is retained', checkpointWith(null), TTL],
    ['is none when everything is read', checkpointWith(5_000_001), 0],
    ['is that of the last plan when no run has planned since', checkpointWith(4_999_000), 1000],
    ['is that of the oldest unread second', checkpointWith(5_000_001, { after: 4_998_000, before: 4_999_000 }), 2000],
    ['is that of an entry that is left over', checkpointWith(5_000_001, { after: 10, before: 11, tries: 4 }), TTL],
    ['is not that of a backfill', checkpointWith(5_000_001, { after: 10, before: 11, again: true }), 0],
    ['is not that of a resend', checkpointWith(5_000_001, { after: 10, before: 11, resend: true }), 0],
  ])('%s', (_, checkpoint, expected) => {
    expect(lagOf(checkpoint, 5_000_000, TTL)).toEqual({
      lagSeconds: expected,
      purgeHeadroomSeconds: expected === null ? null : TTL - expected,
    });
  });

  test('never goes below zero, where the clock went back', () => {
    expect(lagOf(checkpointWith(5_000_001), 1000, TTL).lagSeconds).toBe(0);
  });
});
