import { hash } from 'node:crypto';
import { cutText } from '../../cut-text.ts';
import type { WholePayload } from '../../pipeline/activity.ts';
import type { KeptRow } from '../../pipeline/source.ts';
import { beginningOf, type Redactor } from '../../redact/redactor.ts';
import { toJson } from '../../to-json.ts';
import type { Format, KeptLine } from './format.ts';
import { isLogEvent, type LogEvent, toLogEvent } from './log-event.ts';

/** Longer lines are cut, in UTF-8 bytes: the quarantine is kept in Redis until somebody looks. */
export const KEPT_MAX_BYTES = 32_000;

/**
 * What is kept of a row that cannot be sent: its secrets replaced, so that the ledger holds none. A line of its format stays one, so
 * that it can be replayed; of any other, the beginning is kept, with size and digest of the whole.
 */
export function keepRow(row: unknown, format: Format, redactor: Redactor): KeptRow {
  const event = toLogEvent(row);
  if (!isLogEvent(event)) return { row: keepLine({ message: toJson(row ?? null) }, () => null, redactor).message };
  const { message, whole } = keepLine(event, () => format.keep(event, redactor), redactor);
  return { row: { ...event, message }, ...(whole && { whole }) };
}

/** What cannot be redacted is kept without a word of it: it must neither leak nor stop the other lines. */
function keepLine({ message }: Pick<LogEvent, 'message'>, asLine: () => KeptLine | null, redactor: Redactor): KeptLine {
  for (const keep of [asLine, () => keepText(message, redactor)]) {
    try {
      const kept = keep();
      if (kept) return kept;
    } catch {
      // The next way.
    }
  }
  return { message: '', whole: digestOf(message) };
}

function keepText(text: string, redactor: Redactor): KeptLine {
  const beginning = beginningOf(text);
  const redacted = redactor.payload(beginning).text;
  const message = cutText(redacted, KEPT_MAX_BYTES).toWellFormed();
  if (beginning === text && message === redacted) return { message };
  return { message, whole: digestOf(text) };
}

/** What a text was before it was cut. */
export function digestOf(text: string): WholePayload {
  return { payloadBytes: Buffer.byteLength(text), payloadSha256: hash('sha256', text) };
}

/** A path with its query, the query's secrets replaced. */
export function redactUri(uri: string, redactor: Redactor): string {
  const mark = uri.indexOf('?');
  return mark < 0 ? uri : uri.slice(0, mark + 1) + redactor.query(beginningOf(uri.slice(mark + 1))).text;
}
