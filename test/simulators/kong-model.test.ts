import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kongModel, type KongAnswer, type KongModel, type KongModelOptions } from './kong-model.ts';
import { VERSIONS } from '../sources/kong/versions.ts';

interface AuditPage {
  readonly data: readonly {
    readonly request_id: string;
    readonly request_timestamp: number;
    readonly ttl: number | null;
    readonly path: string;
    readonly status: number;
  }[];
  readonly next: string | null;
  readonly offset?: string;
}

const START = 1_700_000_000;
const OLD = '2.8.1.1-enterprise-edition';
const ERAS = VERSIONS.map(([version]) => version);

/** A Kong whose clock is moved by hand. Its own rows never appear, unless the test is about them. */
function kongAt(options: Partial<KongModelOptions> = {}) {
  const clock = { now: START };
  const kong = kongModel({ now: () => clock.now, writeDelaySeconds: Infinity, ...options });
  return { kong, clock };
}

function get(kong: KongModel, path: string, token?: string): KongAnswer {
  return kong.handle({ method: 'GET', path, headers: { 'kong-admin-token': token } });
}

function page(kong: KongModel, query: string): AuditPage {
  const { status, body } = get(kong, `/audit/requests?${query}`);
  expect(status).toBe(200);
  return body as AuditPage;
}

function scan(kong: KongModel, query: string, between: () => void = () => undefined): readonly string[] {
  const ids: string[] = [];
  for (let offset = ''; ;) {
    const { data, offset: following } = page(kong, `${query}${offset}`);
    ids.push(...data.map((entry) => entry.request_id));
    if (following === undefined) return ids;
    offset = `&offset=${encodeURIComponent(following)}`;
    between();
  }
}

function record(kong: KongModel, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => kong.table.record({}, { at: START - index * 10 }).key);
}

describe('pages', () => {
  test.each(ERAS)('%s gives every row once, in pages of the size asked for', (version) => {
    const { kong } = kongAt({ version });
    const ids = record(kong, 25);
    expect(scan(kong, 'size=10').toSorted()).toEqual(ids.toSorted());
    expect(page(kong, 'size=10').data).toHaveLength(10);
  });

  test('are ordered by request_id before 3.4.3.8, newest first from then on', () => {
    const { kong } = kongAt();
    const newestFirst = record(kong, 25);
    for (const version of [OLD, '3.4.3.7', '3.5.0.3', '3.6.1.4']) {
      kong.settings.version = version;
      expect(scan(kong, 'size=7')).toEqual(newestFirst.toSorted());
    }
    for (const version of ['3.4.3.8', '3.5.0.4', '3.6.1.5', '3.7.0.0', '3.9.1.0']) {
      kong.settings.version = version;
      expect(scan(kong, 'size=7')).toEqual(newestFirst);
    }
  });

  test('order rows of one second by nothing a reader can see, differently for another seed', () => {
    const orders = [1, 2].map((seed) => {
      const { kong } = kongAt({ seed });
      for (let index = 0; index < 20; index += 1) kong.table.record({ request_id: `id-${index}` });
      return scan(kong, 'size=3');
    });
    expect(orders[0]?.toSorted()).toEqual(orders[1]?.toSorted());
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test('hold 100 rows when no size is given', () => {
    const { kong } = kongAt();
    record(kong, 101);
    expect(page(kong, '').data).toHaveLength(100);
  });

  test('end without an extra page at an exact multiple of the size', () => {
    const { kong } = kongAt();
    record(kong, 20);
    const first = page(kong, 'size=10');
    const second = page(kong, `size=10&offset=${first.offset ?? ''}`);
    expect(second).toMatchObject({ next: null });
    expect(second).not.toHaveProperty('offset');
  });

  test('shift nothing when rows arrive or expire between them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...ERAS), fc.integer({ min: 1, max: 9 }), (seed, version, size) => {
        const { kong, clock } = kongAt({ version, seed });
        const stay = record(kong, 30);
        for (let index = 0; index < 30; index += 1) kong.table.record({}, { at: START - index * 7, ttlSeconds: 300 });
        const seen = scan(kong, `size=${size}`, () => {
          clock.now += 20;
          kong.table.record();
        });
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining([...stay]));
      }),
      { numRuns: 50 },
    );
  });
});

