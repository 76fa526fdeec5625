import { type Ledger, OWN } from '../../ledger/ledger.ts';
import type { SinkReader } from '../../pipeline/sink.ts';
import type { Window } from '../../pipeline/window.ts';
import type { Shown, Slice } from './collect.ts';

/** What became of the ids of one slice. */
export interface Comparison {
  readonly source: number;
  readonly sink: number;
  readonly own: number;
  readonly ignored: number;
  readonly quarantined: number;
  readonly missing: readonly string[];
  /** Copies in the sink beyond the first of each. */
  readonly duplicates: number;
  /** Every id the sink holds in the slice, once. */
  readonly found: readonly string[];
  /** What the sink holds and the ledger does not know, with what finds it there. */
  readonly unmarked: readonly { readonly id: string; readonly reference: string; readonly shown: Shown }[];
}

export interface CompareDeps {
  readonly ledger: Pick<Ledger, 'lookup'>;
  readonly reader: SinkReader;
  readonly signal: AbortSignal;
}

const IDS_PER_LOOKUP = 1000;

/**
 * Compares what the source shows with what the sink holds. The ledger is asked only what became of ids that the sink does not
 * hold, and which of the others it does not know; it is never taken for the sink.
 */
export async function compare({ window, shown }: Slice, deps: CompareDeps): Promise<Comparison> {
  const references = new Map<string, string>();
  let copies = 0;
  for await (const events of deps.reader.uids(window, deps.signal))
    for (const { uid, reference } of events) {
      copies += 1;
      if (!references.has(uid)) references.set(uid, reference);
    }
  const inWindow = [...references.keys()];
  for (const beside of besides(window, shown, references))
    for await (const events of deps.reader.uids(beside, deps.signal))
      for (const { uid, reference } of events)
        if (shown.has(uid) && !references.has(uid)) references.set(uid, reference);
  const outcomes = await lookUp([...shown.keys()], deps.ledger);
  let sink = 0;
  let own = 0;
  let ignored = 0;
  let quarantined = 0;
  const missing: string[] = [];
  const unmarked: { id: string; reference: string; shown: Shown }[] = [];
  for (const [id, one] of shown) {
    const outcome = outcomes.get(id) ?? null;
    const reference = references.get(id);
    if (reference !== undefined) {
      sink += 1;
      if (outcome === null) unmarked.push({ id, reference, shown: one });
    } else if (outcome === OWN) own += 1;
    else if (outcome?.startsWith('quarantined:')) quarantined += 1;
    else if (one.isIgnored) ignored += 1;
    else missing.push(id);
  }
  return {
    ...{ source: shown.size, sink, own, ignored, quarantined, missing, unmarked },
    duplicates: copies - inWindow.length,
    found: inWindow,
  };
}

/**
 * Where the sink may hold the others: an event tells when a thing was done, and a source that goes by when it was written down may
 * show it in the next slice. Empty for a source that goes by the same time.
 */
function besides(
  { after, before }: Window,
  shown: ReadonlyMap<string, Shown>,
  found: ReadonlyMap<string, unknown>,
): Window[] {
  let lowest = after;
  let highest = before;
  for (const [id, { eventSecond }] of shown) {
    if (found.has(id)) continue;
    lowest = Math.min(lowest, eventSecond);
    highest = Math.max(highest, eventSecond + 1);
  }
  return [
    { after: lowest, before: after },
    { after: before, before: highest },
  ].filter((window) => window.after < window.before);
}

async function lookUp(ids: readonly string[], ledger: CompareDeps['ledger']): Promise<Map<string, string | null>> {
  const outcomes = new Map<string, string | null>();
  for (let start = 0; start < ids.length; start += IDS_PER_LOOKUP) {
    const some = ids.slice(start, start + IDS_PER_LOOKUP);
    const found = await ledger.lookup(some);
    some.forEach((id, index) => outcomes.set(id, found[index] ?? null));
  }
  return outcomes;
}
