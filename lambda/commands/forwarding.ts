import type { Ledger, QuarantineRecord } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { Item } from '../pipeline/activity.ts';
import type { Deadline } from '../pipeline/deadline.ts';
import type { ForwardDeps } from '../pipeline/forward.ts';
import type { Progress } from '../pipeline/progress.ts';
import type { Refusal } from '../pipeline/quarantine.ts';
import type { RunSettings } from '../pipeline/settings.ts';
import type { Sink } from '../pipeline/sink.ts';
import type { Source } from '../pipeline/source.ts';
import type { Tally } from '../pipeline/tally.ts';
import { createTraffic } from '../pipeline/traffic.ts';
import { createTurns } from '../pipeline/turns.ts';

/** The parts of one deployment, for one run. */
export interface RunDeps {
  readonly settings: RunSettings;
  readonly source: Source;
  readonly sink: Sink;
  readonly ledger: Ledger;
  readonly deadline: Deadline;
  /** Unique to this run: it names the holder of the lock. */
  readonly runId: string;
  /** How long the lock outlives a run that dies. */
  readonly lockSeconds: number;
  readonly tally: Tally;
  readonly log: Log;
  /** Milliseconds since the epoch; the source's clock decides wherever it can. */
  readonly now: () => number;
}

/** What forwarding needs, for one run; what is asked for again, and how often it was tried, depends on the pages. */
export type Forwarding = Omit<ForwardDeps, 'resends' | 'tries'>;

export function forwarding(deps: RunDeps, progress: Pick<Progress, 'quarantined'>): Forwarding {
  const { settings, source, sink, ledger, deadline, tally, log } = deps;
  const checkTime = () => {
    deadline.check();
  };
  return {
    sink,
    ledger,
    progress,
    traffic: createTraffic(settings.putConcurrency, deadline.stopping),
    turns: createTurns(checkTime),
    signals: deadline,
    claims: new Set(),
    overdue: [],
    isIgnored: settings.isIgnored,
    whole: () => undefined,
    toRecord: (item, refusal) => toRecord(item, refusal, deps),
    ttlSeconds: ({ ttlSeconds }) => Math.max(0, ttlSeconds ?? settings.auditTtlSeconds) + settings.ttlGraceSeconds,
    tally,
    log,
    checkTime,
    halt: (failure) => {
      deadline.halt(failure);
    },
  };

  function toRecord(item: Item, refusal: Refusal, { now }: RunDeps): QuarantineRecord {
    const { row, whole } = source.keep(item.row, settings.redactor);
    return { id: item.id, entry: row, ...refusal, at: new Date(now()).toISOString(), ...whole };
  }
}
