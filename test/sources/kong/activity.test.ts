import { describe, expect, test } from 'vitest';
import { ACCOUNT, dataOf, eventOf, SAMPLE, sha256 } from '../../support/kong-event.ts';

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
