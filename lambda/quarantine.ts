import { hash } from 'node:crypto';
import type { WholePayload } from './cloudtrail/event.ts';
import { cutText } from './cloudtrail/fit.ts';
import { beginningOf, type Redactor } from './redact/redactor.ts';
import type { Entry } from './kong/scan.ts';
import type { Ledger, QuarantineRecord } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import type { Tally } from './tally.ts';
import { toJson } from './to-json.ts';

/** Longer payloads are cut, in UTF-8 bytes: the quarantine is kept in Redis until somebody looks. */
export const QUARANTINED_PAYLOAD_MAX_BYTES = 32_000;

/** The `errorCode` of a row that is no audit entry. */
export const INVALID_ENTRY = 'InvalidEntry';

export interface Refusal {
  readonly errorCode: string;
  readonly errorMessage: string;
}

export interface Unsendable extends Refusal {
  readonly entry: Entry;
}

export interface QuarantineDeps {
  readonly ledger: Pick<Ledger, 'quarantine'>;
  readonly toRecord: (entry: Entry, refusal: Refusal) => QuarantineRecord;
  /** Seconds the ledger remembers the entry. */
  readonly ttlSeconds: (entry: Entry) => number;
  readonly tally: Pick<Tally, 'quarantined'>;
  readonly log: Pick<Log, 'error'>;
}

/** Told of each entry that has an outcome now. */
export type Done = (entry: Entry) => void;

/** Puts away what cannot be sent, each with its reason and a line in the log. */
export async function quarantine(refused: readonly Unsendable[], deps: QuarantineDeps, done: Done): Promise<void> {
  if (refused.length === 0) return;
  await deps.ledger.quarantine(
    refused.map(({ entry, errorCode, errorMessage }) => ({
      ...deps.toRecord(entry, { errorCode, errorMessage }),
      ttlSeconds: deps.ttlSeconds(entry),
    })),
  );
  deps.tally.quarantined += refused.length;
  for (const { entry, errorCode, errorMessage } of refused) {
    done(entry);
    deps.log.error('An entry cannot be sent and is in quarantine', { requestId: entry.id, errorCode, errorMessage });
  }
}

/**
 * What is kept of an entry that cannot be sent: Kong's row with its secrets replaced, so that the ledger holds none. Of a payload
 * that is cut, size and digest are kept, so that a replayed event still describes the whole one.
 */
export function toQuarantineRecord(
  entry: Entry,
  refusal: Refusal,
  redactor: Redactor,
  at: Date,
  whole?: WholePayload,
): QuarantineRecord {
  const { row, digest } = keepSafely(entry.row, redactor);
  return { id: entry.id, entry: row, ...refusal, at: at.toISOString(), ...(whole ?? digest) };
}

/** What cannot be redacted is kept without what may hold a secret: it must neither leak nor stop the other entries. */
function keepSafely(row: unknown, redactor: Redactor): ReturnType<typeof keep> {
  try {
    return keep(row, redactor);
  } catch {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return { row: null };
    const { payload, path, ...rest } = row as Record<string, unknown>;
    const kept: Record<string, unknown> = {
      ...rest,
      ...(typeof path === 'string' && { path: path.replace(/\?.*$/s, '') }),
    };
    delete kept['removed_from_payload'];
    return typeof payload === 'string' ? { row: kept, digest: digestOf(payload) } : { row: kept };
  }
}

function keep(row: unknown, redactor: Redactor): { row: unknown; digest?: WholePayload } {
  if (typeof row === 'string')
    return { row: cutText(redactor.payload(beginningOf(row)).text, QUARANTINED_PAYLOAD_MAX_BYTES) };
  if (typeof row !== 'object' || row === null) return { row };
  // Nested too deeply for the ledger to write: kept as text.
  if (!isWritable(row)) return keep(toJson(row), redactor);
  if (Array.isArray(row)) return { row: JSON.parse(redactor.payload(JSON.stringify(row)).text) as unknown };
  const kept: Record<string, unknown> = { ...row };
  if (typeof kept['path'] === 'string') kept['path'] = redactPath(kept['path'], redactor);
  const { removed_from_payload: removed, payload } = kept;
  if (removed !== undefined && removed !== null)
    kept['removed_from_payload'] = redactor.payload(beginningOf(textOf(removed))).text;
  if (payload === undefined || payload === null) return { row: kept };
  const text = textOf(payload);
  const beginning = beginningOf(text);
  const redacted = redactor.payload(beginning).text;
  kept['payload'] = cutText(redacted, QUARANTINED_PAYLOAD_MAX_BYTES);
  if (beginning === text && kept['payload'] === redacted) return { row: kept };
  return { row: kept, digest: digestOf(text) };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : toJson(value));

function digestOf(payload: string): WholePayload {
  return { payloadBytes: Buffer.byteLength(payload), payloadSha256: hash('sha256', payload) };
}

function isWritable(row: unknown): boolean {
  try {
    JSON.stringify(row);
    return true;
  } catch {
    return false;
  }
}

function redactPath(path: string, redactor: Redactor): string {
  const mark = path.indexOf('?');
  return mark < 0 ? path : path.slice(0, mark + 1) + redactor.query(beginningOf(path.slice(mark + 1))).text;
}
