import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EventContext, toAuditEvent, type WholePayload } from '../../lambda/cloudtrail/event.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';
import { toEntry } from '../../lambda/kong/entry.ts';
import { eventProblem } from '../simulators/cloudtrail-event.ts';

const ACCOUNT = '111122223333';

const CONTEXT: EventContext = {
  kongVersion: '3.9.1.0',
  hostname: 'kong-cp-1',
  accountId: ACCOUNT,
  eventSource: 'kong-gateway',
  deriveErrorCode: false,
  redactor: createRedactor(DEFAULT_REDACT_KEYS),
};

/** Kong Gateway 2.8, as in the documentation of Kong's own integration. */
const SAMPLE = {
  client_ip: '172.31.76.246',
  signature: null,
  removed_from_payload: null,
  status: 200,
  ttl: 2591940,
  rbac_user_id: null,
  path: '/event-hooks/?size=100',
  payload: null,
  request_timestamp: 1663013700,
  workspace: 'cca82c73-2365-441b-8860-9e074d93b205',
  method: 'GET',
  request_id: '8XsOaNYwXgn0VmgA8qYYpVteu14p9GIK',
};

interface EventData {
  readonly version: string;
  readonly userIdentity: unknown;
  readonly eventSource: string;
  readonly eventName: string;
  readonly eventTime: string;
  readonly UID: string;
  readonly sourceIPAddress?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters?: Readonly<Record<string, string | number | boolean>>;
  readonly additionalEventData: Readonly<Record<string, string | number>>;
}

function eventOf(row: object, context: Partial<EventContext> = {}, whole?: WholePayload) {
  const entry = toEntry(row);
  if (!entry.valid) throw new Error(entry.reason);
  return toAuditEvent(entry, { ...CONTEXT, ...context }, whole);
}

const dataOf = (changes: object, context: Partial<EventContext> = {}): EventData =>
  JSON.parse(eventOf({ ...SAMPLE, ...changes }, context).eventData) as EventData;

const sha256 = (text: string, encoding: 'hex' | 'base64') => createHash('sha256').update(text).digest(encoding);

