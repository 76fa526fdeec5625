import * as z from 'zod';
import type { LockHolder } from './ledger.ts';

/** Written with the checkpoint by the run that holds the lock, read by `status`; gone with the lock. */
const progressSchema = z.object({ runId: z.string(), fetched: z.number() });

/** What is stored of a run's progress; empty when there is nothing to tell yet. */
export const stringifyRunProgress = (runId: string, fetched?: number): string =>
  fetched ? JSON.stringify({ runId, fetched }) : '';

/** What was stored of the progress of run `runId`, if it was: an operator's look must not fail for it. */
export function parseRunProgress(text: string | null, runId: string): Pick<LockHolder, 'fetched'> {
  try {
    const stored = progressSchema.safeParse(JSON.parse(text ?? 'null')).data;
    return stored?.runId === runId ? { fetched: stored.fetched } : {};
  } catch {
    return {};
  }
}
