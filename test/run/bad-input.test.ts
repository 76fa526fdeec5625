import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KONG_NOW, start } from '../support/forwarder.ts';
import { ONE_OF_EACH } from '../sources/kong/versions.ts';

const MEGABYTE = 1_000_000;
const LARGE = JSON.stringify({ text: 'a"\\é'.repeat(MEGABYTE) });

/** What Kong may hold, by request_id, and what the event must say of it. */
const SENDABLE: Record<string, readonly [entry: Record<string, unknown>, event: Record<string, unknown>]> = {
  'null-payload': [
    { payload: 'null', path: '/services?size=3' },
    { eventName: 'GET/services', requestParameters: { payload: 'null', queryParameters: 'size=3' } },
  ],
  form: [{ payload: 'name=a&url=http%3A%2F%2Fb' }, { requestParameters: { payload: 'name=a&url=http%3A%2F%2Fb' } }],
  array: [{ payload: '[1,"two",null]' }, { requestParameters: { payload: '[1,"two",null]' } }],
  'payload-object': [{ payload: { a: 1 } }, { requestParameters: { payload: '{"a":1}' } }],
  'large-payload': [
    { payload: LARGE },
    {
      requestParameters: expect.objectContaining({
        payloadTruncated: true,
        payloadBytes: Buffer.byteLength(LARGE),
        payloadSha256: hash('sha256', LARGE),
      }) as unknown,
    },
  ],
  'long-path': [{ path: `/${'p'.repeat(2999)}` }, { eventName: `GET/${'p'.repeat(1020)}` }],
  'odd id é/😀': [{}, {}],
  milliseconds: [{ request_timestamp: (KONG_NOW - 7) * 1000 }, { eventTime: '2023-11-14T22:13:13Z' }],
  control: [
    { payload: 'a\u0000b\u001b[31m\u2028😀', rbac_user_id: 'u', rbac_user_name: 'zo\u0007é 😀' },
    {
      requestParameters: { payload: 'a\u0000b\u001b[31m\u2028😀' },
      userIdentity: { type: 'KongRbacUser', principalId: 'u', details: { userName: 'zo\u0007é 😀' } },
    },
  ],
  'half-emoji': [{ path: '/a\ud83d' }, { eventName: 'GET/a\ufffd' }],
  unix: [{ client_ip: 'unix:' }, {}],
  'ttl-missing': [{ ttl: undefined }, {}],
  'ttl-null': [{ ttl: null }, {}],
  'ttl-zero': [{ ttl: 0 }, {}],
  'ttl-fraction': [{ ttl: 12.5 }, {}],
  'ttl-text': [{ ttl: '99' }, {}],
  unknown: [{ brand_new: { deep: [1] }, another: 'x' }, {}],
  'only-the-needed': [
    {
      client_ip: undefined,
      signature: undefined,
      removed_from_payload: undefined,
      status: undefined,
      ttl: undefined,
      rbac_user_id: undefined,
      rbac_user_name: undefined,
      request_source: undefined,
      payload: undefined,
      workspace: undefined,
    },
    { userIdentity: expect.objectContaining({ type: 'Anonymous', principalId: 'anonymous' }) as unknown },
  ],
  ' padded  ': [{}, { UID: 'padded' }],
};

/** Rows that are no audit entries. */
const INVALID: Record<string, Record<string, unknown>> = {
  'no-timestamp': { request_timestamp: undefined },
  'null-timestamp': { request_timestamp: null },
  'word-timestamp': { request_timestamp: 'soon' },
  'no-method': { method: undefined },
  'empty-path': { path: '' },
};

