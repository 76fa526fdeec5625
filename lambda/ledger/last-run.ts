import * as z from 'zod';
import type { LastRun } from './ledger.ts';

const lastRunSchema = z.object({ at: z.string(), summary: z.unknown() });

/** What was stored as `text`; null when it is no such thing: an operator's look must not fail for it. */
export function parseLastRun(text: string | null): LastRun | null {
  try {
    return lastRunSchema.safeParse(JSON.parse(text ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}