describe('the event of an entry', () => {
  test("is, for the predecessor's sample, what its saved queries expect", () => {
    const event = eventOf(SAMPLE, { kongVersion: '2.8.1.1-enterprise-edition' });
    expect(event.id).toBe(SAMPLE.request_id);
    expect(event.eventDataChecksum).toBe(sha256(event.eventData, 'base64'));
    expect(JSON.parse(event.eventData)).toEqual({
      version: '2.8.1.1-enterprise-edition',
      userIdentity: {
        type: 'Anonymous',
        principalId: 'anonymous',
        details: { RBAC: 'Anonymous User on Kong Gateway: Please Enable RBAC on Kong Gateway' },
      },
      eventSource: 'kong-gateway',
      eventName: 'GET/event-hooks',
      eventTime: '2022-09-12T20:15:00Z',
      UID: '8XsOaNYwXgn0VmgA8qYYpVteu14p9GIK',
      requestParameters: { queryParameters: 'size=100' },
      sourceIPAddress: '172.31.76.246',
      recipientAccountId: ACCOUNT,
      additionalEventData: {
        workspace: 'cca82c73-2365-441b-8860-9e074d93b205',
        hostname: 'kong-cp-1',
        method: 'GET',
        path: '/event-hooks/?size=100',
        status: 200,
        ttl: 2591940,
        requestTimestamp: 1663013700,
      },
    });
  });

  test('of Kong 3.9 with everything in it has every documented key', () => {
    const data = dataOf({
      method: 'PATCH',
      path: '/plugins/1?pretty=1&token=x',
      payload: '{"config":{"password":"x","minute":5}}',
      status: 403,
      rbac_user_id: 'cca82c73-2365-441b-8860-9e074d93b206',
      rbac_user_name: 'alice',
      request_source: 'kong-manager',
      signature: 'c2ln',
      removed_from_payload: 'secret',
    });
    expect(data.userIdentity).toEqual({
      type: 'KongRbacUser',
      principalId: 'cca82c73-2365-441b-8860-9e074d93b206',
      details: { userName: 'alice' },
    });
    expect(data.requestParameters).toEqual({
      queryParameters: 'pretty=1&token=***',
      payload: '{"config":{"password":"***","minute":5}}',
    });
    expect(data.additionalEventData).toEqual({
      workspace: SAMPLE.workspace,
      hostname: 'kong-cp-1',
      method: 'PATCH',
      path: '/plugins/1?pretty=1&token=***',
      status: 403,
      signature: 'c2ln',
      ttl: SAMPLE.ttl,
      rbacUserName: 'alice',
      requestSource: 'kong-manager',
      removedFromPayload: 'secret',
      requestTimestamp: SAMPLE.request_timestamp,
      redacted: 'token,password',
    });
  });

  test.each([
    ['secret,token', 'secret,token', undefined],
    ['{"password":"hunter2","a":1}', '{"password":"***","a":1}', 'password'],
    ['client_secret=hunter2', 'client_secret=***', 'client_secret'],
  ])('of %j removed from the payload says what was removed, and no secret', (removed, removedFromPayload, redacted) => {
    const { additionalEventData } = dataOf({ removed_from_payload: removed });
    expect(additionalEventData).toMatchObject({ removedFromPayload });
    expect(additionalEventData['redacted']).toBe(redacted);
  });

  test('of an RBAC user without name has no details', () => {
    expect(dataOf({ rbac_user_id: 'u1' }).userIdentity).toEqual({
      type: 'KongRbacUser',
      principalId: 'u1',
      details: {},
    });
  });

  test('is the same at every reading, but for ttl', () => {
    expect(eventOf(SAMPLE)).toEqual(eventOf({ ...SAMPLE }));
    const { additionalEventData: first, ...firstRest } = dataOf({ ttl: 10 });
    const { additionalEventData: second, ...secondRest } = dataOf({ ttl: 9 });
    expect(firstRest).toEqual(secondRest);
    expect({ ...first, ttl: 9 }).toEqual(second);
  });

  test('takes its source from the configuration', () => {
    expect(dataOf({}, { eventSource: 'kong-eu' }).eventSource).toBe('kong-eu');
  });

  test.each([
    ['/', 'GET/'],
    ['/?size=1', 'GET/'],
    ['//', 'GET/'],
    ['/services', 'GET/services'],
    ['/services/', 'GET/services'],
    ['/services//', 'GET/services'],
    ['/a//b/?x=/', 'GET/a//b'],
    ['/services?path=/a/', 'GET/services'],
    ['/?', 'GET/'],
  ])('names a GET of %s %s', (path, eventName) => {
    expect(dataOf({ path }).eventName).toBe(eventName);
    expect(dataOf({ path }).additionalEventData['path']).toBe(path);
  });

  test.each([
    [0, '1970-01-01T00:00:00Z'],
    [1763676000, '2025-11-20T22:00:00Z'],
    [1763676000.9, '2025-11-20T22:00:00Z'],
    [1763676000123, '2025-11-20T22:00:00Z'],
    ['1763676000', '2025-11-20T22:00:00Z'],
  ])('writes the time %s as %s', (request_timestamp, eventTime) => {
    expect(dataOf({ request_timestamp }).eventTime).toBe(eventTime);
  });

  test.each(['10.0.0.1', '::1', '2001:db8::1', '::ffff:10.0.0.1'])('keeps the address %s', (client_ip) => {
    expect(dataOf({ client_ip }).sourceIPAddress).toBe(client_ip);
  });

  test.each(['unix:', '', null, 'fe80::1%eth0', '10.0.0.1:80', '[::1]', '010.0.0.1', 'localhost', '10.0.0.1 '])(
    'omits the address %j',
    (client_ip) => {
      expect(dataOf({ client_ip })).not.toHaveProperty('sourceIPAddress');
    },
  );

  test.each([
    [null, '/a', undefined],
    ['', '/a?', undefined],
    ['null', '/a?x=1', { queryParameters: 'x=1', payload: 'null' }],
    ['[1,2]', '/a', { payload: '[1,2]' }],
    ['name=a&url=b', '/a', { payload: 'name=a&url=b' }],
    ['not { JSON', '/a', { payload: 'not { JSON' }],
    [{ name: 'a' }, '/a', { payload: '{"name":"a"}' }],
    [0, '/a', { payload: '0' }],
    [null, '/a?b?c=d', { queryParameters: 'b?c=d' }],
  ])('of payload %j and path %s has the parameters %j', (payload, path, expected) => {
    expect(dataOf({ payload, path }).requestParameters).toEqual(expected);
  });

  test('omits the keys Kong left null', () => {
    expect(dataOf({ workspace: null, status: null, ttl: null }).additionalEventData).toEqual({
      hostname: 'kong-cp-1',
      method: 'GET',
      path: SAMPLE.path,
      requestTimestamp: SAMPLE.request_timestamp,
    });
  });

  test('keeps a ttl of 0', () => {
    expect(dataOf({ ttl: 0 }).additionalEventData['ttl']).toBe(0);
  });

  test.each([
    [399, undefined, undefined],
    [400, '400', 'Bad Request'],
    [403, '403', 'Forbidden'],
    [599, '599', 'HTTP status 599'],
    [null, undefined, undefined],
  ])('of status %s has, when asked for, the error %s %s', (status, errorCode, errorMessage) => {
    const { errorCode: code, errorMessage: message } = dataOf({ status }, { deriveErrorCode: true });
    expect([code, message]).toEqual([errorCode, errorMessage]);
    expect(dataOf({ status })).not.toHaveProperty('errorCode');
  });

  test.each(['ünïcode', 'a b', 'x'.repeat(129), 'a/b'])('with the odd request_id %j keeps it as UID', (request_id) => {
    const event = eventOf({ ...SAMPLE, request_id });
    expect(event.id).toBe(sha256(request_id, 'hex'));
    expect(JSON.parse(event.eventData)).toHaveProperty('UID', request_id);
  });
});

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

