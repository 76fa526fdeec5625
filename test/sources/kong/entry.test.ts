import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditEntry, type InvalidEntry, toEntry, toEntryBySchema } from '../../../lambda/sources/kong/entry.ts';
import { anyText } from '../../support/any-text.ts';
import { SAMPLE } from '../../support/kong-event.ts';

const without = (...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(SAMPLE).filter(([key]) => !keys.includes(key)));

function valid(changes: object): AuditEntry {
  const entry = toEntry({ ...SAMPLE, ...changes });
  if (!entry.valid) throw new Error(entry.reason);
  return entry;
}

function invalid(row: unknown): InvalidEntry {
  const entry = toEntry(row);
  if (entry.valid) throw new Error('the entry is valid');
  return entry;
}

describe('an entry', () => {
  test('of Kong 2.8 has one shape', () => {
    expect(toEntry(SAMPLE)).toEqual({
      valid: true,
      id: '8XsOaNYwXgn0VmgA8qYYpVteu14p9GIK',
      timestamp: 1663013700,
      method: 'GET',
      path: '/event-hooks/?size=100',
      status: 200,
      ttlSeconds: 2591940,
      clientIp: '172.31.76.246',
      payload: null,
      rbacUserId: null,
      rbacUserName: null,
      requestSource: null,
      workspace: 'cca82c73-2365-441b-8860-9e074d93b205',
      signature: null,
      removedFromPayload: null,
      row: SAMPLE,
    });
  });

  test('of Kong 3.2 and later names the user and the source', () => {
    expect(valid({ rbac_user_id: 'u1', rbac_user_name: 'alice', request_source: 'kong-manager' })).toMatchObject({
      rbacUserId: 'u1',
      rbacUserName: 'alice',
      requestSource: 'kong-manager',
    });
  });

  test('needs no more than method, path and time; what is absent, null or empty is null', () => {
    const all = ['client_ip', 'payload', 'rbac_user_id', 'rbac_user_name', 'request_source', 'workspace', 'signature'];
    const nulls = Object.fromEntries([...all, 'removed_from_payload', 'status', 'ttl'].map((key) => [key, null]));
    const bare = { method: 'GET', path: '/', request_timestamp: 1, request_id: 'a' };
    const { row, ...fields } = valid({ ...nulls });
    expect(row).toMatchObject(nulls);
    expect(Object.values(fields).filter((value) => value === null)).toHaveLength(10);
    expect(toEntry(bare)).toEqual({ ...toEntry({ ...bare, ...nulls }), row: bare });
    expect(valid({ client_ip: '', payload: '', workspace: '' })).toMatchObject({
      clientIp: null,
      payload: null,
      workspace: null,
    });
  });

  test('may have unknown keys, which its row keeps', () => {
    const entry = valid({ new_key: [1], __proto__: { a: 1 } });
    expect(entry.row).toHaveProperty('new_key', [1]);
  });

  test.each([
    [2591940, 2591940],
    [0, 0],
    [12.75, 12.75],
    [-3, -3],
    ['2591940', 2591940],
    [' 7 ', 7],
    ['', null],
    ['soon', null],
    [null, null],
    [undefined, null],
    [true, null],
    [{}, null],
    ['Infinity', null],
  ])('with the ttl %j has %j seconds left', (ttl, expected) => {
    expect(valid({ ttl }).ttlSeconds).toBe(expected);
  });

  test.each([
    [1663013700, 1663013700],
    ['1663013700', 1663013700],
    [1663013700.999, 1663013700],
    [1663013700123, 1663013700],
    ['1663013700123', 1663013700],
    [0, 0],
    [99_999_999_999, 99_999_999_999],
  ])('with the request_timestamp %j is of the second %i', (request_timestamp, expected) => {
    expect(valid({ request_timestamp }).timestamp).toBe(expected);
  });

  test.each([
    ['200', 200],
    [404, 404],
    ['ok', null],
    [null, null],
  ])('with the status %j has %j', (status, expected) => {
    expect(valid({ status }).status).toBe(expected);
  });

  test.each([
    ['{"a":1}', '{"a":1}'],
    ['null', 'null'],
    ['a=b&c=d', 'a=b&c=d'],
    [{ a: [1] }, '{"a":[1]}'],
    [[1], '[1]'],
    [false, 'false'],
    [0, '0'],
  ])('with the payload %j has the text %j', (payload, expected) => {
    expect(valid({ payload }).payload).toBe(expected);
  });

  test('has well-formed texts: half a character becomes U+FFFD', () => {
    expect(valid({ path: '/\ud800', payload: '😀\udc00' })).toMatchObject({ path: '/\ufffd', payload: '😀\ufffd' });
  });
});

