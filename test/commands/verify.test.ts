import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { VerifyReport } from '../../lambda/commands/verify/verify.ts';
import { startCloudTrailLake } from '../simulators/cloudtrail-lake-query.ts';
import { type Forwarder, start, type StartOptions } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';
import { ONE_OF_EACH } from '../sources/kong/versions.ts';

const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
/** A closed day, two days ago. */
const DAY_START = NOW - 3 * DAY;
const DAY_END = NOW - 2 * DAY;

/** A deployment whose clock is the machine's, for `verify` looks at its own clock, with a Lake that can be asked. */
async function startWithLake(options: StartOptions = {}) {
  const forwarder = await start(options);
  forwarder.clock.now = NOW;
  const lake = await startCloudTrailLake({ accepted: forwarder.cloudtrail.accepted });
  Object.assign(forwarder.env, lake.env);
  const verify = async (more: object = {}) =>
    (await forwarder.invoke({ mode: 'verify', after: DAY_START, before: DAY_END, ...more })) as unknown as VerifyReport;
  return {
    forwarder,
    lake,
    verify,
    [Symbol.asyncDispose]: async () => {
      await lake.close();
      await forwarder[Symbol.asyncDispose]();
    },
  };
}

const recordDay = (forwarder: Forwarder, count: number) =>
  Array.from({ length: count }, (_, index) =>
    forwarder.record(1, {}, { at: DAY_START + Math.floor((index * DAY) / count) }),
  ).flat();

