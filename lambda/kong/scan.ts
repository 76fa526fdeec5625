import { ForwarderError, KongResponseError } from '../errors.ts';
import type { Window } from '../window.ts';
import { contains } from '../window.ts';
import type { ScanStrategy } from './capabilities.ts';
import type { Kong } from './client.ts';
import type { AuditEntry, InvalidEntry } from './entry.ts';
import { fetchPage, type KongPage } from './page.ts';

export type Entry = AuditEntry | InvalidEntry;

/** The entries of one page that are of interest, and what is left to read once each of them has an outcome. */
export interface ScanPage {
  readonly entries: readonly Entry[];
  readonly rest:
    | { readonly kind: 'window'; readonly before: number }
    | { readonly kind: 'offset'; readonly offset: string }
    | { readonly kind: 'nothing' };
}

/** Kong did not keep to the strategy's assumption, and reading on with it could lose entries. */
export class ScanMismatch extends ForwarderError {
  override readonly name = 'ScanMismatch';
  readonly code = 'SCAN_MISMATCH';
}

/**
 * Pages of one window, newest first. With `filtered`, Kong does the filtering and every entry is checked against the window;
 * with `newest-first` the scan passes over what is above the window and stops below it.
 *
 * @param emptied the scan before this one was of the same window, and ended where rows had just been
 * @throws {ScanMismatch} before yielding the page on which the filter or the order turns out not to hold
 */
export async function* timeOrderedPages(
  kong: Kong,
  strategy: Exclude<ScanStrategy, 'full-scan'>,
  window: Window,
  size: number,
  emptied = false,
): AsyncGenerator<ScanPage> {
  const filter = strategy === 'filtered' ? { after: window.after, before: window.before } : {};
  let lowest = Infinity;
  for await (const page of keysetPages(kong, { size, ...filter })) {
    if (page.endedEarly !== null) {
      // Without an offset, what is left shows whether there is more.
      const rest = { ...window, before: Math.min(lowest + 1, window.before) };
      const again = rest.before === window.before;
      if (again && emptied) throw page.endedEarly;
      yield* timeOrderedPages(kong, strategy, rest, size, again);
      return;
    }
    const { entries, offset } = page;
    for (const { timestamp } of entries) {
      if (timestamp === null) continue;
      if (strategy === 'filtered' && !contains(window, timestamp))
        throw new ScanMismatch(`asked for [${window.after}, ${window.before}), got an entry of second ${timestamp}`);
      if (timestamp > lowest) throw new ScanMismatch(`expected newest first, got second ${timestamp} after ${lowest}`);
      lowest = timestamp;
    }
    const ended = offset === null || lowest < window.after;
    yield {
      entries: entries.filter(({ timestamp }) => timestamp === null || contains(window, timestamp)),
      rest: ended ? { kind: 'nothing' } : { kind: 'window', before: Math.min(lowest + 1, window.before) },
    };
    if (ended) return;
  }
}

/**
 * Pages of the whole log in Kong's own order, from `offset` on, with the entries `wanted` picks.
 *
 * An offset that Kong refuses or answers with nothing starts the scan from the beginning, once: after an upgrade Kong may read
 * it as another key (Kong documents no lifetime for offsets).
 */
export async function* fullScanPages(
  kong: Kong,
  size: number,
  offset: string | null,
  wanted: (entry: Entry) => boolean,
): AsyncGenerator<ScanPage> {
  for (let start = offset, restarted = false; ; start = null, restarted = true) {
    for await (const page of keysetPages(kong, { size, ...(start !== null && { offset: start }) })) {
      if (page.endedEarly !== null) {
        if (restarted) throw page.endedEarly;
        break;
      }
      yield {
        entries: page.entries.filter(wanted),
        rest: page.offset === null ? { kind: 'nothing' } : { kind: 'offset', offset: page.offset },
      };
      if (page.offset === null) return;
    }
  }
}

interface KeysetPage extends KongPage {
  /**
   * Set when Kong gave an offset and has nothing to give for it, or refuses it. Either the last rows have just expired, or Kong
   * reads the offset as another key since an upgrade; then this only looks like the last page.
   */
  readonly endedEarly: KongResponseError | null;
}

async function* keysetPages(
  kong: Kong,
  query: { size: number; after?: number; before?: number; offset?: string },
): AsyncGenerator<KeysetPage> {
  for (let next = query; ;) {
    const page = await fetchPage(kong, next).catch((error: unknown) => {
      if (next.offset === undefined || !(error instanceof KongResponseError) || error.status !== 400) throw error;
      return error;
    });
    if (page instanceof KongResponseError) {
      yield { entries: [], offset: null, size: next.size, endedEarly: page };
      return;
    }
    const ended = next.offset !== undefined && page.entries.length === 0 && page.offset === null;
    yield { ...page, endedEarly: ended ? emptyPage(kong) : null };
    if (page.offset === null) return;
    if (page.offset === next.offset)
      throw new KongResponseError(
        `Expected a new offset on every page of ${kong.adminApi}/audit/requests, got the same one twice: does a proxy drop the query string?`,
        200,
      );
    // Where a page was too large, the next ones probably are: grow again step by step.
    next = { ...query, size: Math.min(query.size, page.size * 2), offset: page.offset };
  }
}

function emptyPage(kong: Kong): KongResponseError {
  return new KongResponseError(
    `Expected entries from GET ${kong.adminApi}/audit/requests for the offset Kong gave, got an empty page. ` +
      'Is Kong being upgraded? The next run reads on.',
    200,
  );
}
