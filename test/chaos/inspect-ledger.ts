import { checkpointSchema } from '../../lambda/ledger/checkpoint.ts';
import type { AcceptedEvent } from '../simulators/cloudtrail-model.ts';
import type { RedisServer } from '../support/redis-server.ts';

export interface LedgerToInspect {
  readonly server: RedisServer;
  readonly source: string;
  readonly accepted: readonly AcceptedEvent[];
  /** Id and second of every entry that must get an outcome, all of them visible. */
  readonly rows: ReadonlyMap<string, number>;
}

export interface Inspected {
  /** Ids with an outcome. */
  readonly settled: ReadonlySet<string>;
  readonly quarantined: number;
  readonly violations: readonly string[];
}

const DAY_SECONDS = 86_400;
/** `audit_log_record_ttl` and the grace, as they are configured. */
const LONGEST_TTL_SECONDS = 30 * DAY_SECONDS + 3600;

/** Whether what lies in Redis is true: every mark is of an accepted event, every key expires, the checkpoint covers no open entry. */
export async function inspectLedger({ server, source, accepted, rows }: LedgerToInspect): Promise<Inspected> {
  const prefix = `kong-audit:{${source}}:`;
  const violations: string[] = [];
  const keys = (await server.cli('KEYS', `${prefix}seen:*`)) as string[];
  const values = keys.length > 0 ? ((await server.cli('MGET', ...keys)) as string[]) : [];
  const quarantined = new Set((await server.cli('HKEYS', `${prefix}quarantine`)) as string[]);
  const eventIDs = new Map(accepted.map(({ eventID, id }) => [eventID, id]));
  const settled = new Set([...quarantined, ...accepted.map(({ id }) => id)]);
  for (const [index, value] of values.entries()) {
    const id = keys[index]?.slice(`${prefix}seen:`.length) ?? '';
    if (value === 'own') settled.add(id);
    else if (value.startsWith('quarantined:') ? !quarantined.has(id) : eventIDs.get(value) !== id)
      violations.push(`${id} is marked ${value}, which is not true`);
  }
  for (const key of keys.filter((_, index) => index % 50 === 0)) {
    const ttl = Number(await server.cli('TTL', key));
    if (ttl < 1 || ttl > LONGEST_TTL_SECONDS) violations.push(`${key} expires in ${ttl} s`);
  }
  const stored = (await server.cli('GET', `${prefix}checkpoint`)) as string | null;
  if (stored !== null) {
    const { planned, pending } = checkpointSchema.parse(JSON.parse(stored));
    const isPending = (second: number) => pending.some(({ after, before }) => after <= second && second < before);
    for (const [id, second] of rows)
      if (second < (planned ?? 0) && !isPending(second) && !settled.has(id))
        violations.push(`the watermark is beyond ${id} of second ${second}, which has no outcome`);
  }
  return { settled, quarantined: quarantined.size, violations };
}