describe('after and before', () => {
  test.each(['3.4.3.9', '3.5.0.5', '3.6.1.5', '3.7.0.0', '3.9.1.0'])('%s honours them', (version) => {
    const { kong } = kongAt({ version });
    record(kong, 10);
    const times = page(kong, `after=${START - 50}&before=${START - 20}`).data.map((entry) => entry.request_timestamp);
    expect(times).toEqual([START - 30, START - 40, START - 50]);
  });

  test.each([OLD, '3.4.3.8', '3.5.0.4'])('%s ignores them', (version) => {
    const { kong } = kongAt({ version });
    record(kong, 10);
    expect(page(kong, 'after=nonsense&before=1').data).toHaveLength(10);
  });

  test('may be given as UTC times without fractions, and nothing else', () => {
    const { kong } = kongAt();
    record(kong, 10);
    const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    expect(page(kong, `after=${time(START - 10)}&before=${time(START)}`).data).toHaveLength(1);
    for (const bad of ['1.5', '-1', 'x', '2024-04-25T15:03:24.5Z', '2024-04-25', '']) {
      expect(get(kong, `/audit/requests?after=${bad}`).status).toBe(400);
    }
  });
});

describe('next', () => {
  const nextOf = (version: string): string | null => {
    const { kong } = kongAt({ version });
    record(kong, 5);
    return page(kong, `size=2&after=1&before=${START + 1}`).next;
  };

  test('drops the size before 3.1 and the filters before 3.9', () => {
    expect(nextOf(OLD)).toMatch(/^\/audit\/requests\?offset=[^&]+$/);
    expect(nextOf('3.4.3.9')).toMatch(/^\/audit\/requests\?offset=[^&]+&size=2$/);
    expect(nextOf('3.9.1.0')).toMatch(/^\/audit\/requests\?offset=[^&]+&size=2&after=1&before=\d+$/);
  });

  test('followed before 3.9 leaves the window', () => {
    const { kong } = kongAt({ version: '3.7.0.0' });
    record(kong, 5);
    const { next } = page(kong, `size=1&after=${START - 15}`);
    const { body } = get(kong, next ?? '');
    expect((body as AuditPage).next).not.toBeNull();
  });

  test('knows neither host nor path prefix', () => {
    const { kong } = kongAt({ pathPrefix: '/_api' });
    record(kong, 2);
    const { body } = get(kong, '/_api/audit/requests?size=1');
    expect((body as AuditPage).next).toMatch(/^\/audit\/requests\?/);
  });
});

describe('bad parameters', () => {
  test.each(['0', '1001', '-1', '1.5'])('size %s is refused', (size) => {
    expect(get(kongAt().kong, `/audit/requests?size=${size}`)).toMatchObject({
      status: 400,
      body: { code: 9, name: 'invalid size', message: 'size must be an integer between 1 and 1000' },
    });
  });

  test('a size that is no number is refused', () => {
    expect(get(kongAt().kong, '/audit/requests?size=many').body).toMatchObject({ code: 9, name: 'invalid size' });
  });

  test.each([
    ['x', 'bad base64 encoding'],
    ['***', 'bad base64 encoding'],
    ['eHl6', 'bad json encoding'],
  ])('the offset %s is refused: %s', (offset, reason) => {
    expect(get(kongAt().kong, `/audit/requests?offset=${offset}`)).toMatchObject({
      status: 400,
      body: { code: 7, name: 'invalid offset', message: `'${offset}' is not a valid offset: ${reason}` },
    });
  });

  test('an offset of another shape, such as that of the release before an upgrade, finds nothing', () => {
    const { kong } = kongAt({ version: OLD });
    record(kong, 5);
    const { offset = '' } = page(kong, 'size=2');
    kong.settings.version = '3.9.1.0';
    expect(page(kong, `offset=${offset}`)).toEqual({ data: [], next: null });
    expect(page(kong, `offset=${Buffer.from('{"a":1}').toString('base64')}`)).toEqual({ data: [], next: null });
  });

  test('an offset is unpadded base64 of a JSON array', () => {
    const { kong } = kongAt({ version: OLD });
    const [id] = record(kong, 2).toSorted();
    const { offset = '' } = page(kong, 'size=1');
    expect(offset).toMatch(/^[A-Za-z0-9+/]+$/);
    expect(JSON.parse(Buffer.from(offset, 'base64').toString())).toEqual([id]);
  });
});

