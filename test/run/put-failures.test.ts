import { describe, expect, test } from 'vitest';
import { type Forwarder, start } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';
import { CHANNEL_ERRORS } from '../sinks/cloudtrail-lake/channel-errors.ts';

/** CloudTrail refuses the event of `id` with `code`. */
function refuse({ cloudtrail }: Forwarder, id: string | undefined, code: string): void {
  cloudtrail.faults.always(() => ({ fault: 'events', error: (event) => (event.id === id ? code : undefined) }));
}

describe('one event fails', () => {
  test.each(['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'SomethingNew'])(
    'with %s: it goes to quarantine, the others are forwarded',
    async (code) => {
      await using forwarder = await start();
      const [refused, ...others] = keysOf(forwarder.record(5));
      refuse(forwarder, refused, code);
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 4, quarantined: 1, pending: [] });
      expect(await forwarder.quarantine()).toMatchObject({ [String(refused)]: { errorCode: code } });
      expect(await forwarder.seen(refused ?? '')).toBe(`quarantined:${code}`);
      expect(forwarder.uids().sort()).toEqual(others);

      forwarder.clock.now += 1;
      expect(await forwarder.invoke()).toMatchObject({ forwarded: 0, quarantined: 0 });
    },
  );

  test.each(['Throttling', 'InternalFailure'])('with %s: it is sent again in the same run', async (code) => {
    await using forwarder = await start();
    const [slow] = keysOf(forwarder.record(5));
    forwarder.cloudtrail.faults.next({ fault: 'events', error: ({ id }) => (id === slow ? code : undefined) });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5, quarantined: 0, puts: 2 });
    expect(new Set(forwarder.uids()).size).toBe(5);
    expect(forwarder.logged('PutThrottled')).toMatchObject([{ PutThrottled: code === 'Throttling' ? 1 : 0 }]);
  });

  test.each(['InvalidRecipient', 'InvalidEventSource', 'AccountNotSubscribed'])(
    'with %s: the run fails; what the same answer accepted is marked, and nothing else',
    async (code) => {
      await using forwarder = await start();
      const [refused, ...others] = keysOf(forwarder.record(5));
      refuse(forwarder, refused, code);
      const error = await forwarder.fail();
      expect(error).toMatchObject({ name: 'ChannelError', code: 'CHANNEL_MISCONFIGURED' });
      expect(error.message).toContain(code);
      for (const id of others) expect(await forwarder.seen(id)).toMatch(/^[0-9a-f-]{36}$/);
      expect(await forwarder.seen(refused ?? '')).toBeNull();
      expect(await forwarder.quarantine()).toEqual({});

      forwarder.cloudtrail.faults.clear();
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
      expect(forwarder.uids().sort()).toEqual(keysOf(forwarder.kong.table.recorded.slice(0, 5)));
    },
  );
});

