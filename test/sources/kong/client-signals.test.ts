import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../../lambda/errors.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { oversize } from '../../simulators/wire-fault.ts';
import { until } from '../../support/until.ts';
import { admin, answer, AUDIT, connect, failure } from './client-support.ts';

/** A simulator’s own ids, in the order of its answers, as its audit log knows them. */
const recorded = ({ table }: KongSimulator) => table.recorded.map(({ key }) => key);

function reporting() {
  const reported: string[] = [];
  return { reported, onRequestId: (id: string) => Promise.resolve(void reported.push(id)) };
}

class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

describe('the id of a request', () => {
  test('is reported for every answer, whatever its status', async () => {
    await using simulator = await startKong({ rbacUsers: admin('old') });
    const { reported, onRequestId } = reporting();
    const read = ({ fresh = false } = {}) => Promise.resolve(fresh ? 'new' : 'old');
    const kong = connect(simulator, { onRequestId, token: { rotates: true, read } });
    await kong.get('/');
    await failure(kong.get(AUDIT, { size: 0 }));
    simulator.settings.databaseUp = false;
    await failure(kong.get(AUDIT));
    simulator.settings.auditLog = true;
    await failure(kong.get('/nothing'));
    simulator.settings.licensed = false;
    await failure(kong.get(AUDIT));
    simulator.settings.rbacUsers = admin('newest');
    await failure(kong.get('/'));
    expect(reported).toHaveLength(1 + 1 + 4 + 1 + 1 + 2);
    expect(reported).toEqual(recorded(simulator));
  });

  test('is reported for answers whose body is broken, cut, too large, or never ends', async () => {
    await using simulator = await startKong();
    const { reported, onRequestId } = reporting();
    const kong = connect(simulator, { onRequestId, retries: 0, maxBodyBytes: 1000, timeoutMs: 50 });
    for (const fault of [
      { fault: 'truncate' },
      { fault: 'reset', at: 'mid-body' },
      { fault: 'hang', at: 'mid-body' },
      oversize(2000),
    ] as const) {
      simulator.faults.next(fault);
      await failure(kong.get('/'));
    }
    expect(reported).toHaveLength(4);
    expect(reported).toEqual(recorded(simulator));
  });

  test('is reported before the body has arrived', async () => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'hang', at: 'mid-body' });
    const { reported, onRequestId } = reporting();
    const run = new AbortController();
    const body = connect(simulator, { onRequestId, signal: run.signal }).get('/');
    const ended = failure(body);
    await until('the id is reported', () => reported.length === 1);
    run.abort(new Error('over'));
    await ended;
  });

  test('that cannot be noted fails the request: the entry would be forwarded', async () => {
    await using simulator = await startKong();
    const kong = connect(simulator, { onRequestId: () => Promise.reject(new LedgerError('Redis is down')) });
    expect(await failure(kong.get('/'))).toBeInstanceOf(LedgerError);
    simulator.faults.next({ fault: 'reset', at: 'mid-body' });
    expect(await failure(kong.get('/'))).toBeInstanceOf(LedgerError);
    expect(kong.requests()).toBe(2);
  });
});

describe('the signal', () => {
  test.each(['before-headers', 'mid-body'] as const)('ends a request that hangs %s, with its reason', async (at) => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'hang', at });
    const run = new AbortController();
    const ended = failure(connect(simulator, { signal: run.signal }).get('/'));
    await until('the request has arrived', () => simulator.requests.length === 1);
    run.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });

  test.each([
    ['a retry', {}],
    ['Retry-After', { 'retry-after': '20' }],
  ])('ends the wait for %s, with its reason', async (_, headers) => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(503, {}, headers));
    const run = new AbortController();
    const retryDelayMs = 'retry-after' in headers ? 0 : 20_000;
    const kong = connect(simulator, { signal: run.signal, retryDelayMs });
    const ended = failure(kong.get('/'));
    await until('the answer is here', () => kong.now() !== null);
    run.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });

  test('that has aborted lets nothing begin', async () => {
    await using simulator = await startKong();
    const kong = connect(simulator, { signal: AbortSignal.abort(new TimeIsUp()) });
    expect(await failure(kong.get('/'))).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toEqual([]);
  });
});

describe('a run that stops while a request is under way', () => {
  test('lets it finish, so that its id is known, and begins no other', async () => {
    await using simulator = await startKong();
    const [stopping, aborting] = [new AbortController(), new AbortController()];
    const { reported, onRequestId } = reporting();
    simulator.faults.next({ fault: 'delay', ms: 50 });
    const kong = connect(simulator, { onRequestId, signal: stopping.signal, aborting: aborting.signal });
    const ended = failure(kong.get('/'));
    await until('the request has arrived', () => simulator.requests.length === 1);
    stopping.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(reported).toHaveLength(1);
    expect(reported).toEqual(recorded(simulator));
    expect(await failure(kong.get('/'))).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });

  test('ends it when the reserve for saving is used up, too', async () => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'hang', at: 'before-headers' });
    const [stopping, aborting] = [new AbortController(), new AbortController()];
    const ended = failure(connect(simulator, { signal: stopping.signal, aborting: aborting.signal }).get('/'));
    await until('the request has arrived', () => simulator.requests.length === 1);
    stopping.abort(new TimeIsUp('stopping'));
    aborting.abort(new TimeIsUp('aborting'));
    expect(await ended).toBeInstanceOf(TimeIsUp);
  });

  test('tries nothing again', async () => {
    await using simulator = await startKong();
    const [stopping, aborting] = [new AbortController(), new AbortController()];
    simulator.faults.always(() => answer(503, {}));
    simulator.faults.next({ fault: 'delay', ms: 50 });
    const kong = connect(simulator, { signal: stopping.signal, aborting: aborting.signal, retryDelayMs: 20_000 });
    const ended = failure(kong.get('/'));
    await until('the answer is here', () => kong.now() !== null);
    stopping.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });
});

test('an answer that drips for too long is given up, and said to be a matter of time', async () => {
  await using simulator = await startKong();
  simulator.faults.always(() => ({ fault: 'slow', bodyMs: 60_000 }));
  const kong = connect(simulator, { answerTimeoutMs: 100, timeoutMs: 30_000, retries: 1 });
  expect(await failure(kong.get('/'))).toMatchObject({ name: 'KongUnreachableError', isTimeout: true });
  expect(simulator.requests).toHaveLength(2);
});

test('close ends the connections that were kept for the next request', async () => {
  await using simulator = await startKong();
  const kong = connect(simulator);
  await kong.get('/');
  await kong.close();
  expect(await failure(kong.get('/'))).toMatchObject({ name: 'KongUnreachableError' });
  expect(simulator.requests).toHaveLength(1);
});
