import { expect, onTestFinished } from 'vitest';
import type { Page } from '../../../lambda/pipeline/source.ts';
import type { Window } from '../../../lambda/pipeline/window.ts';
import { toActivity } from '../../../lambda/sources/kong/activity.ts';
import type { ScanStrategy } from '../../../lambda/sources/kong/capabilities.ts';
import { connectKong, type Kong } from '../../../lambda/sources/kong/client.ts';
import { toEntry } from '../../../lambda/sources/kong/entry.ts';
import { filteredPages } from '../../../lambda/sources/kong/filtered.ts';
import { fullScanPages } from '../../../lambda/sources/kong/full-scan.ts';
import { newestFirstPages } from '../../../lambda/sources/kong/newest-first.ts';
import type { ScanDeps } from '../../../lambda/sources/kong/scan.ts';
import { startKong, type KongOptions, type KongSimulator } from '../../simulators/kong.ts';
import type { KongRow } from '../../simulators/kong-table.ts';
import { idsOf } from '../../support/ids.ts';

export const NOW = 1_700_000_000;

/** A Kong whose clock the test holds and whose own rows never appear. */
export const startSilentKong = (version: string, options: Partial<KongOptions> = {}) =>
  startKong({ now: () => NOW, writeDelaySeconds: 1e9, version, ...options });

export function connect({ url }: KongSimulator): Kong {
  const { signal } = new AbortController();
  const limits = { maxBodyBytes: 2 ** 20, retryDelayMs: 1 };
  const kong = connectKong({ adminApi: url, token: null, signal, ...limits });
  onTestFinished(() => kong.close());
  return kong;
}

/** Writes rows of these seconds, counted back from NOW. */
export const record = ({ table }: KongSimulator, ...secondsAgo: readonly number[]): KongRow[] =>
  secondsAgo.map((ago) => table.record({}, { at: NOW - ago }));

/** The ids of all items on these pages, sorted. */
export const ids = (pages: readonly Page[]) => idsOf(pages).toSorted();

export const ago = (after: number, before: number, kind: Partial<Window> = {}): Window => ({
  after: NOW - after,
  before: NOW - before,
  ...kind,
});

export const queries = ({ requests }: KongSimulator) =>
  requests.map(({ path }) => {
    const { pathname, searchParams } = new URL(path, 'http://kong');
    expect(pathname).toBe('/audit/requests');
    return Object.fromEntries(searchParams);
  });

const SCANS = { filtered: filteredPages, 'newest-first': newestFirstPages, 'full-scan': fullScanPages };

/** Pages of `todo` by that strategy, from a Kong that is taken to be of the version its simulator has now. */
export function scan(
  simulator: KongSimulator,
  strategy: ScanStrategy,
  todo: Window | readonly Window[],
  pageSize: number,
  kong = connect(simulator),
): AsyncGenerator<Page> {
  const { version } = simulator.settings;
  const context = { kongVersion: version, hostname: 'kong', deriveErrorCode: false };
  const toItem: ScanDeps['toItem'] = (row) => toActivity(toEntry(row), context);
  const deps = { kong, version, pageSize, toItem };
  return SCANS[strategy]('after' in todo ? [todo] : todo, deps);
}

/** Reads a scan to its end or its error; `between` is called after each page. */
export async function collect(
  pages: AsyncIterable<Page>,
  between: (count: number) => void = () => undefined,
): Promise<{ readonly pages: readonly Page[]; readonly error: unknown }> {
  const read: Page[] = [];
  try {
    for await (const page of pages) {
      read.push(page);
      between(read.length);
    }
    return { pages: read, error: null };
  } catch (error) {
    return { pages: read, error };
  }
}
