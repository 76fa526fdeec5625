import * as z from 'zod';
import { ForwarderError, KongUnreachableError } from '../../errors.ts';
import type { Kong } from './client.ts';
import { fetchPage } from './pages.ts';

/** How entries are read, best first; see "Kong versions" in README.md. */
export const SCAN_STRATEGIES = ['filtered', 'newest-first', 'full-scan'] as const;
export type ScanStrategy = (typeof SCAN_STRATEGIES)[number];

/** What one run needs to know about the Kong it talks to. */
export interface Capabilities {
  /** As Kong gives it, suffix included; `unknown` when `GET /` could not be read. */
  readonly version: string;
  /** Kong's own host name, or the Admin API's URL when `GET /` could not be read. */
  readonly hostname: string;
  readonly strategy: ScanStrategy;
}

const rootSchema = z.object({
  version: z.string().min(1).optional().catch(undefined),
  hostname: z.string().min(1).optional().catch(undefined),
});

/**
 * Asks Kong once who it is and decides how its audit log can be read.
 *
 * `GET /` needs a permission of its own, so any answer but a good one leaves version and hostname unknown; then one probe
 * for an empty stretch of time tells whether the filters are honoured.
 *
 * @throws {KongUnreachableError} when there is no connection
 */
export async function readCapabilities(kong: Kong, scan: ScanStrategy | 'auto'): Promise<Capabilities> {
  const root = await readRoot(kong);
  const version = root?.version ?? 'unknown';
  const hostname = root?.hostname ?? kong.adminApi;
  if (scan !== 'auto') return { version, hostname, strategy: scan };
  return { version, hostname, strategy: strategyOf(version) ?? (await probe(kong)) };
}

async function readRoot(kong: Kong): Promise<z.infer<typeof rootSchema> | null> {
  try {
    return rootSchema.parse(await kong.get('/'));
  } catch (error) {
    if (error instanceof KongUnreachableError) throw error;
    if (error instanceof z.ZodError || (error instanceof ForwarderError && error.code.startsWith('KONG_'))) return null;
    throw error;
  }
}

/** Nothing is that old, so a Kong that honours the filters gives an empty page. */
async function probe(kong: Kong): Promise<ScanStrategy> {
  const page = await fetchPage(kong, { size: 1, after: 0, before: 1 });
  return page.rows.length === 0 ? 'filtered' : 'full-scan';
}

/**
 * The best strategy that every Kong of this version supports, null when the text is no version.
 *
 * Source: Kong Gateway changelog, 3.4.3.8 and 3.5.0.4 (order by time), 3.4.3.9, 3.5.0.5, 3.6.1.5, 3.7.0.0 (`after`, `before`).
 */
export function strategyOf(version: string): ScanStrategy | null {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version);
  if (!match) return null;
  const [major = 0, minor = 0, patch = 0, build = 0] = match.slice(1).map((part) => Number(part || 0));
  const atLeast = (wantedPatch: number, wantedBuild: number) =>
    patch > wantedPatch || (patch === wantedPatch && build >= wantedBuild);

  if (major > 3 || (major === 3 && minor >= 7)) return 'filtered';
  if (major < 3) return 'full-scan';
  if (minor === 6) return atLeast(1, 5) ? 'filtered' : 'full-scan';
  if (minor === 5) return atLeast(0, 5) ? 'filtered' : atLeast(0, 4) ? 'newest-first' : 'full-scan';
  if (minor === 4) return atLeast(3, 9) ? 'filtered' : atLeast(3, 8) ? 'newest-first' : 'full-scan';
  return 'full-scan';
}