describe('rows', () => {
  test('show a ttl that falls, floored, down to 0, and are hidden after it', () => {
    const { kong, clock } = kongAt();
    kong.table.record({}, { ttlSeconds: 10 });
    const ttl = () => page(kong, '').data.map((entry) => entry.ttl);
    expect(ttl()).toEqual([10]);
    clock.now += 9.5;
    expect(ttl()).toEqual([0]);
    clock.now += 1;
    expect(ttl()).toEqual([]);
  });

  test('show a fractional ttl on 3.1, null without expiry, and whatever a test puts there', () => {
    const { kong, clock } = kongAt({ version: '3.1.1.2' });
    kong.table.record({}, { ttlSeconds: 10 });
    clock.now += 0.5;
    expect(page(kong, '').data[0]?.ttl).toBe(9.5);
    const { kong: other } = kongAt();
    other.table.record({}, { ttlSeconds: null });
    other.table.record({ ttl: 'soon' });
    other.table.record({ ttl: undefined, extra: 1 });
    const rows = page(other, '').data;
    expect(new Set(rows.map(({ ttl }) => ttl))).toEqual(new Set([null, 'soon', undefined]));
    expect(rows.filter((row) => !('ttl' in row))).toMatchObject([{ extra: 1 }]);
  });

  test('have no user name and no source before 3.2', () => {
    const { kong } = kongAt({ version: '3.1.1.2' });
    kong.table.record({ rbac_user_name: 'alice' });
    expect(page(kong, '').data[0]).not.toHaveProperty('rbac_user_name');
    kong.settings.version = '3.2.0.0';
    expect(page(kong, '').data[0]).toMatchObject({ rbac_user_name: 'alice' });
  });

  test('may share an id, or have none, and are all found', () => {
    for (const version of [OLD, '3.9.1.0']) {
      const { kong } = kongAt({ version });
      for (const request_id of ['', '', 'twin', 'twin', undefined]) kong.table.record({ request_id });
      expect(scan(kong, 'size=1')).toHaveLength(5);
    }
  });

  test('may come late', () => {
    const { kong, clock } = kongAt();
    const row = kong.table.record({}, { delaySeconds: 60 });
    expect(page(kong, '').data).toEqual([]);
    clock.now += 60;
    expect(page(kong, '').data).toMatchObject([{ request_id: row.key, request_timestamp: START }]);
  });
});

