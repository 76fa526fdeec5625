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
const WIRE_KEYS_BYTES = Buffer.byteLength(JSON.stringify({ eventData: '', eventDataChecksum: '', id: '' }));

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
  // Exact sizes are counted only where the cheap upper bound says that it might matter.
  let counted = false;
  for (const item of items) {
    if (!counted && bytes + mostWireBytes(item.event) + COMMA_BYTES > limits.maxBytes) {
      bytes = ENVELOPE_BYTES + group.reduce((sum, { event }) => sum + wireBytes(event) + COMMA_BYTES, 0);
      counted = true;
    }
    const added = (counted ? wireBytes(item.event) : mostWireBytes(item.event)) + COMMA_BYTES;
    if (group.length > 0 && (group.length === limits.maxEvents || bytes + added > limits.maxBytes)) {
      yield group;
      group = [];
      bytes = ENVELOPE_BYTES;
      counted = false;
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

/** At least `wireBytes`: no UTF-16 unit takes more than six bytes in a JSON string. */
function mostWireBytes({ id, eventData, eventDataChecksum }: AuditEvent): number {
  return WIRE_KEYS_BYTES + 6 * (id.length + eventData.length + eventDataChecksum.length);
}
