import type { Log } from '../../log.ts';
import type { Item } from '../../pipeline/activity.ts';
import type { OpenSource, Page, Source } from '../../pipeline/source.ts';
import { isDue, isLeftOver, type Window } from '../../pipeline/window.ts';
import { toActivity } from './activity.ts';
import { readCapabilities, type ScanStrategy } from './capabilities.ts';
import type { Kong } from './client.ts';
import { offsetOf } from './cursor.ts';
import { diagnoseKong } from './diagnose.ts';
import { toEntry } from './entry.ts';
import { keepRow } from './keep.ts';
import { withoutCursor } from '../stretch.ts';
import { filteredPages } from './filtered.ts';
import { fullScanPages } from './full-scan.ts';
import { newestFirstPages } from './newest-first.ts';
import { type ScanDeps, ScanMismatch } from './scan.ts';

export interface KongSourceOptions {
  readonly kong: Kong;
  readonly pageSize: number;
  readonly scan: ScanStrategy | 'auto';
  readonly deriveErrorCode: boolean;
  readonly log: Pick<Log, 'warn'>;
}

/** Kong's audit log, read by the best strategy its version supports; see "Kong versions" in README.md. */
export function createKongSource({ kong, pageSize, scan, deriveErrorCode, log }: KongSourceOptions): Source {
  return {
    async open(): Promise<OpenSource> {
      const { version, hostname, strategy } = await readCapabilities(kong, scan);
      const context = { kongVersion: version, hostname, deriveErrorCode };
      const toItem = (row: unknown): Item => toActivity(toEntry(row), context);
      const deps = { kong, version, pageSize, toItem };
      let used = strategy;
      return {
        now: kong.now(),
        readsEverything: strategy === 'full-scan',
        isUnderWay: ({ cursor }) => offsetOf(cursor, strategy === 'full-scan' ? 'key' : 'time', version) !== null,
        about: () => ({ strategy: used, kongVersion: version }),
        parse: toItem,
        async *pages(todo) {
          try {
            yield* PAGES[strategy](todo, deps);
          } catch (error) {
            if (!(error instanceof ScanMismatch)) throw error;
            // Once a Kong is not what it says, its order cannot be relied on either: few rows may lie in order by chance.
            log.warn(`Kong does not keep to the scan strategy ${strategy}; reading all of its log instead`, {
              kongVersion: version,
              reason: error.message,
            });
            used = 'full-scan';
            const whole = startOver(todo, kong.now());
            yield { items: [], left: whole, startsOver: true };
            yield* fullScanPages(whole, deps);
          }
        },
      };
    },
    keep: keepRow,
    diagnose: () => diagnoseKong(kong),
    now: () => kong.now(),
    requests: () => kong.requests(),
    close: () => kong.close(),
  };
}

/**
 * From `todo` as it was: what shrank under the wrong assumption is read again, and the ledger drops what was forwarded. What was
 * taken for settled by runs before may be wrong, too, so a run that reads what is new reads everything.
 */
function startOver(todo: readonly Window[], now: number | null): Window[] {
  const isScan = ({ cursor }: Window) => cursor !== undefined && cursor.includes('"order":"key"');
  const everything: Window = {
    after: 0,
    before: (now ?? Math.max(...todo.map(({ before }) => before))) + 1,
    again: true,
  };
  const readsNew = todo.some((window) => isDue(window) && !isLeftOver(window));
  return [
    ...todo.filter(isScan),
    ...todo.filter((window) => !isScan(window)).map(withoutCursor),
    ...(readsNew ? [everything] : []),
  ];
}

const PAGES: Record<ScanStrategy, (todo: readonly Window[], deps: ScanDeps) => AsyncGenerator<Page>> = {
  filtered: filteredPages,
  'newest-first': newestFirstPages,
  'full-scan': fullScanPages,
};