describe('a whole request fails', () => {
  test.each(CHANNEL_ERRORS)('with %s: the run fails with ChannelError and marks nothing', async (code) => {
    await using forwarder = await start();
    const rows = forwarder.record(5);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code }));
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'ChannelError' });
    expect(error.message).toContain(code);
    for (const { key } of rows) expect(await forwarder.seen(key)).toBeNull();
    expect((await forwarder.checkpoint())?.pending).toHaveLength(1);

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
  });

  test.each([
    ['AccessDeniedException', 403],
    ['UnrecognizedClientException', 403],
    ['ExpiredTokenException', 403],
    ['InvalidSignatureException', 403],
  ])('with %s: the run fails with CredentialsError and marks nothing', async (code, status) => {
    await using forwarder = await start();
    const rows = forwarder.record(5);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code, status }));
    expect(await forwarder.fail()).toMatchObject({ name: 'CredentialsError', code: 'AWS_CREDENTIALS' });
    for (const { key } of rows) expect(await forwarder.seen(key)).toBeNull();

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
  });

  test.each(['DuplicatedAuditEventId', 'ValidationException'])(
    'with %s: the entry that causes it is found and quarantined, the others are forwarded',
    async (code) => {
      await using forwarder = await start();
      const [poison, ...others] = keysOf(forwarder.record(120));
      forwarder.cloudtrail.faults.always(({ body }) =>
        body.includes(String(poison)) ? { fault: 'error', code } : undefined,
      );
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 119, quarantined: 1 });
      expect(await forwarder.quarantine()).toMatchObject({ [String(poison)]: { errorCode: code } });
      expect(forwarder.uids().sort()).toEqual(others);
    },
  );

  test.each([
    ['ThrottlingException', 400],
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
  ])('with %s once: it is sent again', async (code, status) => {
    await using forwarder = await start();
    forwarder.record(5);
    forwarder.cloudtrail.faults.next({ fault: 'error', code, status });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5, puts: 2 });
  });

  test('by a reset after CloudTrail took the events: the next run sends them again under the same UIDs', async () => {
    await using forwarder = await start();
    const rows = forwarder.record(5);
    forwarder.cloudtrail.faults.next({ fault: 'reset', at: 'before-headers' });
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    expect(forwarder.uids()).toHaveLength(5);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect([...new Set(forwarder.uids())].sort()).toEqual(keysOf(rows));
  });

  test('for a channel that asks for an external id: EXTERNAL_ID gives it', async () => {
    const arn = 'arn:aws:cloudtrail:eu-west-1:999988887777:channel/abc';
    await using forwarder = await start({ cloudtrail: { channels: [{ arn, externalId: 'kong@example.com' }] } });
    forwarder.record(1);
    expect(await forwarder.fail()).toMatchObject({ name: 'ChannelError' });
    forwarder.env['EXTERNAL_ID'] = 'kong@example.com';
    await forwarder.coldStart();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(forwarder.events()).toMatchObject([{ recipientAccountId: '999988887777' }]);
  });

  test('for good: once it is known, no further batch is begun', async () => {
    await using forwarder = await start({ env: { PUT_CONCURRENCY: '2' } });
    forwarder.record(2000);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code: 'ChannelNotFound' }));
    await forwarder.fail();
    expect(forwarder.cloudtrail.requests.length).toBeLessThanOrEqual(2);
  });
});

describe.concurrent('retries run out', () => {
  test('for one event: the rest is settled, then the run fails, and the next one delivers', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '100' }, ownProcess: true });
    const rows = forwarder.record(350);
    const unlucky = rows[340]?.key;
    refuse(forwarder, unlucky, 'Throttling');
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'PutRetriesExhaustedError', code: 'PUT_RETRIES_EXHAUSTED' });
    expect(error.message).toContain('1 event');
    expect(forwarder.uids()).toHaveLength(349);
    expect(await forwarder.checkpoint()).toMatchObject({
      pending: [{ after: rows[340]?.timestamp, before: (rows[340]?.timestamp ?? 0) + 1 }],
    });
    expect(await forwarder.quarantine()).toEqual({});

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('for a whole request: likewise', async () => {
    await using forwarder = await start({ ownProcess: true });
    const rows = forwarder.record(150);
    const unlucky = rows[149]?.key ?? '';
    forwarder.cloudtrail.faults.always(({ body }) =>
      body.includes(unlucky) ? { fault: 'error', code: 'ServiceUnavailable' } : undefined,
    );
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    expect(forwarder.uids()).toHaveLength(50);

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 100 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('for all: a sink that is down is not asked for every batch of a backlog', async () => {
    await using forwarder = await start({ ownProcess: true, env: { AWS_MAX_ATTEMPTS: '1' } });
    const rows = forwarder.record(2500);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code: 'InternalFailure', status: 500 }));
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    // The first five, each tried five times.
    expect(forwarder.cloudtrail.requests.length).toBeLessThanOrEqual(25);
    expect(await forwarder.quarantine()).toEqual({});

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 2500 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });
});

test('retries run out and then the time: the run fails all the same', async () => {
  const reserveMs = 5000;
  await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10', DEADLINE_RESERVE_MS: `${reserveMs}` } });
  const { kong, cloudtrail } = forwarder;
  const rows = forwarder.record(30);
  cloudtrail.faults.always(() => ({ fault: 'omit', ids: (id) => id === rows.at(-1)?.key }));
  kong.faults.always(({ path }) =>
    path.startsWith('/audit') && kong.requests.length > 3 ? { fault: 'hang', at: 'before-headers' } : undefined,
  );
  const { now } = forwarder.clock;
  const arePutsAnswered = () => forwarder.uids().length === 19 && kong.requests.length > 3;
  expect(await forwarder.cutOff(arePutsAnswered, reserveMs)).toMatchObject({ name: 'PutRetriesExhaustedError' });
  expect((await forwarder.checkpoint())?.pending).toEqual([
    { after: 0, before: now - 19 },
    { after: now - 1, before: now, tries: 1 },
  ]);
});