describe('own rows', () => {
  test('appear after the answer, with the id from its header', () => {
    const { kong, clock } = kongAt({ writeDelaySeconds: 0.5 });
    const root = get(kong, '/');
    const audit = get(kong, '/audit/requests?size=7');
    expect(audit.body).toMatchObject({ data: [] });
    clock.now += 1;
    const rows = page(kong, '').data;
    const ids = [root, audit].map(({ headers }) => headers['x-kong-admin-request-id']);
    expect(rows.map((row) => row.request_id).toSorted()).toEqual(ids.toSorted());
    expect(rows.map((row) => row.path).toSorted()).toEqual(['/', '/audit/requests?size=7']);
  });

  test('are written for refused requests too', () => {
    const { kong } = kongAt({ writeDelaySeconds: 0 });
    get(kong, '/audit/requests?size=0');
    expect(page(kong, '').data).toMatchObject([{ status: 400 }]);
  });

  test('are not written by a node whose audit log is off', () => {
    const nodes = [{ hostname: 'quiet', nodeId: 'n', auditLog: false }];
    const { kong } = kongAt({ writeDelaySeconds: 0, nodes });
    get(kong, '/');
    expect(kong.table.recorded).toEqual([]);
  });
});

describe('who may read', () => {
  const rbacUsers = [
    { token: 'secret', name: 'auditor', id: 'u1' },
    { token: 'narrow', name: 'reader', id: 'u2', denied: ['/'] },
    { token: 'other', name: 'guest', id: 'u3', denied: ['/audit/requests'] },
  ];

  test('nobody without a token, or with a wrong one', () => {
    const { kong } = kongAt({ rbacUsers });
    for (const token of [undefined, 'wrong']) {
      expect(get(kong, '/audit/requests', token)).toMatchObject({
        status: 401,
        body: { message: 'Invalid RBAC credentials' },
      });
    }
    expect(get(kong, '/audit/requests', 'secret').status).toBe(200);
  });

  test('each path needs its own permission', () => {
    const { kong } = kongAt({ rbacUsers });
    expect(get(kong, '/', 'narrow')).toMatchObject({
      status: 403,
      body: { message: 'reader, you do not have permissions to read this resource' },
    });
    expect(get(kong, '/audit/requests', 'narrow').status).toBe(200);
    expect(get(kong, '/audit/requests/?size=1', 'other').status).toBe(403);
  });

  test('a token is of no interest while RBAC is off', () => {
    expect(get(kongAt().kong, '/audit/requests', 'anything').status).toBe(200);
  });
});

describe('a Kong that cannot answer', () => {
  test('without a licence', () => {
    expect(get(kongAt({ licensed: false }).kong, '/audit/requests')).toMatchObject({
      status: 403,
      body: { message: 'Enterprise license missing or expired' },
    });
  });

  test('with its audit log off', () => {
    expect(get(kongAt({ auditLog: false }).kong, '/audit/requests')).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    });
  });

  test('with its database down', () => {
    expect(get(kongAt({ databaseUp: false }).kong, '/audit/requests').status).toBe(500);
  });

  test('outside its path prefix, at unknown paths, and to other methods', () => {
    const { kong } = kongAt({ pathPrefix: '/_api' });
    expect(get(kong, '/audit/requests').status).toBe(404);
    expect(get(kong, '/_apis/audit/requests').status).toBe(404);
    expect(get(kong, '/_api/audit/request').status).toBe(404);
    expect(get(kong, '/_api').status).toBe(200);
    expect(kong.handle({ method: 'POST', path: '/_api/audit/requests', headers: {} }).status).toBe(405);
  });
});

test('nodes have names, clocks and audit rows of their own', () => {
  const nodes = [
    { hostname: 'slow', nodeId: 'n1', skewSeconds: -90 },
    { hostname: 'fast', nodeId: 'n2', skewSeconds: 90 },
  ];
  const { kong } = kongAt({ nodes, writeDelaySeconds: 0 });
  for (let index = 0; index < 20; index += 1) {
    const { headers, body } = get(kong, '/');
    const { hostname } = body as { readonly hostname: string };
    const time = START + (hostname === 'slow' ? -90 : 90);
    expect(Date.parse(headers['date'] ?? '') / 1000).toBe(time);
    expect(kong.table.recorded.at(-1)?.timestamp).toBe(time);
  }
  expect(new Set(kong.table.recorded.map(({ timestamp }) => timestamp)).size).toBe(2);
});
