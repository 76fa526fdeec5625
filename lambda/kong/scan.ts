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
 * @throws {ScanMismatch} before yielding the page on which the filter or the order turns out not to hold
 */
export async function* timeOrderedPages(
  kong: Kong,
  strategy: Exclude<ScanStrategy, 'full-scan'>,
  window: Window,
  size: number,
): AsyncGenerator<ScanPage> {
  const filter = strategy === 'filtered' ? { after: window.after, before: window.before } : {};
  let lowest = Infinity;
  for await (const page of keysetPages(kong, { size, ...filter })) {
    if (page.endedEarly) {
      // Without an offset, what is left shows whether there is more.
      const rest = { ...window, before: Math.min(lowest + 1, window.before) };
      if (rest.before === window.before) throw endedEarly(kong);
      yield* timeOrderedPages(kong, strategy, rest, size);
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
 * An offset of an earlier run that Kong refuses, or any offset that Kong answers with nothing, starts the scan from the
 * beginning, once: after an upgrade Kong may read it as another key (Kong documents no lifetime for offsets).
 */
export async function* fullScanPages(
  kong: Kong,
  size: number,
  offset: string | null,
  wanted: (entry: Entry) => boolean,
): AsyncGenerator<ScanPage> {
  for (let start = offset, restarted = false; ; start = null, restarted = true) {
    let read = 0;
    try {
      for await (const page of keysetPages(kong, { size, ...(start !== null && { offset: start }) })) {
        if (page.endedEarly) break;
        read += 1;
        yield {
          entries: page.entries.filter(wanted),
          rest: page.offset === null ? { kind: 'nothing' } : { kind: 'offset', offset: page.offset },
        };
        if (page.offset === null) return;
      }
    } catch (error) {
      const refused = error instanceof KongResponseError && error.status === 400;
      if (!refused || start === null || read > 0) throw error;
    }
    if (restarted) throw endedEarly(kong);
  }
}

interface KeysetPage extends KongPage {
  /**
   * Kong gave an offset and has nothing to give for it. Either the last rows have just expired, or Kong reads the offset as
   * another key since an upgrade; then this only looks like the last page.
   */
  readonly endedEarly: boolean;
}

async function* keysetPages(
  kong: Kong,
  query: { size: number; after?: number; before?: number; offset?: string },
): AsyncGenerator<KeysetPage> {
  for (let next = query; ;) {
    const page = await fetchPage(kong, next);
    yield { ...page, endedEarly: next.offset !== undefined && page.entries.length === 0 && page.offset === null };
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

function endedEarly(kong: Kong): KongResponseError {
  return new KongResponseError(
    `Expected entries from GET ${kong.adminApi}/audit/requests for the offset Kong gave, got an empty page. ` +
      'Is Kong being upgraded? The next run reads on.',
    200,
  );
}
