import type { AuditEvent } from './event.ts';

export interface BatchLimits {
  readonly maxEvents: number;
  /** Bytes of the HTTP body. */
  readonly maxBytes: number;
}

/** PutAuditEvents takes 100 events or 1 MB, whichever comes first (API reference, PutAuditEvents). */
export const PUT_AUDIT_EVENTS_LIMITS: BatchLimits = { maxEvents: 100, maxBytes: 1_000_000 };

const ENVELOPE_BYTES = Buffer.byteLength('{"auditEvents":[]}');
const COMMA_BYTES = 1;

/**
 * Yields `events` in order, in groups that fit `limits` on the wire.
 *
 * Holds no more than one group. An event too large on its own is yielded alone: refusing it is the service's decision, and
 * alone it cannot take its neighbours down.
 */
export function* batch<Item extends { readonly event: AuditEvent }>(
  items: Iterable<Item>,
  limits: BatchLimits = PUT_AUDIT_EVENTS_LIMITS,
): Generator<Item[]> {
  let group: Item[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const item of items) {
    const added = wireBytes(item.event) + COMMA_BYTES;
    if (group.length > 0 && (group.length === limits.maxEvents || bytes + added > limits.maxBytes)) {
      yield group;
      group = [];
      bytes = ENVELOPE_BYTES;
    }
    group.push(item);
    bytes += added;
  }
  if (group.length > 0) yield group;
}

/** What the event adds to the body: `eventData` is JSON inside a JSON string, so its quotes and backslashes count twice. */
export function wireBytes({ id, eventData, eventDataChecksum }: AuditEvent): number {
  return Buffer.byteLength(JSON.stringify({ eventData, eventDataChecksum, id }));
}
