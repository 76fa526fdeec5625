import type { Handler, InvocationContext } from './aws-server.ts';
import { NOON } from './terminal.ts';

const DAY = 86_400;
const TTL = 30 * DAY;

interface Span {
  after: number;
  before: number;
}

/** What a run of the fake does with its time. */
export interface Pace {
  /** Seconds of the log that one second of a run reads. */
  readonly reads: number;
  /** A run ends after this many seconds, done or not. */
  readonly lasts: number;
  /** Seconds before an asynchronous invocation begins. */
  readonly begins: number;
}

/**
 * A forwarder that needs no Kong, no Redis and no AWS: it answers every mode with the documented shape, and its runs read the log at a
 * pace, on the clock of the test. What it does is what an operator sees, nothing more.
 */
export interface FakeForwarder {
  readonly handler: Handler;
  pace: Pace;
  planned: number | null;
  pending: Span[];
  quarantined: Record<string, unknown>[];
  lastRun: { at: string; summary: Record<string, unknown> } | null;
  /** Another run, which holds the lock until then. */
  busyUntil: number;
  /** What every run fails with, before it puts anything on its list, or after. */
  fails: { readonly error: Error; readonly listed: boolean; readonly locksForSeconds?: number } | null;
  /** Modes that fail, next one first. */
  readonly failing: Map<string, Error[]>;
  /** Answers given instead, by mode, next one first. */
  readonly scripted: Map<string, unknown[]>;
  /** Whether the answers say how many entries the run has read. */
  countsEntries: boolean;
}

interface Run {
  readonly id: string;
  readonly mode: 'scheduled' | 'backfill';
  readonly startsAt: number;
  readonly windows: Span[];
  readonly failed: boolean;
}

export function fakeForwarder(now: () => number): FakeForwarder {
  let running: Run | null = null;
  let broken = { id: '', until: 0 };
  const fake: FakeForwarder = {
    handler: (event, context) => answer(event as Record<string, unknown>, context),
    pace: { reads: 3600, lasts: 900, begins: 0 },
    planned: NOON - 3600,
    pending: [],
    quarantined: [],
    lastRun: null,
    busyUntil: 0,
    fails: null,
    failing: new Map(),
    scripted: new Map(),
    countsEntries: true,
  };
  return fake;

  async function answer(event: Record<string, unknown>, context: InvocationContext): Promise<unknown> {
    await Promise.resolve();
    const mode = String(event['mode']);
    const failure = fake.failing.get(mode)?.shift();
    if (failure) throw failure;
    const script = fake.scripted.get(mode)?.shift();
    if (script !== undefined) return script;
    settle();
    if (mode === 'status') return status();
    if (mode === 'scheduled' || mode === 'backfill') return work(mode, event, context);
    throw error('InvocationError', `The invocation was not understood: mode ${mode}`);
  }

  function status() {
    const watermark = Math.min(fake.planned ?? 0, ...fake.pending.map(({ after }) => after));
    const lagSeconds = Math.min(now() - watermark, TTL);
    return {
      status: 'ok',
      source: 'kong',
      sink: 'cloudtrail-lake',
      watermark: fake.planned === null ? null : watermark,
      lagSeconds,
      purgeHeadroomSeconds: TTL - lagSeconds,
      pending: fake.pending,
      quarantine: { size: fake.quarantined.length, byCode: byCode() },
      lock: lock(),
      lastRun: fake.lastRun,
    };
  }

  function byCode() {
    const codes = fake.quarantined.map(({ errorCode }) => String(errorCode));
    return Object.fromEntries(codes.map((code) => [code, codes.filter((other) => other === code).length]));
  }

  function lock() {
    if (fake.busyUntil > now()) return { runId: 'another/run', secondsLeft: fake.busyUntil - now() };
    if (broken.until > now()) return { runId: broken.id, secondsLeft: broken.until - now() };
    if (running === null || running.startsAt > now()) return null;
    const read = (now() - running.startsAt) * fake.pace.reads;
    const secondsLeft = running.startsAt + fake.pace.lasts + 30 - now();
    return { runId: running.id, secondsLeft, ...(fake.countsEntries && { fetched: Math.floor(read / 60) }) };
  }

  function work(mode: 'scheduled' | 'backfill', event: Record<string, unknown>, context: InvocationContext): unknown {
    const summary = {
      status: 'skipped',
      mode,
      fetched: 0,
      forwarded: 0,
      watermark: fake.planned,
      pending: fake.pending,
    };
    if (event['dryRun']) {
      if (fake.fails) throw fake.fails.error;
      return {
        ...summary,
        status: 'complete',
        dryRun: true,
        fetched: 12,
        wouldForward: 0,
        wouldQuarantine: 0,
        pending: [],
      };
    }
    if (lock() !== null) return summary;
    if (fake.fails && !fake.fails.listed) {
      const { locksForSeconds = 0 } = fake.fails;
      if (locksForSeconds > 0) broken = { id: `${context.awsRequestId}/1`, until: now() + locksForSeconds };
      throw fake.fails.error;
    }
    const from = mode === 'scheduled' ? (fake.planned ?? 0) - 3600 : (timeOf(event['after']) ?? 0);
    const to = timeOf(event['before']) ?? now() + 1;
    fake.pending.push({ after: Math.max(0, from), before: to });
    if (mode === 'scheduled') fake.planned = to;
    if (fake.fails) throw fake.fails.error;
    const begins = context.invocationType === 'Event' ? fake.pace.begins : 0;
    running = {
      id: `${context.awsRequestId}/1`,
      mode,
      startsAt: now() + begins,
      windows: structuredClone(fake.pending),
      failed: false,
    };
    if (context.invocationType === 'Event') return summary;
    // Nobody waits in virtual time for what is asked synchronously.
    settle(now() + fake.pace.lasts);
    return {
      ...summary,
      status: fake.pending.length > 0 ? 'incomplete' : 'complete',
      fetched: 60,
      forwarded: 12,
      duplicates: 48,
      watermark: to,
      pending: fake.pending,
      durationMs: 812,
    };
  }

  /** What the run at work has read by now; from the upper end down, as a run does. */
  function settle(at = now()): void {
    if (running === null || running.startsAt > at) return;
    const elapsed = Math.min(at - running.startsAt, fake.pace.lasts);
    let read = elapsed * fake.pace.reads;
    fake.pending = [...running.windows]
      .sort((a, b) => b.before - a.before)
      .flatMap((window) => {
        const after = Math.max(window.after, now() - TTL);
        const taken = Math.min(read, window.before - after);
        read -= taken;
        return taken >= window.before - after ? [] : [{ after: window.after, before: window.before - taken }];
      });
    const isOver = fake.pending.length === 0 || elapsed >= fake.pace.lasts;
    if (!isOver) return;
    if (running.mode === 'scheduled') {
      const status = fake.pending.length > 0 ? 'incomplete' : 'complete';
      fake.lastRun = {
        at: new Date(at * 1000).toISOString(),
        summary: {
          status,
          mode: 'scheduled',
          fetched: 60,
          forwarded: 12,
          duplicates: 48,
          watermark: fake.planned,
          pending: fake.pending,
          durationMs: elapsed * 1000,
        },
      };
    }
    running = null;
  }
}

const timeOf = (value: unknown): number | null => (typeof value === 'string' ? Date.parse(value) / 1000 : null);

export function error(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
