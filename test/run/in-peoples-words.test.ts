import { describe, expect, test } from 'vitest';
import { KONG_NOW, start } from '../support/forwarder.ts';

const DAY = 86_400;
const RETAINED = 30 * DAY;

describe('times', () => {
  test('are told as people read them, also those that were given as epoch seconds', async () => {
    await using forwarder = await start();
    await forwarder.invoke();
    for (const event of [
      { mode: 'backfill', after: KONG_NOW + DAY },
      { mode: 'rewind', to: KONG_NOW + DAY },
    ]) {
      const { message } = await forwarder.fail(event);
      expect(message).toContain('got 2023-11-15T22:13:20Z');
      expect(message).toMatch(/2023-11-14T22:13:2[01]Z/);
      expect(message).not.toMatch(/\d{10}/);
    }
    const soon = Math.floor(Date.now() / 1000);
    const { message } = await forwarder.fail({ mode: 'verify', after: soon - DAY, before: soon });
    expect(message).toMatch(/Give "before" as \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ or earlier\.$/);
    expect(message).not.toMatch(/\d{10}/);
  });
});

describe('the log', () => {
  test('names an entry that goes to quarantine, and one that is discarded, beside the invocation’s own id', async () => {
    await using forwarder = await start();
    const [row] = forwarder.record(1, { method: undefined });
    await forwarder.invoke();
    await forwarder.invoke({ mode: 'quarantine', discard: [row?.key], reason: 'a test of the proxy' });
    const id = row?.key;
    expect(forwarder.logged('id')).toEqual([
      expect.objectContaining({ level: 'ERROR', id, requestId: 'local', errorCode: 'InvalidEntry' }),
      expect.objectContaining({
        ...{ level: 'WARN', id, requestId: 'local', reason: 'a test of the proxy' },
        rowSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      }),
    ]);
  });
});

describe('status beside a run at work', () => {
  test('says how many entries it has read', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10' } });
    const { kong, redis, prefix } = forwarder;
    forwarder.record(60);
    await redis.ping();
    let told: Promise<string | null> | undefined;
    // The page after next is asked for only when this one is settled and saved.
    kong.faults.always(() => {
      if (kong.requests.length === 6) told = redis.get(`${prefix}progress`);
      return undefined;
    });
    await forwarder.invoke();
    const progress = (await told) ?? '';
    expect(JSON.parse(progress)).toEqual({
      runId: expect.stringMatching(/^local\//) as string,
      fetched: expect.toSatisfy((count: number) => count >= 10 && count % 10 === 0) as number,
    });
    expect(await forwarder.invoke({ mode: 'status' })).toMatchObject({ lock: null });
    expect(await redis.exists(`${prefix}progress`)).toBe(0);

    await redis.set(`${prefix}lock`, 'local/1', 'EX', 60);
    await redis.set(`${prefix}progress`, '{"runId":"local/1","fetched":30}', 'EX', 60);
    expect(await forwarder.invoke({ mode: 'status' })).toMatchObject({ lock: { runId: 'local/1', fetched: 30 } });
    await redis.set(`${prefix}lock`, 'local/2', 'EX', 60);
    const { lock } = (await forwarder.invoke({ mode: 'status' })) as unknown as { lock: object };
    expect(lock).toEqual({ runId: 'local/2', secondsLeft: expect.any(Number) as number });
  });
});

describe('a backfill as far back as Kong retains', () => {
  test('is not said to begin too early, for the seconds it took to ask', async () => {
    await using forwarder = await start();
    const asked = (after: number) => forwarder.invoke({ mode: 'backfill', after, dryRun: true });
    expect(await asked(KONG_NOW - RETAINED - 30)).not.toHaveProperty('beyondRetention');
    expect(await asked(KONG_NOW - RETAINED - DAY)).toMatchObject({ beyondRetention: true });
  });
});
