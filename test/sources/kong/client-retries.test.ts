import { describe, expect, test, vi } from 'vitest';
import { KongResponseError, KongUnreachableError } from '../../../lambda/errors.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { freePort } from '../../support/redis-server.ts';
import { answer, AUDIT, connect, failure, secret } from './client-support.ts';

describe('a transient failure', () => {
  test.each([408, 429, 500, 502, 503, 504])('%i is asked again', async (status) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(status, { message: 'An unexpected error occurred' }), { times: 3 });
    const kong = connect(simulator);
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(kong.requests()).toBe(4);
  });

  test.each([
    [500, /^Expected 200 from GET http:.+, got 500 "An unexpected error occurred".+database/],
    [429, /got 429 .+limits requests/],
  ])('%i is asked again three times, then it is the error', async (status, words) => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(status, { message: 'An unexpected error occurred' }));
    const kong = connect(simulator);
    const error = await failure(kong.get('/'));
    expect(error).toBeInstanceOf(KongResponseError);
    expect(error).toMatchObject({ status });
    expect(error.message).toMatch(words);
    expect(kong.requests()).toBe(4);
  });

  test('is asked again as often as the caller wants', async () => {
    await using simulator = await startKong({ databaseUp: false });
    const kong = connect(simulator, { retries: 1 });
    await failure(kong.get(AUDIT));
    expect(kong.requests()).toBe(2);
  });

  test.each([501, 405, 418])('is not what %i means', async (status) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(status, {}));
    const kong = connect(simulator);
    expect(await failure(kong.get('/'))).toMatchObject({ name: 'KongResponseError', status });
    expect(kong.requests()).toBe(1);
  });

  test.each(['before-handling', 'before-headers', 'mid-body'] as const)(
    'is a connection that breaks %s',
    async (at) => {
      await using simulator = await startKong();
      simulator.faults.next({ fault: 'reset', at }, { times: 2 });
      const kong = connect(simulator);
      expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
      expect(kong.requests()).toBe(3);
    },
  );

  test.each(['before-handling', 'before-headers', 'mid-body'] as const)(
    'that does not pass is KongUnreachableError: a connection that always breaks %s',
    async (at) => {
      await using simulator = await startKong();
      simulator.faults.always(() => ({ fault: 'reset', at }));
      const kong = connect(simulator, { token: secret() });
      const error = await failure(kong.get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toContain(`GET ${simulator.url}/, got `);
      expect(kong.requests()).toBe(4);
    },
  );

  test('is a Kong that is not there, and one that does not exist', async () => {
    const nobody = connect({ url: `http://localhost:${await freePort()}` });
    const error = await failure(nobody.get('/'));
    expect(error).toBeInstanceOf(KongUnreachableError);
    expect(error.message).toMatch(/got ECONNREFUSED.+security groups/);
    expect(nobody.requests()).toBe(4);
    expect(await failure(connect({ url: 'http://kong.invalid' }, { retries: 0 }).get('/'))).toBeInstanceOf(
      KongUnreachableError,
    );
  });

  test('is silence, before the headers or within the body', async () => {
    await using simulator = await startKong();
    for (const at of ['before-headers', 'mid-body'] as const) {
      simulator.faults.next({ fault: 'hang', at });
      const kong = connect(simulator, { timeoutMs: 50 });
      expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
      expect(kong.requests()).toBe(2);
      simulator.faults.next({ fault: 'hang', at });
      const error = await failure(connect(simulator, { timeoutMs: 50, retries: 0 }).get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toMatch(/Timeout/);
    }
  });

  test('is not an answer that merely takes its time', async () => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'slow', bodyMs: 200 });
    const kong = connect(simulator, { timeoutMs: 150 });
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(kong.requests()).toBe(1);
  });
});

describe('the wait before a retry', () => {
  const gaps = ({ requests }: KongSimulator): number[] =>
    requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));

  /** The waits between one and eight seconds that `act` asks for; each is made a hundred times shorter. */
  async function waitsOf(act: () => Promise<unknown>): Promise<number[]> {
    const waits: number[] = [];
    const original = setTimeout;
    const timer = vi.spyOn(globalThis, 'setTimeout').mockImplementation((wake: () => void, ms = 0) => {
      const isWait = ms >= 1000 && ms <= 8000;
      if (isWait) waits.push(ms);
      return original(wake, isWait ? ms / 100 : ms);
    });
    try {
      await act();
    } finally {
      timer.mockRestore();
    }
    return waits;
  }

  test('doubles, with jitter: between the delay and twice that, never alike', async () => {
    await using simulator = await startKong({ databaseUp: false });
    const last: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const waits = await waitsOf(() => failure(connect(simulator, { retryDelayMs: 1000 }).get(AUDIT)));
      expect(waits).toHaveLength(3);
      [1000, 2000, 4000].forEach((least, index) => {
        expect(waits[index]).toBeGreaterThanOrEqual(least);
        expect(waits[index]).toBeLessThanOrEqual(2 * least);
      });
      last.push(waits[2] ?? 0);
    }
    // Five draws among 4,000 milliseconds.
    expect(new Set(last).size).toBeGreaterThan(2);
  });

  test.each([
    ['seconds', () => '1', 1000],
    ['a date', () => new Date(Date.now() + 2000).toUTCString(), 1000],
  ])('is at least what Retry-After asks for, in %s', async (_, header, milliseconds) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(503, { message: 'busy' }, { 'retry-after': header() }));
    expect(await connect(simulator).get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(gaps(simulator)[0]).toBeGreaterThanOrEqual(milliseconds - 5);
  });

  test.each(['0', 'soon', new Date(0).toUTCString()])('is not refused for Retry-After %j', async (header) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(429, {}, { 'retry-after': header }));
    expect(await connect(simulator).get('/')).toMatchObject({ version: '3.9.1.0' });
  });

  test('is not begun when Retry-After asks for longer than a run can wait', async () => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(429, { message: 'API rate limit exceeded' }, { 'retry-after': '3600' }));
    const kong = connect(simulator);
    const error = await failure(kong.get('/'));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 429 });
    expect(error.message).toMatch(/3600 s/);
    expect(kong.requests()).toBe(1);
  });
});
