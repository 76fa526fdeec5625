import { attempt, type Check } from '../pipeline/check.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Sink } from '../pipeline/sink.ts';
import type { Source } from '../pipeline/source.ts';

export interface CheckReport {
  readonly status: 'ok' | 'failed';
  readonly checks: readonly Check[];
}

export interface CheckDeps {
  readonly source: Pick<Source, 'diagnose'>;
  readonly ledger: Pick<Ledger, 'diagnose' | 'loadCheckpoint' | 'quarantineSize'>;
  readonly sink: Pick<Sink, 'diagnose'>;
}

export const toCheckReport = (checks: readonly Check[]): CheckReport => ({
  status: checks.every(({ ok }) => ok) ? 'ok' : 'failed',
  checks,
});

/** Tries everything a run depends on. Never throws for what it finds, writes nothing, sends no event. */
export async function check({ source, ledger, sink }: CheckDeps): Promise<CheckReport> {
  const found = await Promise.all([source.diagnose(), checkLedger(ledger), sink.diagnose()]);
  return toCheckReport(found.flat());
}

async function checkLedger(ledger: CheckDeps['ledger']): Promise<Check[]> {
  const redis = await ledger.diagnose();
  if (!redis.ok) return [redis];
  const checkpoint = await attempt('checkpoint', async () => {
    const stored = await ledger.loadCheckpoint();
    if (stored === null) return 'none yet: the first scheduled run reads everything the source retains';
    const planned = stored.planned === null ? 'nothing yet' : new Date(stored.planned * 1000).toISOString();
    return `planned up to ${planned}, ${stored.pending.length} window(s) pending, ${await ledger.quarantineSize()} in quarantine`;
  });
  return [redis, checkpoint.check];
}
