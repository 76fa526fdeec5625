import { describe, expect, test } from 'vitest';
import { type Forwarder, KONG_NOW, start } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';
import { ONE_OF_EACH } from '../sources/kong/versions.ts';
import { delivered, neverListed, shortRun } from './runs.ts';

const env = { KONG_PAGE_SIZE: '10', OVERLAP_SECONDS: '1' };

describe.each(ONE_OF_EACH)('Kong %s (%s)', (version) => {
  test('one event that never goes through, and a log of many runs: all others are delivered, each once', async () => {
    await using forwarder = await start({ env, kong: { version } });
    const rows = forwarder.record(150);
    const stuck = rows[140]?.key ?? '';
    neverListed(forwarder, stuck);
    for (let run = 0; run < 6; run += 1) await shortRun(forwarder, 4);
    await forwarder.invoke().catch(() => undefined);
    expect(delivered(forwarder, rows).sort()).toEqual(keysOf(rows).filter((key) => key !== stuck));
  });

  test('a log of many runs and no fault at all: each run goes on where the last one ended', async () => {
    await using forwarder = await start({ env, kong: { version } });
    const rows = forwarder.record(120);
    const progress: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      await shortRun(forwarder, 4);
      progress.push(delivered(forwarder, rows).length);
    }
    // A second may be cut between two pages; then it is read again.
    expect(progress.map((count, run) => count >= Math.min(120, (run + 1) * 38))).toEqual([true, true, true, true]);
  });

  test('what five runs could not deliver is in quarantine, with the last reason, and is tried again once a day', async () => {
    await using forwarder = await start({ env, kong: { version } });
    const rows = forwarder.record(12);
    const stuck = rows[3]?.key ?? '';
    neverListed(forwarder, stuck);
    for (let run = 1; run <= 4; run += 1)
      expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    expect(await forwarder.quarantine()).toEqual({});
    const fifth = await forwarder.invoke();
    expect(fifth).toMatchObject({ status: 'complete', quarantined: 1, pending: [] });
    expect(await forwarder.quarantine()).toMatchObject({ [stuck]: { errorCode: 'NotListed', isTransient: true } });

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 0 });
    const { retriedAt = 0, ...checkpoint } = (await forwarder.checkpoint()) ?? {};
    const dayBefore = JSON.stringify({ ...checkpoint, retriedAt: retriedAt - 86_400 });
    await forwarder.redis.set(`${forwarder.prefix}checkpoint`, dayBefore);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(delivered(forwarder, rows).sort()).toEqual(keysOf(rows));
    expect(await forwarder.quarantine()).toEqual({});
  });
});

describe('what is left over', () => {
  test('keeps its own second pending, and nothing between two of them is read again', async () => {
    await using forwarder = await start({ env: { ...env, KONG_PAGE_SIZE: '100' } });
    const { kong } = forwarder;
    const [old] = forwarder.record(1, {}, { at: KONG_NOW - 20 * 86_400 });
    for (let day = 19; day > 0; day -= 1) forwarder.record(20, {}, { at: KONG_NOW - day * 86_400 });
    const [fresh] = forwarder.record(1, {}, { at: KONG_NOW - 5 });
    neverListed(forwarder, old?.key ?? '', fresh?.key ?? '');
    await forwarder.fail();
    const seconds = [KONG_NOW - 20 * 86_400, KONG_NOW - 5];
    expect((await forwarder.checkpoint())?.pending).toEqual(
      seconds.map((after) => ({ after, before: after + 1, tries: 1 })),
    );

    forwarder.clock.now += 3600;
    const asked = kong.requests.length;
    await forwarder.fail();
    // `GET /`, what is new with the overlap, and one request for each second.
    expect(kong.requests.length - asked).toBe(4);
  });

  test('of a backfill that resends does not resend its neighbours again', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '100' } });
    const rows = forwarder.record(300);
    await forwarder.invoke();
    neverListed(forwarder, rows[10]?.key ?? '', rows[290]?.key ?? '');
    const window = { mode: 'backfill', after: KONG_NOW - 1000, before: KONG_NOW, resend: true };
    expect(await forwarder.fail(window)).toMatchObject({ name: 'PutRetriesExhaustedError' });
    for (let run = 0; run < 5; run += 1) await forwarder.invoke().catch(() => undefined);
    expect(delivered(forwarder, rows)).toHaveLength(300 + 298);
  });
});