const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  units,
  fc.constantFrom('', ' ', '\0', '\ud800', '😀', '"', '\\', 'null', '/', '//?', 'unix:', '%', 'key=a', '{"key":"a"}'),
);
const longText = fc
  .tuple(
    fc.oneof(anyText, fc.constantFrom('\u0001', '"', '\\', '😀', '\udfff', 'é', '/', '&key=')),
    fc.integer({ min: 0, max: 120_000 }),
  )
  .map(([text, length]) => text.repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length));
const text = fc.oneof({ arbitrary: anyText, weight: 4 }, longText);
const anything = fc.oneof({ arbitrary: text, weight: 6 }, fc.jsonValue(), fc.double(), fc.constant(undefined));

const anyRow = fc.record(
  {
    client_ip: fc.oneof(anything, fc.ipV4(), fc.ipV6()),
    signature: anything,
    removed_from_payload: anything,
    status: fc.oneof(fc.integer(), anything),
    ttl: fc.oneof(fc.double(), anything),
    rbac_user_id: anything,
    rbac_user_name: anything,
    request_source: anything,
    path: fc.oneof(
      anything,
      fc.webPath(),
      fc.tuple(text, text).map(([route, query]) => `${route}?${query}`),
    ),
    payload: anything,
    request_timestamp: fc.oneof({ arbitrary: fc.integer({ min: 0, max: 5_000_000_000_000 }), weight: 5 }, anything),
    workspace: anything,
    method: fc.oneof({ arbitrary: fc.constantFrom('GET', 'POST'), weight: 3 }, anything),
    request_id: anything,
    unknown: anything,
  },
  { requiredKeys: [] },
);

function expectAccepted(row: object, context: Partial<EventContext> = {}): void {
  const event = eventOf(row, context);
  expect(event.id).toMatch(/^[-_A-Za-z0-9]{1,128}$/);
  expect(event.eventDataChecksum).toBe(sha256(event.eventData, 'base64'));
  expect(eventProblem(event, ACCOUNT)).toBeNull();
}

describe('CloudTrail accepts the event', () => {
  test('of every row there can be', () => {
    fc.assert(
      fc.property(
        anyRow,
        fc.record({ kongVersion: text, hostname: text, deriveErrorCode: fc.boolean() }),
        (row, context) => {
          const entry = toEntry(row);
          expect(entry.id).not.toBe('');
          if (!entry.valid) expect(entry.reason).toMatch(/request_timestamp|method|path/);
          else expectAccepted(row, { ...context, kongVersion: context.kongVersion || 'unknown' });
        },
      ),
      { numRuns: 300 },
    );
  });

  const big = 5_000_000;
  test.each([
    ['a payload of 5 MB', { payload: 'x'.repeat(big) }],
    ['a payload of 5 MB of quotes', { payload: '"'.repeat(big) }],
    ['a payload of 5 MB of control characters', { payload: '\u0001'.repeat(big) }],
    ['a payload of 5 MB of emoji', { payload: '😀'.repeat(big / 2) }],
    ['a payload of 5 MB of halves of emoji', { payload: '\ud83d'.repeat(big) }],
    ['a payload that is a form of 5 MB', { payload: 'key=a&'.repeat(big / 6) }],
    ['a payload 100,000 levels deep', { payload: `${'['.repeat(100_000)}"key"${']'.repeat(100_000)}` }],
    ['a payload that is an object 100,000 levels deep', { payload: nested(100_000) }],
    ['a path of 3,000 characters', { path: `/${'a'.repeat(2_999)}?key=${'b'.repeat(1000)}` }],
    ['a path of 5 MB of slashes', { path: '/'.repeat(big) }],
    ['a query of 5 MB', { path: `/a?${'key=a&'.repeat(big / 6)}` }],
    ['a huge removed_from_payload', { removed_from_payload: '"\\'.repeat(big / 2) }],
    [
      'everything huge',
      Object.fromEntries(
        Object.keys(SAMPLE)
          .filter((key) => key !== 'request_timestamp')
          .map((key) => [key, '\u0002é"😀'.repeat(50_000)]),
      ),
    ],
    ['an id of 2,000 characters', { request_id: 'é'.repeat(2000) }],
    ['an id padded with spaces', { request_id: '  abc  ' }],
    ['an id of control characters', { request_id: '\0\u0001' }],
    ['no id', { request_id: '' }],
  ])('of a row with %s', (_, changes) => {
    expectAccepted({ ...SAMPLE, ...changes });
  });

  test('for a host name or a version of halves of characters', () => {
    expectAccepted(SAMPLE, { hostname: '\ud800'.repeat(20_000), kongVersion: '\ud800'.repeat(300) });
  });
});

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}
