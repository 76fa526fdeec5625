import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { toEntry } from '../../../lambda/sources/kong/entry.ts';
import { KEPT_PAYLOAD_MAX_BYTES, keepRow } from '../../../lambda/sources/kong/keep.ts';
import { anyText } from '../../support/any-text.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);

const ROW = {
  request_id: 'id-1',
  request_timestamp: 1_763_676_000,
  method: 'POST',
  path: '/services?size=1',
  status: 201,
  ttl: 2_591_940,
  payload: '{"name":"a"}',
  unknown: { kept: [1, null] },
};

const keep = (row: unknown) => keepRow(row, redactor);
const keptOf = (changes: object) => keep({ ...ROW, ...changes }).row as Record<string, unknown>;

describe('what is kept of a row', () => {
  test('is the row itself where nothing is secret or long', () => {
    expect(keep(ROW)).toEqual({ row: ROW });
  });

  test('makes, when it is replayed, the entry it was made of', () => {
    expect(toEntry(keep(ROW).row)).toEqual(toEntry(ROW));
  });

  test.each([
    ['payload', '{"password":"hunter2"}', '{"password":"***"}'],
    ['payload', 'password=hunter2&a=b', 'password=***&a=b'],
    ['payload', { password: 'hunter2' }, '{"password":"***"}'],
    ['payload', '', ''],
    ['path', '/a?token=hunter2&b', '/a?token=***&b'],
    ['path', '/a/b', '/a/b'],
    ['removed_from_payload', '{"secret":"hunter2"}', '{"secret":"***"}'],
    ['removed_from_payload', null, null],
  ])('is of the %s %j %j', (key, value, expected) => {
    expect(keptOf({ [key]: value })).toEqual({ ...ROW, [key]: expected });
  });

  test('is nothing that may hold a secret where the row cannot be redacted; nothing is thrown', () => {
    const broken = () => {
      throw new Error('a bug');
    };
    const by = { payload: broken, query: broken };
    const { payload, ...others } = ROW;
    const { row, whole } = keepRow({ ...ROW, removed_from_payload: 'x' }, by);
    expect(row).toEqual({ ...others, path: '/services' });
    expect(whole).toMatchObject({ payloadBytes: payload.length });
    expect(keepRow({ ...others, payload: { a: 1 } }, by)).toEqual({ row: { ...others, path: '/services' } });
    for (const other of ['a text', ['a', 'list']]) expect(keepRow(other, by)).toEqual({ row: null });
  });

  test('leaves the row it is given as it was', () => {
    const row = { ...ROW, payload: '{"password":"hunter2"}', path: '/a?key=b' };
    const before = structuredClone(row);
    keep(row);
    expect(row).toEqual(before);
  });

  describe('of a payload over 32 kB', () => {
    test('keeps the beginning, and size and digest of the whole one', () => {
      const payload = JSON.stringify({ password: 'hunter2', text: 'é'.repeat(20_000) });
      const { row, whole } = keep({ ...ROW, payload });
      const kept = (row as { payload: string }).payload;
      expect(kept).toMatch(/^\{"password":"\*\*\*","text":"é+$/);
      expect(Buffer.byteLength(kept)).toBeGreaterThan(KEPT_PAYLOAD_MAX_BYTES - 2);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(32_000);
      expect(whole).toEqual({
        payloadBytes: Buffer.byteLength(payload),
        payloadSha256: createHash('sha256').update(payload).digest('hex'),
      });
    });

    test('says so also when nothing but its secrets would not have fit', () => {
      const payload = JSON.stringify({ password: 'hunter2'.repeat(100_000) });
      expect(keep({ ...ROW, payload })).toMatchObject({
        row: { payload: '{"password":"***"' },
        whole: { payloadBytes: payload.length },
      });
    });

    test('at its edge keeps it whole', () => {
      const payload = 'x'.repeat(32_000);
      expect(keep({ ...ROW, payload })).toEqual({ row: { ...ROW, payload } });
      expect(keep({ ...ROW, payload: `${payload}x` }).whole).toMatchObject({ payloadBytes: 32_001 });
    });
  });

  test.each([[null], [5], [true], ['text'], [[1, 2]], [{}], [{ payload: null }], [{ path: 7 }]])(
    'of the row %j keeps it',
    (row) => {
      expect(keep(row)).toEqual({ row });
    },
  );

  test.each([
    ['["password",{"password":"hunter2"}]', ['password', { password: '***' }]],
    ['"{\\"password\\":\\"hunter2\\"}"', '{"password":"***"}'],
  ])('of a row that is no object, %s, keeps it without secrets', (json, expected) => {
    expect(keep(JSON.parse(json)).row).toEqual(expected);
  });

  test('of a row nested deeper than JSON can be written keeps its text', () => {
    const nested: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    for (const row of [{ ...ROW, nested, password: 'x' }, nested, { ...ROW, payload: nested }]) {
      expect(JSON.stringify(keep(row)).length).toBeLessThan(50_000);
    }
    expect(keep({ ...ROW, nested }).row).toContain('id-1');
  });

  test('can be written and holds no secret, whatever the row', () => {
    const secret = 'hunter2-hunter2';
    const row = fc.record(
      {
        request_id: anyText,
        path: fc.string().map((path) => `${path.replaceAll('?', '')}?token=${secret}`),
        payload: fc.oneof(
          fc.jsonValue().map((other) => JSON.stringify({ other, password: secret })),
          fc.jsonValue().map((other) => ({ other, password: [secret] })),
          fc.constant(`a=b&client_secret=${secret}`),
        ),
        method: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(row, (value) => {
        const text = JSON.stringify(keep(value));
        expect(text).not.toContain(secret);
        const { row } = JSON.parse(text) as { row: unknown };
        if (value.request_id?.trim()) expect(toEntry(row).id).toBe(toEntry(value).id);
      }),
    );
  });
});