describe('verify', () => {
  test.each(ONE_OF_EACH)(
    'with Kong %s: everything is there, and an auditor can recompute the digest',
    async (version) => {
      await using parts = await startWithLake({ kong: { version }, env: { KONG_PAGE_SIZE: '100' } });
      const rows = recordDay(parts.forwarder, 250);
      parts.forwarder.record(3, {}, { at: DAY_END + 5 });
      await parts.forwarder.invoke();
      const before = await parts.forwarder.checkpoint();
      const report = await parts.verify();
      expect(report).toEqual({
        status: 'complete',
        after: DAY_START,
        before: DAY_END,
        source: 250,
        sink: 250,
        own: 0,
        ignored: 0,
        quarantined: 0,
        missing: 0,
        missingIds: [],
        duplicates: 0,
        repaired: 0,
        marked: 0,
        digest: `sha256:${hash(
          'sha256',
          keysOf(rows)
            .map((key) => `${key}\n`)
            .join(''),
        )}`,
      });
      expect(await parts.forwarder.checkpoint()).toEqual(before);
      expect(parts.forwarder.logged('_aws').at(-1)).toMatchObject({ EntriesVerified: 250, EntriesMissing: 0 });
    },
  );

  test('finds what is missing although the ledger knows it, and brings it when asked to', async () => {
    await using parts = await startWithLake();
    const { forwarder } = parts;
    const rows = recordDay(forwarder, 20);
    const lost = rows[7]?.key ?? '';
    await forwarder.redis.set(`${forwarder.prefix}seen:${lost}`, 'an-event-id-that-nobody-knows');
    await forwarder.invoke();
    expect(await parts.verify()).toMatchObject({ source: 20, sink: 19, missing: 1, missingIds: [lost], repaired: 0 });
    expect(forwarder.logged('_aws').at(-1)).toMatchObject({ EntriesMissing: 1 });
    expect(await parts.verify({ repair: true })).toMatchObject({ missing: 1, repaired: 1 });
    expect(forwarder.uids()).toContain(lost);
    expect(await parts.verify()).toMatchObject({ source: 20, sink: 20, missing: 0, duplicates: 0 });
  });

  test('rebuilds a lost Redis from the sink, without sending anything twice', async () => {
    await using parts = await startWithLake();
    const { forwarder } = parts;
    const rows = recordDay(forwarder, 50);
    await forwarder.invoke();
    await forwarder.redis.del(...(await forwarder.redis.keys(`${forwarder.prefix}*`)));
    expect(await parts.verify({ repair: true })).toMatchObject({ source: 50, sink: 50, missing: 0, marked: 50 });
    expect(await forwarder.seen(rows[0]?.key ?? '')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', duplicates: 50 });
    expect(forwarder.uids().filter((uid) => keysOf(rows).includes(uid))).toHaveLength(50);
  });

  test('counts copies, own requests, quarantined and ignored entries for what they are', async () => {
    await using parts = await startWithLake({ env: { IGNORE_PATHS: '^/noise' } });
    const { forwarder } = parts;
    recordDay(forwarder, 10);
    forwarder.record(1, { path: '/noise/1' }, { at: DAY_START + 100 });
    forwarder.record(1, { request_id: 'refused' }, { at: DAY_START + 200 });
    const [own] = forwarder.record(1, {}, { at: DAY_START + 300 });
    await forwarder.redis.set(`${forwarder.prefix}seen:${own?.key ?? ''}`, 'own');
    forwarder.cloudtrail.faults.always(() => ({
      fault: 'events',
      error: ({ id }) => (id === 'refused' ? 'InvalidData' : undefined),
    }));
    await forwarder.invoke();
    await forwarder.invoke({ mode: 'backfill', after: DAY_START, before: DAY_START + 1, resend: true });
    expect(await parts.verify()).toMatchObject({
      ...{ source: 13, sink: 10, own: 1, ignored: 1, quarantined: 1, missing: 0, duplicates: 1 },
    });
  });

  test('of a window that ended less than 30 minutes ago is refused, and says until when it can be asked', async () => {
    await using parts = await startWithLake();
    const error = await parts.forwarder.fail({ mode: 'verify', after: NOW - 3600, before: NOW - 60 });
    expect(error).toMatchObject({ name: 'InvocationError' });
    expect(error.message).toContain('at least 30 minutes ago');
  });

  test('without bounds means the day before, UTC', async () => {
    await using parts = await startWithLake();
    const midnight = NOW - (NOW % DAY);
    const report = await parts.forwarder.invoke({ mode: 'verify' });
    expect(report).toMatchObject({ status: 'complete', after: midnight - DAY, before: midnight });
  });

  test('beyond what Kong retains says so', async () => {
    await using parts = await startWithLake();
    const report = await parts.verify({ after: NOW - 60 * DAY, before: NOW - 50 * DAY });
    expect(report).toMatchObject({ status: 'complete', source: 0, beyondRetention: true });
  });

  test('without a way to read the sink says what to set', async () => {
    await using forwarder = await start();
    const error = await forwarder.fail({ mode: 'verify', after: DAY_START, before: DAY_END });
    expect(error).toMatchObject({ name: 'InvocationError' });
    expect(error.message).toContain('eventDataStoreArn');
  });

  test('when the query may not be started fails with what the role needs', async () => {
    await using parts = await startWithLake();
    recordDay(parts.forwarder, 1);
    parts.lake.model.settings.denied = ['StartQuery'];
    const error = await parts.forwarder.fail({ mode: 'verify', after: DAY_START, before: DAY_END });
    expect(error).toMatchObject({ name: 'VerifyError' });
    expect(error.message).toContain('cloudtrail:StartQuery');
  });

  test('whose time is up says how far it came; the same call goes on from there, and nothing counts twice', async () => {
    await using parts = await startWithLake({ env: { KONG_PAGE_SIZE: '100', DEADLINE_RESERVE_MS: '500' } });
    const { forwarder, lake } = parts;
    recordDay(forwarder, 10);
    await forwarder.invoke();
    lake.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const event = { mode: 'verify', after: DAY_START, before: DAY_END };
    const asked = lake.requests.length;
    const cut = (await forwarder.cutOff(() => lake.requests.length > asked, 500, event)) as unknown as VerifyReport;
    expect(cut).toMatchObject({ status: 'incomplete', source: 0, verifiedTo: DAY_END });
    lake.faults.clear();
    expect(await parts.verify({ before: cut.verifiedTo })).toMatchObject({ status: 'complete', source: 10, sink: 10 });
  });

  test('with repair waits for no run: it is skipped while one holds the lock', async () => {
    await using parts = await startWithLake();
    const { forwarder } = parts;
    await forwarder.redis.set(`${forwarder.prefix}lock`, 'another-run', 'EX', 100);
    expect(await parts.verify({ repair: true })).toMatchObject({ status: 'skipped' });
    expect(await parts.verify()).toMatchObject({ status: 'complete' });
  });
});
