import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { InvocationError } from '../../lambda/errors.ts';
import { type Checkpoint, NO_CHECKPOINT } from '../../lambda/ledger/checkpoint.ts';
import { backfillWindow, type PlanDeps, planScheduled } from '../../lambda/pipeline/plan.ts';
import { contains, isDue, type Window } from '../../lambda/pipeline/window.ts';

const HOUR = 3600;
const DAY = 86_400;

type Clocks = Pick<PlanDeps, 'sourceNow' | 'ownNow'>;

/** Plans on top of `checkpoint`; what the run would save, and whether it warned. */
function plan(checkpoint: Checkpoint, clocks: Clocks, deps: Partial<PlanDeps> = {}) {
  const warn = vi.fn();
  const { plan: change, overlapFrom } = planScheduled(checkpoint, {
    overlapSeconds: HOUR,
    readsEverything: false,
    log: { warn },
    ...clocks,
    ...deps,
  });
  const saved: Checkpoint = { ...checkpoint, ...change };
  return { ...saved, saved, change, overlapFrom, warned: warn.mock.calls.length > 0 };
}

/** A checkpoint of a run that planned up to now, and left nothing. */
const settled = ({ sourceNow, ownNow }: Clocks, more: Partial<Checkpoint> = {}): Checkpoint => ({
  format: 2,
  planned: sourceNow + 1,
  plannedAt: ownNow,
  pending: [],
  ...more,
});

/** Both clocks, `seconds` later. */
const later = ({ sourceNow, ownNow }: Clocks, seconds: number): Clocks => ({
  sourceNow: sourceNow + seconds,
  ownNow: ownNow + seconds,
});

/** A million seconds after the epoch; the function's clock shows another time of day. */
const START: Clocks = { sourceNow: 1_000_000, ownNow: 77_000_000 };

describe('a scheduled run', () => {
  test('that is the first reads everything retained, the second that is now included', () => {
    expect(plan(NO_CHECKPOINT, START)).toMatchObject({
      planned: 1_000_001,
      plannedAt: 77_000_000,
      pending: [{ after: 0, before: 1_000_001 }],
      warned: false,
    });
  });

  test('that is the first keeps a backfill that resends; any other it reads anyway', () => {
    const backfills: Window[] = [
      { after: 5, before: 9, resend: true },
      { after: 5, before: 9, again: true },
    ];
    const { pending } = plan({ ...NO_CHECKPOINT, pending: backfills }, START);
    expect(pending).toEqual([{ after: 0, before: 1_000_001 }, backfills[0]]);
  });

  test('reads what is new, and the overlap below it once more', () => {
    expect(plan(settled(START), later(START, HOUR))).toMatchObject({
      planned: 1_003_601,
      plannedAt: 77_003_600,
      pending: [
        { after: 996_401, before: 1_000_001, again: true },
        { after: 1_000_001, before: 1_003_601 },
      ],
      warned: false,
    });
  });

  test('reads with the smallest overlap the second of the last run again: rows may have been written in it since', () => {
    const { pending } = plan(settled(START), later(START, 60), { overlapSeconds: 1 });
    expect(pending).toEqual([
      { after: 1_000_000, before: 1_000_001, again: true },
      { after: 1_000_001, before: 1_000_061 },
    ]);
  });

  test('reads nothing from before the beginning of time', () => {
    const early = { sourceNow: 50, ownNow: 0 };
    expect(plan(settled(early), later(early, 10)).pending).toEqual([
      { after: 0, before: 51, again: true },
      { after: 51, before: 61 },
    ]);
  });

  test('keeps what is pending: unread, left over, backfills', () => {
    const pending: Window[] = [
      { after: 10, before: 20 },
      { after: 30, before: 31, tries: 2 },
      { after: 40, before: 50, again: true },
      { after: 60, before: 70, resend: true },
    ];
    expect(plan(settled(START, { pending }), later(START, HOUR)).pending.slice(0, 4)).toEqual(pending);
  });

  test('joins what is new to a backlog, and no overlap with it', () => {
    const backlog: Window = { after: 999_000, before: 1_000_001 };
    expect(plan(settled(START, { pending: [backlog] }), later(START, HOUR)).pending).toEqual([
      { after: 996_401, before: 999_000, again: true },
      { after: 999_000, before: 1_003_601 },
    ]);
  });
});

