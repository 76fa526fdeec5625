import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { eventProblem } from './cloudtrail-event.ts';

const ACCOUNT = '111122223333';

const VALID = {
  version: '3.9.1.0',
  userIdentity: { type: 'KongRbacUser', principalId: 'u1', details: { userName: 'alice' } },
  eventSource: 'kong-gateway',
  eventName: 'GET/services',
  eventTime: '2022-09-12T20:15:00Z',
  UID: '8XsOaNYwXgn0VmgA8qYYpVteu14p9GIK',
  requestParameters: { queryParameters: 'size=100', payloadTruncated: true, payloadBytes: 5 },
  sourceIPAddress: '172.31.76.246',
  recipientAccountId: ACCOUNT,
  additionalEventData: { status: 200, ttl: 2591940 },
};

function codeFor(eventData: unknown): string | undefined {
  const text = typeof eventData === 'string' ? eventData : JSON.stringify(eventData);
  return eventProblem({ id: 'a', eventData: text }, ACCOUNT)?.errorCode;
}

const changed = (changes: Readonly<Record<string, unknown>>) => codeFor({ ...VALID, ...changes });

describe('eventProblem', () => {
  test('accepts an event of the documented shape, and one with the required keys alone', () => {
    expect(codeFor(VALID)).toBeUndefined();
    const { requestParameters, sourceIPAddress, additionalEventData, ...required } = VALID;
    expect([requestParameters, sourceIPAddress, additionalEventData]).not.toContain(undefined);
    expect(codeFor(required)).toBeUndefined();
  });

  test.each(['version', 'userIdentity', 'eventSource', 'eventName', 'eventTime', 'UID', 'recipientAccountId'])(
    'wants %s',
    (key) => {
      expect(changed({ [key]: undefined })).toBe('FieldNotFound');
      expect(changed({ [key]: null })).toBe('InvalidData');
      expect(changed({ [key]: 1 })).toBe('InvalidData');
      expect(changed({ [key]: '' })).toBe('InvalidData');
    },
  );

  test.each(['type', 'principalId'])('wants userIdentity.%s', (key) => {
    expect(changed({ userIdentity: { ...VALID.userIdentity, [key]: undefined } })).toBe('FieldNotFound');
  });

  test.each([
    ['version', 256],
    ['userAgent', 1024],
    ['eventSource', 1024],
    ['eventName', 1024],
    ['UID', 1024],
    ['errorCode', 256],
    ['errorMessage', 256],
  ])('counts %s in UTF-8 bytes, at most %i', (key, limit) => {
    expect(changed({ [key]: 'é'.repeat(limit / 2) })).toBeUndefined();
    expect(changed({ [key]: 'é'.repeat(limit / 2) + 'e' })).toBe('FieldTooLong');
  });

  test.each([
    ['type', 128],
    ['principalId', 1024],
  ])('counts userIdentity.%s in UTF-8 bytes, at most %i', (key, limit) => {
    const identity = (value: string) => ({ userIdentity: { ...VALID.userIdentity, [key]: value } });
    expect(changed(identity('x'.repeat(limit)))).toBeUndefined();
    expect(changed(identity('x'.repeat(limit + 1)))).toBe('FieldTooLong');
  });

  test.each([
    ['requestParameters', 100_000],
    ['responseElements', 100_000],
    ['additionalEventData', 28_000],
  ])('counts %s as JSON, at most %i bytes', (key, limit) => {
    const overhead = JSON.stringify({ a: '' }).length;
    expect(changed({ [key]: { a: 'x'.repeat(limit - overhead) } })).toBeUndefined();
    expect(changed({ [key]: { a: 'x'.repeat(limit - overhead + 1) } })).toBe('FieldTooLong');
  });

  test.each(['requestParameters', 'responseElements', 'additionalEventData'])('wants %s flat', (key) => {
    for (const value of ['text', [], { a: {} }, { a: [1] }, { a: null }]) {
      expect(changed({ [key]: value })).toBe('InvalidData');
    }
    expect(changed({ userIdentity: { ...VALID.userIdentity, details: { a: {} } } })).toBe('InvalidData');
  });

  test.each(['2022-09-12T20:15:00.000Z', '2022-09-12T20:15:00+00:00', '2022-02-30T00:00:00Z', '2022-09-12', '166'])(
    'refuses the time %s',
    (eventTime) => {
      expect(changed({ eventTime })).toBe('InvalidData');
    },
  );

  test('wants a bare IP address', () => {
    for (const bare of ['10.0.0.1', '2001:db8::1', '::ffff:10.0.0.1']) {
      expect(changed({ sourceIPAddress: bare })).toBeUndefined();
    }
    for (const other of ['unix:', '', '10.0.0.1:80', '[::1]', 'fe80::1%eth0', '10.0.0.0/8', null]) {
      expect(changed({ sourceIPAddress: other })).toBe('InvalidData');
    }
  });

  test('refuses unknown keys', () => {
    expect(changed({ eventId: 'x' })).toBe('InvalidData');
    expect(changed({ userIdentity: { ...VALID.userIdentity, arn: 'x' } })).toBe('InvalidData');
  });

  test("wants the channel's account and a source that is not AWS", () => {
    expect(changed({ recipientAccountId: '999999999999' })).toBe('InvalidRecipient');
    expect(changed({ eventSource: 's3.amazonaws.com' })).toBe('InvalidEventSource');
  });

  test('wants a JSON object of at most 256,000 bytes', () => {
    for (const text of ['', '{', '[]', 'null', '"x"']) expect(codeFor(text)).toBe('InvalidData');
    const details = (length: number) => ({
      ...VALID,
      userIdentity: { ...VALID.userIdentity, details: { a: 'x'.repeat(length) } },
    });
    const room = 256_000 - JSON.stringify(details(0)).length;
    expect(codeFor(details(room))).toBeUndefined();
    expect(codeFor(details(room + 1))).toBe('FieldTooLong');
  });

  test('checks the checksum where there is one', () => {
    const eventData = JSON.stringify(VALID);
    const digest = createHash('sha256').update(eventData);
    const withSum = (eventDataChecksum: string) => eventProblem({ id: 'a', eventData, eventDataChecksum }, ACCOUNT);
    expect(withSum('wrong')?.errorCode).toBe('InvalidChecksum');
    expect(withSum(digest.copy().digest('hex'))?.errorCode).toBe('InvalidChecksum');
    expect(withSum(digest.digest('base64'))).toBeNull();
  });
});
