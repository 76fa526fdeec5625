import type { Batcher } from '../../pipeline/sink.ts';
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
 * Groups events, in order, so that each group fits `limits` on the wire. Holds no more than one group. Two equal ids, which
 * PutAuditEvents refuses in one request, never meet in a group. An event too large on its own forms a group alone: refusing it is the
 * service's decision, and alone it cannot take its neighbours down.
 */
export function createBatcher({ maxEvents, maxBytes }: BatchLimits = PUT_AUDIT_EVENTS_LIMITS): Batcher<AuditEvent> {
  let group: AuditEvent[] = [];
  let ids = new Set<string>();
  let bytes = ENVELOPE_BYTES;
  // Exact sizes are counted only where the cheap upper bound says that it might matter.
  let isCounted = false;

  function rest(): readonly AuditEvent[] {
    const full = group;
    group = [];
    ids = new Set();
    bytes = ENVELOPE_BYTES;
    isCounted = false;
    return full;
  }

  return {
    add(event) {
      if (!isCounted && bytes + mostWireBytes(event) + COMMA_BYTES > maxBytes) {
        bytes = group.reduce((sum, member) => sum + wireBytes(member) + COMMA_BYTES, ENVELOPE_BYTES);
        isCounted = true;
      }
      const added = (isCounted ? wireBytes(event) : mostWireBytes(event)) + COMMA_BYTES;
      const isFull = group.length === maxEvents || bytes + added > maxBytes || ids.has(event.id);
      const full = group.length > 0 && isFull ? rest() : null;
      group.push(event);
      ids.add(event.id);
      bytes += added;
      return full;
    },
    rest,
  };
}

/** What the event adds to the body: `eventData` is JSON inside a JSON string, so its quotes and backslashes count twice. */
export function wireBytes({ id, eventData, eventDataChecksum }: AuditEvent): number {
  return Buffer.byteLength(JSON.stringify({ eventData, eventDataChecksum, id }));
}

/** At least `wireBytes`: no UTF-16 unit takes more than six bytes in a JSON string. */
function mostWireBytes({ id, eventData, eventDataChecksum }: AuditEvent): number {
  return WIRE_KEYS_BYTES + 6 * (id.length + eventData.length + eventDataChecksum.length);
}