describe('bad input', () => {
  test.each(ONE_OF_EACH)('all of it in one log of a Kong %s: every entry is accounted for', async (version) => {
    await using forwarder = await start({ kong: { version }, env: { KONG_PAGE_SIZE: '7' } });
    const record = (request_id: string, entry: Record<string, unknown>) =>
      forwarder.record(1, { request_id, ...entry });
    for (const [id, [entry]] of Object.entries(SENDABLE)) record(id, entry);
    for (const [id, entry] of Object.entries(INVALID)) record(id, entry);
    record('', { path: '/nameless/a' });
    record('', { path: '/nameless/b' });
    record('', { path: '/nameless/b' });
    record('twice', {});
    record('twice', { status: 404 });
    const count = forwarder.kong.table.recorded.length;

    const summary = await forwarder.invoke();
    expect(summary).toMatchObject({ status: 'complete', fetched: count, quarantined: 5, duplicates: 2, pending: [] });
    expect(summary.forwarded).toBe(count - 7);
    expect(Object.keys(await forwarder.quarantine()).sort()).toEqual(Object.keys(INVALID).sort());

    const events = new Map(forwarder.events().map((event) => [event['UID'], event]));
    for (const [id, [, event]] of Object.entries(SENDABLE)) expect(events.get(id.trim()), id).toMatchObject(event);
    expect(events.get('unix')).not.toHaveProperty('sourceIPAddress');
    expect(events.has('twice')).toBe(true);
    const nameless = [...events.values()].filter(({ eventName }) => String(eventName).startsWith('GET/nameless'));
    expect(nameless.map(({ eventName }) => eventName).sort()).toEqual(['GET/nameless/a', 'GET/nameless/b']);
    for (const { UID } of nameless) expect(UID).toMatch(/^[0-9a-f]{64}$/);

    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 0, quarantined: 0 });
  });

  test('rows that are not even objects go to quarantine and stop nothing', async () => {
    await using forwarder = await start();
    const [row] = forwarder.record(1);
    const odd = [null, 'a row', 7, ['x']];
    forwarder.kong.faults.next(
      {
        fault: 'rewrite',
        body: (body) => ({ ...(body as object), data: [...odd, ...(body as { data: unknown[] }).data] }),
      },
      { match: ({ path }) => path !== '/' },
    );
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1, quarantined: 4 });
    expect(forwarder.uids()).toEqual([row?.key]);
    const kept = Object.values(await forwarder.quarantine()).map(({ entry }) => entry);
    expect(new Set(kept)).toEqual(new Set(odd));
  });
});

describe('Kong answers with something else than a page', () => {
  const onAudit = { match: ({ path }: { readonly path: string }) => path !== '/' };

  test.each([
    ['truncated JSON', { fault: 'truncate' }],
    [
      'HTML with status 200',
      { fault: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
    ],
    ['another shape', { fault: 'answer', status: 200, body: [{ id: 1, timestamp: 2, details: {} }] }],
    ['nothing', { fault: 'answer', status: 200, body: '' }],
    ['404', { fault: 'answer', status: 404, body: { message: 'Not found' } }],
  ] as const)('%s is a named error, never the last page', async (_, fault) => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10', OVERLAP_SECONDS: '1' } });
    const rows = forwarder.record(30);
    forwarder.kong.faults.always((request) =>
      request.path.includes('offset') && onAudit.match(request) ? fault : undefined,
    );
    expect(await forwarder.fail()).toMatchObject({ name: 'KongResponseError', code: 'KONG_BAD_RESPONSE' });
    expect(forwarder.uids()).toHaveLength(10);

    forwarder.kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(forwarder.uids().sort()).toEqual(rows.map(({ key }) => key).sort());
  });

  test('400 for an offset is not: what is left is asked for without one', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10', OVERLAP_SECONDS: '1' } });
    const rows = forwarder.record(30);
    const fault = { fault: 'answer', status: 400, body: { code: 7, name: 'invalid offset' } } as const;
    forwarder.kong.faults.always((request) => (request.path.includes('offset') ? fault : undefined));
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(forwarder.uids().sort()).toEqual(rows.map(({ key }) => key).sort());
  });

  test('401, 403 and a lapsed licence are KongAuthError with what to do', async () => {
    await using forwarder = await start();
    const { settings } = forwarder.kong;
    settings.rbacUsers = [];
    expect((await forwarder.fail()).message).toContain('KONG_SUPERADMIN');
    settings.rbacUsers = null;
    settings.licensed = false;
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'KongAuthError' });
    expect(error.message).toContain('licence');
  });
});
