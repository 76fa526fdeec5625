import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BatchLimits,
  createBatcher,
  PUT_AUDIT_EVENTS_LIMITS,
  wireBytes,
} from '../../../lambda/sinks/cloudtrail-lake/batch.ts';
import type { AuditEvent } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { withChecksum } from '../../support/audit-event.ts';

const event = (id: number | string, eventData: string): AuditEvent => ({
  id: String(id),
  ...withChecksum(eventData),
});

/** The groups in which `events` come out of a batcher. */
function batch(events: readonly AuditEvent[], limits?: BatchLimits): (readonly AuditEvent[])[] {
  const batcher = createBatcher(limits);
  const full = events.flatMap((one) => {
    const group = batcher.add(one);
    return group ? [group] : [];
  });
  const rest = batcher.rest();
  return rest.length > 0 ? [...full, rest] : full;
}

const bodyBytes = (auditEvents: readonly AuditEvent[]) => Buffer.byteLength(JSON.stringify({ auditEvents }));

const eventData = fc
  .tuple(fc.constantFrom('x', '"', '\\', 'é', '😀', '\u0001', '\ud800', '{"a":"\\"b"}'), fc.nat({ max: 400 }))
  .map(([text, times]) => text.repeat(times));
const events = fc.array(eventData, { maxLength: 60 }).map((texts) => texts.map((text, id) => event(id, text)));
const limits = fc.record({ maxEvents: fc.integer({ min: 1, max: 20 }), maxBytes: fc.integer({ min: 1, max: 10_000 }) });

describe('batch', () => {
  test("keeps to PutAuditEvents' limits: 100 events or 1,000,000 bytes on the wire", () => {
    expect(PUT_AUDIT_EVENTS_LIMITS).toEqual({ maxEvents: 100, maxBytes: 1_000_000 });
    const many = Array.from({ length: 250 }, (_, id) => event(id, 'x'));
    expect(batch(many).map(({ length }) => length)).toEqual([100, 100, 50]);
    const large = Array.from({ length: 10 }, (_, id) => event(id, '"'.repeat(125_000)));
    const groups = batch(large);
    expect(groups.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
    expect(groups.map(bodyBytes).every((bytes) => bytes <= 1_000_000)).toBe(true);
  });

  test('gives every event once, in order, in groups that fit, and no event waits for a group without need', () => {
    fc.assert(
      fc.property(events, limits, (all, { maxEvents, maxBytes }) => {
        const groups = batch(all, { maxEvents, maxBytes });
        expect(groups.flat()).toEqual(all);
        groups.forEach((group, index) => {
          expect(group.length).toBeGreaterThan(0);
          expect(group.length).toBeLessThanOrEqual(maxEvents);
          if (group.length > 1) expect(bodyBytes(group)).toBeLessThanOrEqual(maxBytes);
          const next = groups[index + 1]?.[0];
          // One byte of slack: the comma that no event follows.
          if (next && group.length < maxEvents) expect(bodyBytes([...group, next]) + 1).toBeGreaterThan(maxBytes);
        });
      }),
    );
  });

  test('fills a group to the last byte, and no further', () => {
    fc.assert(
      fc.property(eventData, eventData, (first, second) => {
        const both = [event(1, first), event(2, second)];
        const groups = (maxBytes: number) => batch(both, { maxEvents: 10, maxBytes }).length;
        expect(groups(bodyBytes(both) + 1)).toBe(1);
        expect(groups(bodyBytes(both) - 1)).toBe(2);
      }),
    );
  });

  test('yields an event too large on its own alone', () => {
    const all = [event(1, 'x'), event(2, 'x'.repeat(2000)), event(3, 'x')];
    expect(batch(all, { maxEvents: 10, maxBytes: 1000 }).map((group) => group.length)).toEqual([1, 1, 1]);
  });

  test('yields nothing for nothing', () => {
    expect(batch([])).toEqual([]);
  });

  test('gives a group as soon as the next event does not fit, and begins anew after a rest', () => {
    const batcher = createBatcher({ maxEvents: 3, maxBytes: 1_000_000 });
    const given = [0, 1, 2, 3].map((id) => batcher.add(event(id, 'x'))?.length ?? null);
    expect(given).toEqual([null, null, null, 3]);
    expect(batcher.rest()).toHaveLength(1);
    expect(batcher.rest()).toEqual([]);
    expect(batcher.add(event(3, 'x'))).toBeNull();
  });

  test('never puts two events of one id together: PutAuditEvents would refuse them all', () => {
    const twice = [event('a', 'x'), event('b', 'x'), event('a', 'y'), event('a', 'z')];
    expect(batch(twice).map((group) => group.map(({ id }) => id))).toEqual([['a', 'b'], ['a'], ['a']]);
  });
});

test('wireBytes counts what the event adds to the body', () => {
  fc.assert(
    fc.property(eventData, (text) => {
      const one = event(1, text);
      expect(wireBytes(one)).toBe(bodyBytes([one]) - bodyBytes([]));
    }),
  );
});