describe('a clock that went back', () => {
  const afterAnHour = (back: number, deps: Partial<PlanDeps> = {}) => {
    const { sourceNow, ownNow } = later(START, HOUR);
    return plan(settled(START), { sourceNow: sourceNow - back, ownNow }, deps);
  };

  test('by what clocks ordinarily differ is nothing to speak of', () => {
    expect(afterAnHour(59)).not.toHaveProperty('lead');
    expect(afterAnHour(60, { overlapSeconds: 1 }).warned).toBe(false);
    expect(afterAnHour(62, { overlapSeconds: 1 }).warned).toBe(true);
  });

  test('by less than the overlap is covered, and remembered', () => {
    expect(afterAnHour(600)).toMatchObject({
      lead: { seconds: 600, at: 77_003_600 },
      warned: false,
      pending: [
        { after: 1_000_001 - HOUR - 600, before: 1_000_001, again: true },
        { after: 1_000_001, before: 1_003_001 },
      ],
    });
  });

  test('by more than that: everything retained is read again, once, and nothing of it before what is unread', () => {
    const first = afterAnHour(2 * HOUR);
    expect(first).toMatchObject({
      planned: 996_401,
      lead: { seconds: 2 * HOUR },
      warned: true,
      pending: [{ after: 0, before: 996_401, again: true }],
    });
    expect(first.pending.some(isDue)).toBe(false);
  });

  test('by more than a day is read again, too, but not remembered', () => {
    const clocks = { sourceNow: START.sourceNow - 3 * DAY, ownNow: START.ownNow + HOUR };
    const { change, warned } = plan(settled(START), clocks);
    expect([warned, change.lead]).toEqual([true, undefined]);
  });

  test('is judged by how much time passed here, never by the time of day here', () => {
    for (const ownNow of [0, 5e9]) {
      const begin = { ...START, ownNow };
      expect(plan(settled(begin), later(begin, HOUR)).warned).toBe(false);
      const stuck = { sourceNow: begin.sourceNow, ownNow: ownNow + 2 * HOUR };
      expect(plan(settled(begin), stuck).warned).toBe(true);
    }
  });

  test('of the function’s own says nothing about the source', () => {
    const { warned, change } = plan(settled(START), { sourceNow: START.sourceNow + HOUR, ownNow: 5 });
    expect([warned, change.lead]).toEqual([false, undefined]);
  });

  test('is told without knowing when the last plan was', () => {
    const checkpoint: Checkpoint = { ...NO_CHECKPOINT, planned: 1_000_001 };
    const clocks = (back: number) => ({ sourceNow: START.sourceNow - back, ownNow: 5 });
    expect(plan(checkpoint, clocks(HOUR)).warned).toBe(false);
    expect(plan(checkpoint, clocks(HOUR + 1)).warned).toBe(true);
  });
});

