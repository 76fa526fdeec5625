import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toEntry } from '../../../lambda/sources/kong/entry.ts';
import { eventProblem } from '../../simulators/cloudtrail-event.ts';
import { anyUtf16 } from '../../support/any-text.ts';
import { ACCOUNT, type Context, eventOf, SAMPLE, sha256 } from '../../support/kong-event.ts';

const shortText = fc.oneof(
  { arbitrary: anyUtf16, weight: 2 },
  fc.constantFrom('', ' ', '\0', '\ud800', '😀', '"', '\\', 'null', '/', '//?', 'unix:', '%', 'key=a', '{"key":"a"}'),
);
const longText = fc
  .tuple(
    fc.oneof(shortText, fc.constantFrom('\u0001', '"', '\\', '😀', '\udfff', 'é', '/', '&key=')),
    fc.integer({ min: 0, max: 120_000 }),
  )
  .map(([text, length]) => text.repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length));
const text = fc.oneof({ arbitrary: shortText, weight: 4 }, longText);
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

function expectAccepted(row: object, context: Partial<Context> = {}): void {
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
