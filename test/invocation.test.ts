import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvocationError } from '../lambda/errors.ts';
import { type Invocation, toInvocation } from '../lambda/invocation.ts';

type Backfill = Extract<Invocation, { readonly mode: 'backfill' }>;

const backfill = (bounds: object) => toInvocation({ mode: 'backfill', ...bounds }) as Backfill;

function refusal(event: unknown): string {
  try {
    toInvocation(event);
  } catch (error) {
    expect(error).toBeInstanceOf(InvocationError);
    expect(error).toMatchObject({
      name: 'InvocationError',
      code: 'INVOCATION_INVALID',
      fix: expect.stringContaining('{"mode":"check"}') as string,
    });
    return (error as Error).message;
  }
  throw new Error('the invocation was accepted');
}

const SCHEDULED_EVENT = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '111122223333',
  time: '2026-11-20T22:00:00Z',
  region: 'eu-central-1',
  resources: ['arn:aws:events:eu-central-1:111122223333:rule/forward'],
  detail: {},
};

describe('a scheduled run', () => {
  test.each([
    ['nothing', undefined],
    ['{}', {}],
    ['an EventBridge rule', SCHEDULED_EVENT],
    ['EventBridge Scheduler', { ...SCHEDULED_EVENT, source: 'aws.scheduler', detail: '{}' }],
    ['an event of its own bus', { source: 'platform', 'detail-type': 'forward', detail: { mode: 'replay' } }],
    ['its name', { mode: 'scheduled' }],
  ])('is asked for by %s', (_, event) => {
    expect(toInvocation(event)).toEqual({ mode: 'scheduled' });
  });
});

test.each(['replay', 'check', 'status', 'quarantine'])('%s is asked for by its name', (mode) => {
  expect(toInvocation({ mode })).toEqual({ mode });
});