describe('the id', () => {
  test.each([
    ['abc', 'abc'],
    ['  abc  ', 'abc'],
    ['a b', 'a b'],
    [123, '123'],
  ])('of request_id %j is %j', (request_id, expected) => {
    expect(valid({ request_id }).id).toBe(expected);
  });

  test("is a digest where the request_id is longer than CloudTrail's 1,024 bytes", () => {
    const request_id = 'é'.repeat(513);
    expect(valid({ request_id }).id).toBe(createHash('sha256').update(request_id).digest('hex'));
    expect(valid({ request_id: request_id.slice(1) }).id).toBe(request_id.slice(1));
    expect(valid({ request_id: `${request_id}x` }).id).not.toBe(valid({ request_id }).id);
  });

  describe('where Kong gave none', () => {
    const id = (changes: object) => valid({ request_id: '', ...changes }).id;

    test('is a digest of the row', () => {
      expect(id({})).toMatch(/^[0-9a-f]{64}$/);
    });

    test.each(['', '   ', null, undefined])(
      'which %j counts as, is the same at every reading, in whatever order the keys come',
      (request_id) => {
        const read = { ...SAMPLE, request_id, ttl: 5 };
        const later = Object.fromEntries(Object.entries({ ...read, ttl: 3 }).toReversed());
        expect(toEntry(read).id).toBe(toEntry(later).id);
        expect(toEntry(read).id).toBe(toEntry({ ...without('ttl'), request_id }).id);
      },
    );

    test('stays the same when an upgraded Kong adds a column to the row', () => {
      expect(id({ rbac_user_name: null, request_source: null })).toBe(id({}));
    });

    test.each([
      { request_timestamp: 1663013701 },
      { path: '/x' },
      { payload: 'x' },
      { workspace: null },
      { unknown: 1 },
    ])('is another for a row that differs by %j', (changes) => {
      expect(id(changes)).not.toBe(id({}));
    });
  });
});

describe('a row that is no entry', () => {
  test.each([
    ['no request_timestamp', without('request_timestamp'), 'request_timestamp must be epoch seconds'],
    ['no method', without('method'), 'method must not be empty'],
    ['no path', without('path'), 'path must not be empty'],
    ['an empty method', { ...SAMPLE, method: '' }, 'method must not be empty'],
    ['two problems', without('method', 'path'), 'method must not be empty; path must not be empty'],
    ['not an object', 'text', 'the row Invalid input: expected object, received string'],
    ['null', null, 'the row Invalid input: expected object, received null'],
    ['an array', [SAMPLE], 'the row Invalid input: expected object, received array'],
  ])('says why: %s', (_, row, reason) => {
    expect(invalid(row)).toMatchObject({ reason, row });
  });

  test.each([null, '', 'yesterday', '2022-09-12T20:15:00Z', -1, 1e17, true, {}])(
    'may have the request_timestamp %j',
    (request_timestamp) => {
      expect(invalid({ ...SAMPLE, request_timestamp })).toMatchObject({
        id: SAMPLE.request_id,
        timestamp: null,
        ttlSeconds: SAMPLE.ttl,
        reason: 'request_timestamp must be epoch seconds',
      });
    },
  );

  test('keeps the id, the time and the ttl it has', () => {
    expect(invalid(without('method'))).toMatchObject({
      id: SAMPLE.request_id,
      timestamp: SAMPLE.request_timestamp,
      ttlSeconds: SAMPLE.ttl,
    });
  });

  test('has an id of its own', () => {
    const rows = [null, 1, 'a', [], [1], {}, { a: 1 }];
    expect(new Set(rows.map((row) => invalid(row).id)).size).toBe(rows.length);
  });
});

test('whatever Kong sends becomes an entry of one kind or the other', () => {
  const row = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom(...Object.keys(SAMPLE)), fc.oneof(fc.jsonValue(), anyText)),
  );
  fc.assert(
    fc.property(row, (value) => {
      const entry = toEntry(value);
      expect(entry.row).toBe(value);
      expect(entry.id).not.toBe('');
      expect(Buffer.byteLength(entry.id)).toBeLessThanOrEqual(1024);
      expect(toEntry(structuredClone(value))).toEqual(entry);
    }),
  );
});

test('a row nested deeper than JSON can be written is an entry all the same', () => {
  const nested: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
  expect(valid({ payload: nested }).payload).toBe('['.repeat(20_000) + ']'.repeat(20_000));
  expect(valid({ request_id: '', nested }).id).toMatch(/^[0-9a-f]{64}$/);
  expect(invalid(nested).id).toMatch(/^[0-9a-f]{64}$/);
});

/** What any field of a row may hold, and what most do. */
const FIELD = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    '',
    ' ',
    '1',
    ' 7 ',
    '1e400',
    NaN,
    -1,
    0,
    1663013700.9,
    1663013700123,
    1e15,
    true,
    '\ud800',
  ),
  anyText,
  fc.jsonValue(),
);

test('a row is read in the way of the schema', () => {
  const fields = Object.keys({ ...SAMPLE, rbac_user_name: '', request_source: '' });
  const rows = fc.record(Object.fromEntries(fields.map((name) => [name, FIELD])), { requiredKeys: [] });
  fc.assert(
    fc.property(rows, rows, (changes, others) => {
      for (const row of [{ ...SAMPLE, ...changes }, changes, { ...changes, ...others }])
        expect(toEntry(row)).toEqual(toEntryBySchema(row));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.anything(), (row) => {
      expect(toEntry(row)).toEqual(toEntryBySchema(row));
    }),
  );
});