describe('two nodes whose clocks differ', () => {
  /** Answers in turn, once an hour; the first is ahead. */
  function hours(leadSeconds: number, count: number) {
    let checkpoint: Checkpoint = settled(START);
    return Array.from({ length: count }, (_, index) => {
      const { sourceNow, ownNow } = later(START, (index + 1) * HOUR);
      const before = checkpoint.planned ?? 0;
      const run = plan(checkpoint, { sourceNow: sourceNow + (index % 2 === 0 ? leadSeconds : 0), ownNow });
      checkpoint = { ...run.saved, pending: [] };
      return { ...run, lookback: before - Math.min(...run.pending.map(({ after }) => after)) };
    });
  }

  test('by two hours: everything is read again once, then the lead is part of the overlap', () => {
    const runs = hours(2 * HOUR, 48);
    expect(runs.filter(({ lookback }) => lookback > 900_000)).toHaveLength(1);
    expect(runs.filter(({ warned }) => warned)).toHaveLength(1);
    expect(runs[1]).toMatchObject({ warned: true, lead: { seconds: 2 * HOUR } });
    for (const { lookback } of runs.slice(2)) expect(lookback).toBe(HOUR + 2 * HOUR);
  });

  test('and a third that is less ahead in between: how far the first and the last are apart is noticed all the same', () => {
    const lead = { seconds: 2 * HOUR, at: START.ownNow };
    // Each step is less than overlap and lead together; the way from the first to the last is more.
    const ahead = [4 * HOUR, 2 * HOUR, 0];
    let checkpoint = settled({ ...START, sourceNow: START.sourceNow + 2 * HOUR }, { lead });
    const runs = ahead.map((seconds, index) => {
      const { sourceNow, ownNow } = later(START, (index + 1) * HOUR);
      const run = plan(checkpoint, { sourceNow: sourceNow + seconds, ownNow });
      checkpoint = { ...run.saved, pending: [] };
      return run;
    });
    expect(runs.map(({ warned }) => warned)).toEqual([false, false, true]);
    expect(runs[2]).toMatchObject({ pending: [{ after: 0, again: true }], lead: { seconds: 4 * HOUR } });
    expect(plan(checkpoint, later(START, 4 * HOUR)).warned).toBe(false);
  });

  test('by a minute are no matter', () => {
    for (const { warned, lead } of hours(60, 10)) expect([warned, lead]).toEqual([false, undefined]);
  });

  test('by less than a day: the overlap begins so much earlier, and comes last while an earlier run’s is unfinished', () => {
    const overlapFrom = (more: Partial<Checkpoint>) => plan(settled(START, more), later(START, HOUR)).overlapFrom;
    const pending: Window[] = [{ after: 0, before: 10, again: true }];
    expect(overlapFrom({})).toBeUndefined();
    expect(overlapFrom({ pending })).toBe(START.sourceNow + 1 - HOUR);
    expect(overlapFrom({ pending, lead: { seconds: 5000, at: START.ownNow } })).toBe(START.sourceNow + 1 - HOUR - 5000);
  });

  test('the largest lead counts, for a day after one was last seen', () => {
    const lead = { seconds: 5000, at: START.ownNow };
    const seen = settled(START, { lead });
    const slower = later(START, HOUR);
    const smaller = plan(seen, { ...slower, sourceNow: slower.sourceNow - 100 });
    expect(smaller.lead).toEqual({ seconds: 5000, at: slower.ownNow });
    const lookbackAfter = (seconds: number) => 1_000_001 - (plan(seen, later(START, seconds)).pending[0]?.after ?? 0);
    expect(lookbackAfter(DAY)).toBe(HOUR + 5000);
    expect(lookbackAfter(DAY + 1)).toBe(HOUR);
  });
});

describe('a source that can only be read as a whole', () => {
  const whole = { readsEverything: true };
  const cursor = 'a';

  test('is read as a whole: what is new counts as new, all else is read again', () => {
    expect(plan(settled(START), later(START, HOUR), whole)).toMatchObject({
      planned: 1_003_601,
      pending: [
        { after: 0, before: 1_000_001, again: true },
        { after: 1_000_001, before: 1_003_601 },
      ],
      warned: false,
    });
  });

  test('plans while what is unfinished was read in another way: it cannot go on where that ended', () => {
    const begun = settled(START, { pending: [{ after: 5, before: 900, cursor }] });
    const isUnderWay = (window: Window) => window.cursor !== cursor;
    expect(plan(begun, later(START, HOUR), { ...whole, isUnderWay })).toMatchObject({ planned: 1_003_601 });
  });

  test('plans nothing while an earlier reading is unfinished', () => {
    const pending: Window[] = [
      { after: 0, before: 900_000, again: true, cursor },
      { after: 900_000, before: 1_000_001, cursor },
    ];
    expect(plan(settled(START, { pending }), later(START, HOUR), whole).change).toEqual({});
    expect(plan(settled(START, { pending }), later(START, HOUR)).change).not.toEqual({});
  });

  test.each<[string, Window]>([
    ['a backfill under way', { after: 0, before: 900_000, again: true, cursor }],
    ['what is left over', { after: 5, before: 6, tries: 1 }],
    ['what is unread and was not begun', { after: 5, before: 6 }],
  ])('does not wait for %s', (_, window) => {
    expect(plan(settled(START, { pending: [window] }), later(START, HOUR), whole).planned).toBe(1_003_601);
  });
});

