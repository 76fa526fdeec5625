import { describe, expect, test } from 'vitest';
import type { Activity } from '../../../lambda/pipeline/activity.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { toAuditEvent } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { toLogLine } from '../../../lambda/sinks/cloudwatch-logs/event.ts';
import { activity } from '../../support/activity.ts';
import { DAY, HOUR, NOON } from './harness.ts';

const CONTEXT = {
  accountId: '111122223333',
  eventSource: 'kong-gateway',
  redactor: createRedactor(DEFAULT_REDACT_KEYS),
};
const OLDEST = NOON - 14 * DAY + HOUR;
const NEWEST = NOON + 110 * 60_000;

const at = (ms: number, changes: Partial<Activity> = {}) => activity('a', { second: ms / 1000, ...changes });

interface Message {
  readonly eventTime: string;
  readonly additionalEventData: { readonly loggedAt?: string };
}

function line(item: Activity) {
  const { timestamp, message } = toLogLine(item, CONTEXT, NOON);
  return { timestamp, message, event: JSON.parse(message) as Message };
}

describe('the message', () => {
  test('is what CloudTrail Lake would get, byte for byte', () => {
    const items = [
      at(NOON - HOUR),
      at(NOON - 10 * DAY, { request: [{ name: 'payload', as: 'payload', text: '\u4e2d"\n'.repeat(90_000) }] }),
    ];
    for (const item of items) expect(line(item).message).toBe(toAuditEvent(item, CONTEXT).eventData);
  });

  test('of an event whose payload was cut before describes the whole one', () => {
    const whole = { payloadBytes: 5_000_000, payloadSha256: 'abc123' };
    const { message } = toLogLine(at(NOON), CONTEXT, NOON, whole);
    expect(message).toBe(toAuditEvent(at(NOON), CONTEXT, whole).eventData);
  });
});

describe('the timestamp', () => {
  test.each([
    ['now', NOON],
    ['an hour ahead', NOON + HOUR],
    ['the latest that is taken', NEWEST],
    ['the earliest that is taken', OLDEST],
  ])('is the time of the event: %s', (_, ms) => {
    const { timestamp, event } = line(at(ms));
    expect(timestamp).toBe(ms);
    expect(event.additionalEventData.loggedAt).toBeUndefined();
  });

  test.each([
    ['a second too old', OLDEST - 1000, OLDEST],
    ['thirty days old', NOON - 30 * DAY, OLDEST],
    ['of 1970', 0, OLDEST],
    ['a second too far ahead', NEWEST + 1000, NEWEST],
    ['of the year 2200', Date.UTC(2200, 0, 1), NEWEST],
  ])('is the nearest that is taken, and the event says so and keeps its time: %s', (_, ms, expected) => {
    const { timestamp, event } = line(at(ms));
    expect(timestamp).toBe(expected);
    expect(event.additionalEventData.loggedAt).toBe(new Date(expected).toISOString());
    expect(event.eventTime).toBe(new Date(ms).toISOString().replace('.000', ''));
  });

  test('that was moved is said even where the event is full', () => {
    const details = { large: 'x'.repeat(100_000) };
    expect(line(at(0, { details })).event.additionalEventData.loggedAt).toBe(new Date(OLDEST).toISOString());
  });
});
