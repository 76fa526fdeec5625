import { hash } from 'node:crypto';
import { InvocationError } from '../../errors.ts';
import { isInterruption } from '../../pipeline/deadline.ts';
import { type Forwarding, forwarding, type RunDeps } from '../forwarding.ts';
import { forward } from '../../pipeline/forward.ts';
import { isBeyondRetention } from '../../pipeline/report.ts';
import type { SinkReader } from '../../pipeline/sink.ts';
import type { OpenSource, Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { toRfc3339 } from '../../rfc-3339.ts';
import { collect, type Slice } from './collect.ts';
import { type Comparison, compare } from './compare.ts';

export interface VerifyRequest {
  /** Epoch seconds. Both absent: the day before, UTC. */
  readonly after?: number;
  readonly before?: number;
  readonly repair: boolean;
}

/** What `verify` found. `source` = `sink` + `own` + `ignored` + `quarantined` + `missing`, each id counted once. */
export interface VerifyReport {
  /** Whether the window was compared to its end, not what was found. `skipped`: a run holds the lock, and a repair writes. */
  readonly status: 'complete' | 'incomplete' | 'skipped';
  readonly after: number;
  readonly before: number;
  readonly source: number;
  readonly sink: number;
  readonly own: number;
  /** What the present filter leaves out and the sink does not hold. */
  readonly ignored: number;
  readonly quarantined: number;
  readonly missing: number;
  /** At most 100. */
  readonly missingIds: readonly string[];
  readonly duplicates: number;
  /** Of what was missing, forwarded now. */
  readonly repaired: number;
  /** Marks written for what the sink has and the ledger did not know. */
  readonly marked: number;
  /** SHA-256 over the sorted ids found in the sink, each followed by a newline; of the part that was compared. */
  readonly digest: string;
  /** Only when incomplete: everything from here to `before` was compared. */
  readonly verifiedTo?: number;
  readonly beyondRetention?: true;
}

/** Events take minutes to show in the sink. */
const SETTLING_SECONDS = 30 * 60;
const MOST_MISSING_IDS = 100;
/** Ids in memory for the digest. What comes after is another call's. */
const MOST_IDS = 1_000_000;
const DAY = 86_400;

/**
 * Compares the ids the source shows with those the sink holds, slice by slice, the newest first. Memory is bounded by the ids of one
 * slice and, for the digest, `MOST_IDS`.
 *
 * @throws {InvocationError} the window is not closed yet, or nothing is set up to read the sink
 * @throws {VerifyError} the sink cannot be asked
 */
export async function verify(request: VerifyRequest, deps: RunDeps): Promise<VerifyReport> {
  const window = closedWindow(request, deps);
  const isBeyond = isBeyondRetention(request, deps.now() / 1000, deps.settings.auditTtlSeconds);
  const { reader } = deps.sink;
  if ('missing' in reader)
    throw new InvocationError('Nothing is set up to read what the sink holds.', { fix: reader.missing });
  const { ledger, runId, lockSeconds } = deps;
  if (request.repair && !(await ledger.lock(runId, lockSeconds))) return report(window, isBeyond, newSums(), 'skipped');
  try {
    const source = await deps.source.open();
    return await verifySlices({ window, request, isBeyond, source, reader }, deps);
  } finally {
    if (request.repair) await ledger.unlock(runId).catch(() => undefined);
  }
}

function closedWindow({ after, before }: VerifyRequest, { now, settings }: RunDeps): Window {
  const ownNow = Math.floor(now() / 1000);
  const midnight = ownNow - (ownNow % DAY);
  const latest = ownNow - SETTLING_SECONDS;
  const isDefault = after === undefined && before === undefined;
  const end = before ?? (isDefault ? midnight : latest);
  const begin = after ?? (isDefault ? midnight - DAY : Math.max(0, ownNow - settings.auditTtlSeconds));
  if (end > latest)
    throw new InvocationError(
      `"before" must be at least 30 minutes ago, for events take minutes to show: got ${toRfc3339(end)}, and it is ${toRfc3339(ownNow)} now.`,
      {
        fix: `Give "before" as ${toRfc3339(latest)} or earlier.`,
      },
    );
  if (begin >= end)
    throw new InvocationError(`"after" must be earlier than "before": got ${toRfc3339(begin)} and ${toRfc3339(end)}.`, {
      fix: 'Give both, "after" first.',
    });
  return { after: begin, before: end, again: true };
}

interface Work {
  readonly window: Window;
  readonly request: VerifyRequest;
  readonly isBeyond: boolean;
  readonly source: OpenSource;
  readonly reader: SinkReader;
}

type Sums = ReturnType<typeof newSums>;

const newSums = () => ({
  source: 0,
  sink: 0,
  own: 0,
  ignored: 0,
  quarantined: 0,
  missing: 0,
  duplicates: 0,
  repaired: 0,
  marked: 0,
  missingIds: [] as string[],
  found: [] as string[],
});

async function verifySlices({ window, request, isBeyond, source, reader }: Work, deps: RunDeps): Promise<VerifyReport> {
  const { ledger, deadline, settings } = deps;
  const { stopping } = deadline;
  const sums = newSums();
  const repairing = request.repair ? forwarding(deps, { quarantined: () => undefined }) : null;
  let verifiedTo = window.before;
  while (verifiedTo > window.after && sums.found.length < MOST_IDS) {
    deadline.check();
    if (stopping.aborted) break;
    try {
      const slice = await collect(
        { ...window, before: verifiedTo },
        { source, stopping, isIgnored: settings.isIgnored },
      );
      if (!slice) break;
      const comparison = await compare(slice, { ledger, reader, signal: stopping });
      if (repairing && !(await repair(slice, comparison, { source, repairing, deps, sums }))) break;
      add(sums, comparison);
      verifiedTo = slice.window.after;
    } catch (error) {
      if (!isInterruption(error)) throw error;
      break;
    }
  }
  if (repairing?.traffic.failure()) throw repairing.traffic.failure() as Error;
  return report(window, isBeyond, sums, verifiedTo > window.after ? 'incomplete' : 'complete', verifiedTo);
}

function add(sums: Sums, comparison: Comparison): void {
  for (const name of ['source', 'sink', 'own', 'ignored', 'quarantined', 'duplicates'] as const)
    sums[name] += comparison[name];
  sums.missing += comparison.missing.length;
  sums.missingIds.push(...comparison.missing.slice(0, MOST_MISSING_IDS - sums.missingIds.length));
  for (const id of comparison.found) sums.found.push(id);
}

interface Repair {
  readonly source: OpenSource;
  readonly repairing: Forwarding;
  readonly deps: RunDeps;
  readonly sums: Sums;
}

/**
 * Marks what the sink holds and the ledger does not know, and forwards what is missing, which is read again for it.
 *
 * @returns false when the time was up first; the slice must be compared again then
 */
async function repair({ window }: Slice, { missing, unmarked }: Comparison, how: Repair): Promise<boolean> {
  const { source, repairing, deps, sums } = how;
  await deps.ledger.mark(
    unmarked.map(({ id, reference, shown }) => ({
      id,
      value: reference,
      ttlSeconds: repairing.ttlSeconds({ id, ttlSeconds: shown.ttlSeconds }),
    })),
  );
  sums.marked += unmarked.length;
  if (missing.length === 0) return true;
  const wanted = new Set(missing);
  const before = deps.tally.forwarded;
  let isWhole = true;
  for await (const page of forward(only(wanted, source.pages([window])), {
    ...repairing,
    resends: () => true,
    tries: () => 0,
  })) {
    if (page.failure !== null) throw page.failure;
    isWhole &&= page.left !== null;
  }
  sums.repaired += deps.tally.forwarded - before;
  return isWhole && !deps.deadline.stopping.aborted;
}

async function* only(wanted: ReadonlySet<string>, pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  for await (const page of pages) {
    const items = page.items.filter(({ id }) => wanted.has(id));
    if (items.length > 0) yield { ...page, items };
  }
}

function report(
  { after, before }: Window,
  isBeyond: boolean,
  { found, ...sums }: Sums,
  status: VerifyReport['status'],
  verifiedTo = before,
): VerifyReport {
  return {
    status,
    after,
    before,
    ...sums,
    digest: digestOf(found),
    ...(status === 'incomplete' && { verifiedTo }),
    ...(isBeyond && { beyondRetention: true as const }),
  };
}

/** Sorted as bytes of UTF-8, as `sort` under `LC_ALL=C` and SQL do. */
export function digestOf(ids: readonly string[]): string {
  const sorted = ids.map((id) => Buffer.from(id)).sort((a, b) => Buffer.compare(a, b));
  return `sha256:${hash('sha256', Buffer.concat(sorted.flatMap((id) => [id, NEWLINE])))}`;
}

const NEWLINE = Buffer.from('\n');
