import { releasing } from './deliver.ts';
import { forward, type ForwardDeps, type SettledPage } from './forward.ts';
import type { Capabilities, ScanStrategy } from './kong/capabilities.ts';
import type { Kong } from './kong/client.ts';
import { type Entry, fullScanPages, ScanMismatch, timeOrderedPages } from './kong/scan.ts';
import type { Checkpoint, Ledger } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import type { Plan } from './plan.ts';
import { contains, merge, subtract, type Window } from './window.ts';

/** The run's checkpoint: what is pending, as last saved. */
export interface Progress {
  current(): Checkpoint;
  /** Saves the checkpoint with these members replaced. Without a ledger to write to (`dryRun`), only remembers it. */
  update(change: Plan): Promise<void>;
}

export interface DrainDeps {
  readonly kong: Kong;
  readonly capabilities: Capabilities;
  readonly pageSize: number;
  readonly progress: Progress;
  /** A full scan considers every entry, not only those in pending windows. */
  readonly everything: boolean;
  /** Upper end of what a full scan that begins now will have covered, epoch seconds. */
  readonly before: number;
  readonly ledger: Ledger;
  readonly forward: Omit<ForwardDeps, 'resend' | 'ledger'>;
  readonly log: Log;
}

/**
 * Works on every pending window once, the newest first, and saves after each page what is left. Fresh entries do not wait behind
 * a backlog; the backlog keeps what time remains.
 *
 * When Kong turns out not to keep to the strategy, the whole log is read.
 *
 * @returns the strategy used last
 * @throws what reading, putting or saving threw, after the progress made until then was saved
 */
export async function drain(deps: DrainDeps): Promise<ScanStrategy> {
  const { strategy, version } = deps.capabilities;
  const pendingBefore = deps.progress.current().pending;
  try {
    if (strategy !== 'full-scan') {
      for (const window of pendingBefore.toReversed()) await drainWindow(window, strategy, deps);
      return strategy;
    }
  } catch (error) {
    if (!(error instanceof ScanMismatch)) throw error;
    // Once a Kong is not what it says, its order cannot be relied on either: few rows may lie in order by chance.
    deps.log.warn(`Kong does not keep to the scan strategy ${strategy}; reading all of its log instead`, {
      kongVersion: version,
      reason: error.message,
    });
    // What shrank under the wrong assumption is read again; the ledger drops what was forwarded.
    await deps.progress.update({ pending: merge([...deps.progress.current().pending, ...pendingBefore]) });
  }
  await drainByFullScan(deps);
  return 'full-scan';
}

/** Pages come newest first, so the window shrinks from above; a second is given up only when all of it is settled. */
async function drainWindow(
  window: Window,
  strategy: Exclude<ScanStrategy, 'full-scan'>,
  deps: DrainDeps,
): Promise<void> {
  const { progress, kong, pageSize } = deps;
  if (deps.forward.stopping.aborted) return;
  const others = progress.current().pending.filter((other) => other !== window);
  let open: Window | null = null;
  const pages = timeOrderedPages(kong, strategy, window, pageSize);
  const resends = window.resend === true;
  for await (const page of forward(
    pages,
    forwarding(deps, resends, () => resends),
  )) {
    open = hull(open, openSeconds(page, window));
    const unread =
      page.rest.kind === 'window' && page.rest.before > window.after ? { ...window, before: page.rest.before } : null;
    const left = hull(unread, open);
    await saveThenThrow(page, progress.update({ pending: merge([...others, ...(left ? [left] : [])]) }));
  }
}

/**
 * Reads the whole log in Kong's order, from where an earlier run stopped. `covers` remembers what the scan will have settled
 * when it ends: a window that is put on the list meanwhile stays pending.
 */
async function drainByFullScan(deps: DrainDeps): Promise<void> {
  const { progress, kong, pageSize, capabilities, everything } = deps;
  const { pending, fullScan: saved } = progress.current();
  // Not where the version cannot be read this time either: an offset of another order would pass over rows.
  const resumed = saved?.kongVersion === capabilities.version ? saved : null;
  if (!resumed && pending.length === 0) return;
  const resending = pending.filter(({ resend }) => resend);
  const covers = resumed?.covers ?? (everything ? [{ after: 0, before: deps.before }, ...resending] : pending);
  const inSome = (windows: readonly Window[], { timestamp }: Entry) =>
    timestamp !== null && windows.some((window) => contains(window, timestamp));
  const wanted = (entry: Entry) => everything || entry.timestamp === null || inSome(pending, entry);

  let open: Window | null = null;
  const pages = fullScanPages(kong, pageSize, resumed?.offset ?? null, wanted);
  const resend = (entry: Entry) => inSome(resending, entry);
  for await (const page of forward(pages, forwarding(deps, resending.length > 0, resend))) {
    open = hull(open, openSeconds(page, { after: 0, before: deps.before }));
    const { rest } = page;
    if (rest.kind === 'nothing') {
      const left = [...subtract(progress.current().pending, covers), ...(open ? [open] : [])];
      await saveThenThrow(
        page,
        progress.update({ fullScan: null, pending: merge(open ? [...left, ...pending] : left) }),
      );
    } else if (rest.kind === 'offset' && !open) {
      const fullScan = { offset: rest.offset, kongVersion: capabilities.version, covers: [...covers] };
      await saveThenThrow(page, progress.update({ fullScan }));
    } else if (page.failure !== null) {
      throw page.failure;
    }
  }
}

function forwarding(deps: DrainDeps, resends: boolean, resend: (entry: Entry) => boolean): ForwardDeps {
  return { ...deps.forward, resend, ledger: resends ? releasing(deps.ledger) : deps.ledger };
}

/** A failure to save must not hide the failure that came first. */
async function saveThenThrow(page: SettledPage, save: Promise<void>): Promise<void> {
  try {
    await save;
  } catch (error) {
    throw page.failure ?? error;
  }
  if (page.failure !== null) throw page.failure;
}

/** The stretch that holds every entry without outcome; all of `window` when one of them has no timestamp. */
function openSeconds({ open }: SettledPage, window: Window): Window | null {
  if (open.length === 0) return null;
  const seconds = open.filter((second) => second !== null);
  if (seconds.length < open.length) return window;
  return { ...window, after: Math.min(...seconds), before: Math.max(...seconds) + 1 };
}

function hull(a: Window | null, b: Window | null): Window | null {
  if (!a || !b) return a ?? b;
  return { ...a, after: Math.min(a.after, b.after), before: Math.max(a.before, b.before) };
}
