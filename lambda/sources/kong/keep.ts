import { hash } from 'node:crypto';
import type { WholePayload } from '../../pipeline/activity.ts';
import type { KeptRow } from '../../pipeline/source.ts';
import { beginningOf, type Redactor } from '../../redact/redactor.ts';
import { cutText } from '../../cut-text.ts';
import { toJson } from '../../to-json.ts';

/** Longer payloads are cut, in UTF-8 bytes: the quarantine is kept in Redis until somebody looks. */
export const KEPT_PAYLOAD_MAX_BYTES = 32_000;

/**
 * What is kept of a row that cannot be sent: its secrets replaced, so that the ledger holds none. Of a payload that is cut, size and
 * digest are kept, so that a replayed event still describes the whole one. What cannot be redacted is kept without payload and
 * query: it must neither leak nor stop the other entries.
 */
export function keepRow(row: unknown, redactor: Redactor): KeptRow {
  try {
    return keep(row, redactor);
  } catch {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return { row: null };
    const { payload, path, ...kept } = row as Record<string, unknown>;
    delete kept['removed_from_payload'];
    if (typeof path === 'string') kept['path'] = path.replace(/\?.*$/s, '');
    return typeof payload === 'string' ? { row: kept, whole: digestOf(payload) } : { row: kept };
  }
}

function keep(row: unknown, redactor: Redactor): KeptRow {
  if (typeof row === 'string') return { row: cutText(redactor.payload(beginningOf(row)).text, KEPT_PAYLOAD_MAX_BYTES) };
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
  kept['payload'] = cutText(redacted, KEPT_PAYLOAD_MAX_BYTES);
  if (beginning === text && kept['payload'] === redacted) return { row: kept };
  return { row: kept, whole: digestOf(text) };
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
