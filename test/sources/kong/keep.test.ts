import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WholePayload } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { toEntry } from '../../../lambda/sources/kong/entry.ts';
import { QUARANTINED_PAYLOAD_MAX_BYTES, toQuarantineRecord } from '../../../lambda/pipeline/quarantine.ts';

const REFUSAL = { errorCode: 'InvalidData', errorMessage: 'no' };
const AT = new Date('2026-11-20T22:00:00Z');
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

const recordOf = (row: unknown, whole?: WholePayload) => toQuarantineRecord(toEntry(row), REFUSAL, redactor, AT, whole);
const keptOf = (changes: object) => recordOf({ ...ROW, ...changes }).entry as Record<string, unknown>;

describe('a quarantine record', () => {
  test("keeps Kong's row, with the reason and the time", () => {
    expect(recordOf(ROW)).toEqual({ id: 'id-1', entry: ROW, ...REFUSAL, at: '2026-11-20T22:00:00.000Z' });
  });

  test('makes, when it is replayed, the entry it was made of', () => {
    expect(toEntry(recordOf(ROW).entry)).toEqual(toEntry(ROW));
  });

  test.each([
    ['payload', '{"password":"hunter2"}', '{"password":"***"}'],
    ['payload', 'password=hunter2&a=b', 'password=***&a=b'],
    ['payload', { password: 'hunter2' }, '{"password":"***"}'],
    ['payload', '', ''],
    ['path', '/a?token=hunter2&b', '/a?token=***&b'],
    ['removed_from_payload', '{"password":"hunter2"}', '{"password":"***"}'],
    ['removed_from_payload', ['secret', { token: 'hunter2' }], '["secret",{"token":"***"}]'],
    ['removed_from_payload', 'secret,password', 'secret,password'],
    ['path', '/a/b', '/a/b'],
  ])('keeps of the %s %j %j', (key, value, expected) => {
    expect(keptOf({ [key]: value })).toEqual({ ...ROW, [key]: expected });
  });

  test('keeps nothing that may hold a secret of a row that cannot be redacted, and does not throw', () => {
    const broken = () => {
      throw new Error('a bug');
    };
    const { payload, ...others } = ROW;
    const record = toQuarantineRecord(
      toEntry({ ...ROW, removed_from_payload: 'password=hunter2' }),
      REFUSAL,
      { payload: broken, query: broken },
      AT,
    );
    expect(record).toMatchObject({ entry: { ...others, path: '/services' }, payloadBytes: payload.length });
    expect(record.entry).not.toHaveProperty('payload');
    expect(record.entry).not.toHaveProperty('removed_from_payload');
  });

  test('leaves the row it is given as it was', () => {
    const row = { ...ROW, payload: '{"password":"hunter2"}', path: '/a?key=b' };
    const before = structuredClone(row);
    recordOf(row);
    expect(row).toEqual(before);
  });

  describe('of a payload over 32 kB', () => {
    test('keeps the beginning, and size and digest of the whole one', () => {
      const payload = JSON.stringify({ password: 'hunter2', text: 'é'.repeat(20_000) });
      const { entry, payloadBytes, payloadSha256 } = recordOf({ ...ROW, payload });
      const kept = (entry as { payload: string }).payload;
      expect(kept).toMatch(/^\{"password":"\*\*\*","text":"é+$/);
      expect(Buffer.byteLength(kept)).toBeGreaterThan(QUARANTINED_PAYLOAD_MAX_BYTES - 2);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(32_000);
      expect({ payloadBytes, payloadSha256 }).toEqual({
        payloadBytes: Buffer.byteLength(payload),
        payloadSha256: createHash('sha256').update(payload).digest('hex'),
      });
    });

    test('says so also when nothing but its secrets would not have fit', () => {
      const payload = JSON.stringify({ password: 'hunter2'.repeat(100_000) });
      const record = recordOf({ ...ROW, payload });
      expect(record).toMatchObject({ entry: { payload: '{"password":"***"' }, payloadBytes: payload.length });
    });

    test('at its edge keeps it whole', () => {
      const payload = 'x'.repeat(32_000);
      expect(recordOf({ ...ROW, payload })).not.toHaveProperty('payloadBytes');
      expect(keptOf({ payload })).toEqual({ ...ROW, payload });
      expect(recordOf({ ...ROW, payload: `${payload}x` })).toMatchObject({ payloadBytes: 32_001 });
    });

    test('that was cut before goes on describing the whole one', () => {
      const whole = { payloadBytes: 5_000_000, payloadSha256: 'ab'.repeat(32) };
      expect(recordOf(ROW, whole)).toMatchObject(whole);
      expect(recordOf({ ...ROW, payload: 'x'.repeat(40_000) }, whole)).toMatchObject(whole);
    });
  });

  test.each([[null], [5], [true], ['text'], [[1, 2]], [{}], [{ payload: null }], [{ path: 7 }]])(
    'of the row %j keeps it',
    (row) => {
      expect(recordOf(row).entry).toEqual(row);
    },
  );

  test.each([
    ['["password",{"password":"hunter2"}]', ['password', { password: '***' }]],
    ['"{\\"password\\":\\"hunter2\\"}"', '{"password":"***"}'],
  ])('of a row that is no object, %s, keeps it without secrets', (json, expected) => {
    expect(recordOf(JSON.parse(json)).entry).toEqual(expected);
  });

  test('of a row nested deeper than JSON can be written keeps its text', () => {
    const nested: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    for (const row of [{ ...ROW, nested, password: 'x' }, nested, { ...ROW, payload: nested }]) {
      const record = recordOf(row);
      expect(JSON.stringify(record).length).toBeLessThan(100_000);
    }
    expect(recordOf({ ...ROW, nested }).entry).toContain('id-1');
  });

  test('can be written and holds no secret, whatever the row', () => {
    const secret = 'hunter2-hunter2';
    const row = fc.record(
      {
        request_id: fc.string({ unit: 'binary' }),
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
        const text = JSON.stringify(recordOf(value));
        expect(text).not.toContain(secret);
        expect(JSON.parse(text)).toMatchObject({ id: toEntry(value).id });
      }),
    );
  });
});