describe('one plan after the other', () => {
  const steps = fc.array(fc.integer({ min: -4000, max: 4000 }), { minLength: 1, maxLength: 12 });

  test('leaves no second out, whatever the clock does: each was planned at some time', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 500 }), fc.boolean(), (changes, overlapSeconds, readsEverything) => {
        let checkpoint: Checkpoint = NO_CHECKPOINT;
        let clocks: Clocks = { sourceNow: 10_000, ownNow: 0 };
        const planned: Window[] = [];
        for (const change of changes) {
          clocks = { sourceNow: Math.max(0, clocks.sourceNow + change), ownNow: clocks.ownNow + 100 };
          const { saved } = plan(checkpoint, clocks, {
            overlapSeconds,
            readsEverything,
          });
          planned.push(...saved.pending);
          expect(saved.pending.every(({ after, before }) => after < before && before <= clocks.sourceNow + 1)).toBe(
            true,
          );
          checkpoint = { ...saved, pending: [] };
        }
        const end = Math.max(...planned.map(({ before }) => before));
        for (let second = 0; second < end; second += 97)
          expect(planned.some((window) => contains(window, second))).toBe(true);
      }),
    );
  });

  test('reads an entry that was written late by no more than the overlap', () => {
    const late = fc.record({ written: fc.nat(2000), lateness: fc.nat(100), slack: fc.integer({ min: 1, max: 50 }) });
    const pauses = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(late, pauses, ({ written, lateness, slack }, waits) => {
        let checkpoint: Checkpoint = NO_CHECKPOINT;
        let now = 0;
        let isRead = false;
        for (const wait of [...waits, 2200]) {
          now += wait;
          const clocks = { sourceNow: now, ownNow: now };
          const { warned, saved } = plan(checkpoint, clocks, { overlapSeconds: lateness + slack });
          expect(warned).toBe(false);
          isRead ||= now >= written + lateness && saved.pending.some((window) => contains(window, written));
          checkpoint = { ...saved, pending: [] };
        }
        expect(isRead).toBe(true);
      }),
    );
  });
});

describe('a backfill', () => {
  const window = (bounds: { after?: number; before?: number }, resend = false) =>
    backfillWindow({ ...bounds, resend }, 1000);

  test.each([
    [{}, { after: 0, before: 1001 }],
    [{ after: 10 }, { after: 10, before: 1001 }],
    [{ before: 20 }, { after: 0, before: 20 }],
    [
      { after: 10, before: 20 },
      { after: 10, before: 20 },
    ],
    [
      { after: 10, before: 5000 },
      { after: 10, before: 1001 },
    ],
    [{ after: 1000 }, { after: 1000, before: 1001 }],
  ])('of %j is the window %j; nobody waits for it', (bounds, expected) => {
    expect(window(bounds)).toEqual({ ...expected, again: true });
    expect(window(bounds, true)).toEqual({ ...expected, resend: true });
    expect(isDue(window(bounds))).toBe(false);
  });

  test('of the source’s future is refused, with its clock', () => {
    expect(() => window({ after: 1001 })).toThrow(InvocationError);
    expect(() => window({ after: 1001 })).toThrow('got 1970-01-01T00:16:41Z, and its clock says 1970-01-01T00:16:40Z');
  });
});
