import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';
import { toEventData } from '../../lambda/sinks/event-data.ts';
import { item } from '../support/item.ts';
import { dataOf, type EventData, eventOf, SAMPLE, sha256 } from '../support/kong-event.ts';

describe('what is too large', () => {
  const original = JSON.stringify({ name: 'x'.repeat(5_000_000), password: 'hunter2' });

  test('is cut: a payload to its beginning, with size and digest of the whole one before redaction', () => {
    const { requestParameters = {} } = dataOf({ payload: original });
    const { payload, ...rest } = requestParameters;
    expect(rest).toEqual({
      queryParameters: 'size=100',
      payloadTruncated: true,
      payloadBytes: original.length,
      payloadSha256: sha256(original, 'hex'),
    });
    expect(original.startsWith(String(payload))).toBe(true);
    expect(String(payload).length).toBeGreaterThan(99_000);
  });

  test('says so also when nothing but its secrets would not have fit', () => {
    const payload = JSON.stringify({ list: Array(60_000).fill({ key: 'hunter2' }) });
    const { requestParameters = {} } = dataOf({ payload });
    expect(requestParameters).toMatchObject({ payloadTruncated: true, payloadBytes: payload.length });
    expect(requestParameters['payload']).not.toContain('hunter2');
  });

  test('takes no memory to speak of, whatever it is', () => {
    const before = process.resourceUsage().maxRSS;
    for (const unit of ['[', '{"key":', '"[', 'key=[&'])
      expect(dataOf({ payload: unit.repeat(10_000_000 / unit.length) }).requestParameters).toMatchObject({
        payloadTruncated: true,
      });
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(400_000);
  });

  test('counts payloadBytes in UTF-8', () => {
    const payload = '€'.repeat(40_000);
    expect(dataOf({ payload }).requestParameters).toMatchObject({
      payloadBytes: 120_000,
      payloadSha256: sha256(payload, 'hex'),
    });
  });

  test('is cut after redaction, so that no secret is cut in two', () => {
    const secret = 'hunter2'.repeat(20_000);
    const payload = JSON.stringify({ name: 'a', password: secret });
    expect(dataOf({ payload }).requestParameters).toEqual({
      queryParameters: 'size=100',
      payload: '{"name":"a","password":"***"}',
    });
  });

  test('is cut, a query too, where a long secret hides that it was', () => {
    const { requestParameters = {} } = dataOf({ path: `/a?token=${'y'.repeat(200_000)}&x=1` });
    expect(requestParameters).toMatchObject({ queryParameters: 'token=***', queryParametersTruncated: true });
  });

  test('is cut alone: a query beyond its share leaves a short payload whole', () => {
    const { requestParameters = {} } = dataOf({ path: `/a?x=${'y'.repeat(150_000)}`, payload: '{"a":1}' });
    expect(requestParameters).toMatchObject({ payload: '{"a":1}', queryParametersTruncated: true });
    expect(requestParameters).not.toHaveProperty('payloadTruncated');
  });

  test('is cut in a path of 3,000 characters only where it must be', () => {
    const path = `/${'a'.repeat(2_999)}`;
    const { eventName, additionalEventData } = dataOf({ path });
    expect(eventName).toBe(`GET${path}`.slice(0, 1024));
    expect(additionalEventData['path']).toBe(path);
  });

  test('is cut in the longest members of additionalEventData, and named', () => {
    const { additionalEventData } = dataOf({
      path: `/${'a'.repeat(40_000)}`,
      removed_from_payload: 'b'.repeat(40_000),
    });
    const { path, removedFromPayload, truncated, ...short } = additionalEventData;
    expect(String(truncated).split(',').toSorted()).toEqual(['path', 'removedFromPayload']);
    expect(String(path).length + String(removedFromPayload).length).toBeGreaterThan(20_000);
    expect(short).toEqual({
      workspace: SAMPLE.workspace,
      hostname: 'kong-cp-1',
      method: 'GET',
      status: 200,
      ttl: SAMPLE.ttl,
      requestTimestamp: SAMPLE.request_timestamp,
    });
  });

  test('is cut in userName, the version and the principal', () => {
    const data = dataOf(
      { rbac_user_id: 'u'.repeat(2000), rbac_user_name: 'é'.repeat(2000) },
      { kongVersion: 'v'.repeat(300) },
    );
    expect(data.userIdentity).toEqual({
      type: 'KongRbacUser',
      principalId: 'u'.repeat(1024),
      details: { userName: 'é'.repeat(512) },
    });
    expect(data.version).toBe('v'.repeat(256));
  });

  test('of a replayed entry is described as it was before the quarantine cut it', () => {
    const whole = { payloadBytes: 5_000_000, payloadSha256: 'ab'.repeat(32) };
    const parameters = (payload: string) =>
      (JSON.parse(eventOf({ ...SAMPLE, payload }, {}, whole).eventData) as EventData).requestParameters;
    expect(parameters('{"a"')).toEqual({
      queryParameters: 'size=100',
      payload: '{"a"',
      payloadTruncated: true,
      ...whole,
    });
    expect(parameters('x'.repeat(200_000))).toMatchObject({ payloadTruncated: true, ...whole });
  });
});