describe('one entry that makes CloudTrail refuse the whole request with an error no document names', () => {
  const poison = (forwarder: Forwarder, key: string) => {
    forwarder.cloudtrail.faults.always(({ body }) =>
      body.includes(key) ? { fault: 'error', code: 'SerializationException', status: 400 } : undefined,
    );
  };

  test('is found and put into quarantine; all others are delivered by the same run', async () => {
    await using forwarder = await start();
    const rows = forwarder.record(250);
    const key = rows[120]?.key ?? '';
    poison(forwarder, key);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 249, quarantined: 1 });
    expect(await forwarder.quarantine()).toMatchObject({ [key]: { errorCode: 'SerializationException' } });
  });

  test('when everything is refused so, nothing goes to quarantine and the run fails', async () => {
    await using forwarder = await start();
    forwarder.record(20);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code: 'TeapotException', status: 418 }));
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRejectedError' });
    expect(await forwarder.quarantine()).toEqual({});
    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20 });
  });
});

describe('nodes whose clocks are two hours apart, answering in turn', () => {
  test('everything is delivered, and what is retained is not read again each time', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '100' } });
    const { kong, clock } = forwarder;
    forwarder.record(2000, {}, { at: KONG_NOW - 10 * 86_400 });
    const rows = [];
    const asked: number[] = [];
    for (let run = 0; run < 8; run += 1) {
      const isAhead = run % 2 === 0;
      rows.push(...forwarder.record(2, {}, { at: KONG_NOW + run }));
      clock.now = KONG_NOW + run + 10 + (isAhead ? 7200 : 0);
      const before = kong.requests.length;
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
      asked.push(kong.requests.length - before);
    }
    expect(delivered(forwarder, rows).sort()).toEqual(keysOf(rows));
    // The first run reads all there is, the second once more, for nobody can know since when the first node was ahead.
    expect(asked.slice(0, 2).every((requests) => requests > 20)).toBe(true);
    expect(Math.max(...asked.slice(2))).toBeLessThanOrEqual(3);
  });
});

describe('an answer of CloudTrail that is lost', () => {
  test('CloudTrail accepts and resets, every time: nothing is sent twice in one run, and the run stops', async () => {
    await using forwarder = await start({ env: { PUT_CONCURRENCY: '3' } });
    const rows = forwarder.record(3000);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'reset', at: 'before-headers' }));
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    expect(forwarder.uids()).toHaveLength(300);
    expect(new Set(forwarder.uids()).size).toBe(300);

    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3000 });
    expect(delivered(forwarder, rows)).toHaveLength(3300);
  });
});

describe('the time is up', () => {
  test('while puts wait for the rate limit: they are not sent, and the run ends in time', async () => {
    await using forwarder = await start({ env: { PUT_CALLS_PER_SECOND: '1', DEADLINE_RESERVE_MS: '500' } });
    const rows = forwarder.record(2000);
    const cut = await forwarder.cutOff(() => forwarder.cloudtrail.requests.length > 0, 500);
    // One each second, and no queue of them behind the end.
    const puts = expect.toSatisfy((count: number) => count <= 3) as number;
    expect(cut).toMatchObject({ status: 'incomplete', puts, forwarded: delivered(forwarder, rows).length });
  });

  test('while a request to Kong is under way: it may end within the reserve, so that its own id is known', async () => {
    const reserveMs = 20_000;
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: `${reserveMs}` } });
    const { kong } = forwarder;
    forwarder.record(30);
    // Longer than it takes until the run looks at the time again.
    kong.faults.always(() => (kong.requests.length === 3 ? { fault: 'delay', ms: 800 } : undefined));
    await forwarder.cutOff(() => kong.requests.length === 3, reserveMs);
    const late = kong.table.recorded.at(-1)?.key ?? '';
    expect(await forwarder.seen(late)).toBe('own');
  });

  test('before the source gave one page: the run fails, for nobody would look at an incomplete one', async () => {
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: '500' } });
    const { kong } = forwarder;
    forwarder.record(30);
    kong.faults.always(({ path }) => (path === '/' ? undefined : { fault: 'hang', at: 'mid-body' }));
    const cut = await forwarder.cutOff(() => kong.requests.length > 1, 500);
    expect(cut).toMatchObject({ name: 'NoProgressError' });
  });
});

test('empty pages that name a next one, without end, are an error and no endless run', async () => {
  await using forwarder = await start({ env });
  const { kong } = forwarder;
  kong.faults.always(({ path }) =>
    path === '/'
      ? undefined
      : {
          fault: 'answer',
          status: 200,
          body: { data: [], next: '/audit/requests?offset=x', offset: `x${kong.requests.length}` },
        },
  );
  const error = await forwarder.fail();
  expect(error).toMatchObject({ name: 'KongResponseError' });
  expect(error.message).toContain('empty');
});

test('an invocation nested 20,000 deep is refused like any other', async () => {
  await using forwarder = await start();
  const event = JSON.parse(`{"mode":${'['.repeat(20_000)}${']'.repeat(20_000)}}`) as unknown;
  expect(await forwarder.fail(event)).toMatchObject({ name: 'InvocationError' });
});