describe('a backfill', () => {
  test('reaches over everything retained, writes, and sends nothing twice, unless told otherwise', () => {
    expect(toInvocation({ mode: 'backfill' })).toEqual({ mode: 'backfill', dryRun: false, resend: false });
    expect(toInvocation({ mode: 'backfill', dryRun: true, resend: true })).toEqual({
      mode: 'backfill',
      dryRun: true,
      resend: true,
    });
  });

  test.each([
    ['2026-11-01T00:00:00Z', 1793491200],
    ['2026-11-01T01:00:00+01:00', 1793491200],
    ['2026-10-31T19:30:00-04:30', 1793491200],
    ['2026-11-01T00:00:00.000Z', 1793491200],
    ['2026-11-01t00:00:00z', 1793491200],
    ['2026-11-01 00:00:00Z', 1793491200],
    ['2026-11-01', 1793491200],
    ['1793491200', 1793491200],
    [1793491200, 1793491200],
    [0, 0],
    ['1970-01-01T00:00:00Z', 0],
  ])('begins at %j, which is %i', (after, second) => {
    expect(backfill({ after })).toEqual({ mode: 'backfill', after: second, dryRun: false, resend: false });
  });

  test.each([
    ['2026-11-02', 1793577600],
    ['2026-11-02T00:00:00Z', 1793577600],
    ['2026-11-02T00:00:00.000Z', 1793577600],
    ['2026-11-02T00:00:00.5Z', 1793577601],
    ['2026-11-02T00:00:00.0001+00:00', 1793577601],
    ['2026-11-01T23:59:59.999999Z', 1793577600],
  ])('ends at %s, which is %i', (before, second) => {
    expect(backfill({ before }).before).toBe(second);
  });

  test('cuts off no part of a second it names', () => {
    const time = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:58Z'), noInvalidDate: true });
    fc.assert(
      fc.property(time, (date) => {
        const text = date.toISOString();
        expect(backfill({ after: text }).after).toBe(Math.floor(date.getTime() / 1000));
        expect(backfill({ before: text }).before).toBe(Math.ceil(date.getTime() / 1000));
      }),
    );
  });

  test('may lie within one second', () => {
    const { after, before } = backfill({ after: '2026-11-01T00:00:00.2Z', before: '2026-11-01T00:00:00.8Z' });
    expect([after, before]).toEqual([1793491200, 1793491201]);
  });

  test.each([
    [1793491200, 1793491200],
    ['2026-11-02T00:00:00Z', '2026-11-01T00:00:00Z'],
    ['2026-11-01T00:00:00Z', '2026-11-01T00:30:00+01:00'],
  ])('from %j to %j is refused: after must be earlier', (after, before) => {
    expect(refusal({ mode: 'backfill', after, before })).toContain('after must be earlier than before');
  });

  test.each([
    '2026-11-31',
    '2026-11',
    '26-11-01',
    '2026-11-01T00:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    'yesterday',
    '',
    '1969-12-31T23:59:59Z',
    '1969-12-31T23:59:58.5Z',
    -1,
    1.5,
    1793491200000,
    '1793491200000',
    999_999_999_999,
    '999999999999',
    null,
    true,
    [],
    {},
  ])('with the time %j is refused', (time) => {
    expect(refusal({ mode: 'backfill', after: time })).toMatch(/\(after must be (RFC 3339|between)/);
    expect(refusal({ mode: 'backfill', before: time })).toMatch(/\(before must be (RFC 3339|between)/);
  });
});

describe('a replay', () => {
  test('may be of some entries only', () => {
    expect(toInvocation({ mode: 'replay', ids: ['a', 'b'], errorCode: 'InvalidData' })).toEqual({
      mode: 'replay',
      ids: ['a', 'b'],
      errorCode: 'InvalidData',
    });
  });

  test.each([{ ids: [] }, { ids: [''] }, { ids: 'a' }, { ids: [1] }, { errorCode: '' }, { dryRun: true }])(
    'with %j is refused',
    (members) => {
      expect(refusal({ mode: 'replay', ...members })).toContain('{"mode":"replay","ids":[…],"errorCode":"…"}');
    },
  );
});

describe('a look into the quarantine', () => {
  test.each([{ ids: ['a'] }, { errorCode: 'X' }, { cursor: 'abc' }, { ids: ['a'], errorCode: 'X', cursor: 'abc' }])(
    'may be narrowed by %j',
    (members) => {
      expect(toInvocation({ mode: 'quarantine', ...members })).toEqual({ mode: 'quarantine', ...members });
    },
  );

  test('discards with a reason, and never without', () => {
    const discard = { mode: 'quarantine', discard: ['a'] };
    expect(toInvocation({ ...discard, reason: ' known, accepted ' })).toEqual({
      ...discard,
      reason: 'known, accepted',
    });
    expect(refusal(discard)).toContain('reason is needed to discard: it is logged with each entry');
    expect(refusal({ ...discard, reason: ' ' })).toContain('reason must say why');
  });

  test('discards what is named, and nothing else', () => {
    expect(refusal({ mode: 'quarantine', discard: [], reason: 'x' })).toContain('must name at least one id to discard');
    for (const narrowed of [{ ids: ['b'] }, { errorCode: 'X' }, { cursor: 'abc' }])
      expect(refusal({ mode: 'quarantine', discard: ['a'], reason: 'x', ...narrowed })).toContain(
        'names the entries itself',
      );
    expect(refusal({ mode: 'quarantine', reason: 'x' })).toContain('goes with "discard"');
  });
});

describe('a verification', () => {
  test('has a window and does not repair unless told', () => {
    expect(toInvocation({ mode: 'verify', after: '2026-11-01', before: '2026-11-02' })).toEqual({
      mode: 'verify',
      after: 1793491200,
      before: 1793577600,
      repair: false,
    });
    expect(toInvocation({ mode: 'verify', repair: true })).toEqual({ mode: 'verify', repair: true });
  });

  test('of a window upside down is refused', () => {
    expect(refusal({ mode: 'verify', after: 5, before: 5 })).toContain('after must be earlier than before');
  });
});

describe('a rewind', () => {
  test('needs to know how far', () => {
    expect(toInvocation({ mode: 'rewind', to: '2026-11-01T00:00:00.9Z' })).toEqual({
      mode: 'rewind',
      to: 1793491200,
      dryRun: false,
    });
    expect(refusal({ mode: 'rewind' })).toMatch(/\(to /);
  });
});

describe('anything else', () => {
  test.each([
    null,
    [],
    'scheduled',
    0,
    true,
    { mode: 'scheduled', after: 0 },
    { mode: 'Backfill' },
    { mode: 'backfill', dryrun: true },
    { mode: 'backfill', dryRun: 'true' },
    { mode: 'backfill', resend: 1 },
    { mode: 'backfill', from: 0 },
    { mode: 'replay', after: 0 },
    { mode: 'check', dryRun: true },
    { mode: 'status', source: 'kong' },
    { mode: 'verify', dryRun: true },
    { mode: null },
    { after: 0 },
    { source: 'aws.events' },
    { 'detail-type': 'Scheduled Event' },
    { Records: [] },
  ])('is refused with what was expected and what was got: %j', (event) => {
    const message = refusal(event);
    expect(message).toContain('{"mode":"backfill","after":…,"before":…,"dryRun":false,"resend":false}');
    expect(message).toContain(`got ${JSON.stringify(event)}`);
  });

  test('is never run', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (event) => {
        fc.pre(JSON.stringify(event) !== '{}');
        refusal(event);
      }),
    );
  });

  test('is told in few words, however large it is', () => {
    expect(refusal({ mode: 'backfill', after: 'x'.repeat(1_000_000) }).length).toBeLessThan(1500);
    expect(refusal('x'.repeat(1_000_000)).length).toBeLessThan(1500);
  });

  test.each(['', '"mode":"backfill","after":', '"mode":"replay","ids":', '"source":"a","detail-type":5,"detail":'])(
    'is told as such, however deep it is nested: {%s…',
    (beginning) => {
      const depth = 20_000;
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const text = `{${beginning || '"deep":'}${nested}}`;
      expect(refusal(JSON.parse(text)).length).toBeLessThan(2000);
    },
  );

  test('names the key that is unknown', () => {
    expect(refusal({ mode: 'backfill', dryrun: true })).toContain('"dryrun"');
  });
});