describe('an activity of any source', () => {
  const context = {
    accountId: '111122223333',
    eventSource: 'ingress',
    redactor: createRedactor(DEFAULT_REDACT_KEYS),
  };
  const stored = (changes: Parameters<typeof item>[1], more?: Parameters<typeof toEventData>[3]) =>
    JSON.parse(JSON.stringify(toEventData(item('a', changes), context, undefined, more))) as object;

  test('has only what it says', () => {
    expect(stored({})).toEqual({
      version: '1.0',
      userIdentity: { type: 'User', principalId: 'alice', details: {} },
      eventSource: 'ingress',
      eventName: 'GET/services',
      eventTime: '2025-11-20T22:00:00Z',
      UID: 'a',
      recipientAccountId: '111122223333',
      additionalEventData: {},
    });
  });

  test('keeps details of every kind but null, redacts those that may hold a secret, and takes what the sink adds', () => {
    const details = { text: 'a', count: 0, flag: false, none: null, path: { as: 'path', text: '/a?token=b' } } as const;
    expect(stored({ details }, { moved: true })).toMatchObject({
      additionalEventData: { text: 'a', count: 0, flag: false, path: '/a?token=***', redacted: 'token', moved: true },
    });
    expect(stored({ details }, { moved: true })).not.toHaveProperty('additionalEventData.none');
  });

  test('may have several request bodies and queries; each is cut, and described, by its own name', () => {
    const request = [
      { name: 'before', as: 'payload', text: 'x'.repeat(300_000) },
      { name: 'query', as: 'query', text: 'y'.repeat(300_000) },
      { name: 'after', as: 'payload', text: '{"password":"hunter2"}' },
    ] as const;
    const { requestParameters } = stored({ request }) as { requestParameters: Record<string, string> };
    expect(requestParameters).toMatchObject({
      beforeTruncated: true,
      beforeBytes: 300_000,
      beforeSha256: sha256('x'.repeat(300_000), 'hex'),
      queryTruncated: true,
    });
    expect(Buffer.byteLength(JSON.stringify(requestParameters))).toBeLessThanOrEqual(100_000);
    expect(JSON.stringify(requestParameters)).not.toContain('hunter2');
  });

  test('is cut in everything that has a limit', () => {
    const long = 'é'.repeat(2000);
    const actor = { type: long, id: long, details: { userName: long, groups: long }, isAnonymous: false };
    expect(
      stored({ version: long, actor, userAgent: long, action: long, error: { code: long, message: long } }),
    ).toMatchObject({
      version: 'é'.repeat(128),
      userIdentity: {
        type: 'é'.repeat(64),
        principalId: 'é'.repeat(512),
        details: { userName: 'é'.repeat(512), groups: 'é'.repeat(512) },
      },
      userAgent: 'é'.repeat(512),
      eventName: 'é'.repeat(512),
      errorCode: 'é'.repeat(128),
      errorMessage: 'é'.repeat(128),
    });
  });

  test('eventTime is the second in UTC, whichever event came before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), (second) => {
        for (const one of [second, second + 1, second + 86_400])
          expect(stored({ second: one })).toMatchObject({
            eventTime: `${new Date(one * 1000).toISOString().slice(0, 19)}Z`,
          });
      }),
    );
  });
});
