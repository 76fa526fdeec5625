import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addAttempt, type AttemptOptions } from '../../lambda/sinks/aws-attempt.ts';

/** One attempt of a client whose innermost step is `send`, in fake time. */
function attempting(send: () => Promise<unknown>, options: Partial<AttemptOptions> = {}) {
  let attempt: () => Promise<unknown> = () => Promise.reject(new Error('no middleware was added'));
  const stack = {
    add: (middleware: (next: () => Promise<unknown>) => () => Promise<unknown>) => {
      attempt = middleware(send);
    },
  };
  const count = { requests: 0, throttled: 0 };
  addAttempt(stack, {
    callsPerSecond: 1000,
    attemptTimeoutMs: 30_000,
    stopping: new AbortController().signal,
    onRequest: () => (count.requests += 1),
    onThrottled: () => (count.throttled += 1),
    ...options,
  });
  return { attempt: () => attempt(), count };
}

const awsError = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error('words'), { name, ...(httpStatusCode && { $metadata: { httpStatusCode } }) });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('calls per second', () => {
  test('are bounded in every second, not only on average', async () => {
    const sentAt: number[] = [];
    const { attempt, count } = attempting(() => Promise.resolve(sentAt.push(Date.now())), { callsPerSecond: 6 });
    const first = Array.from({ length: 10 }, attempt);
    await vi.advanceTimersByTimeAsync(1500);
    const later = Array.from({ length: 10 }, attempt);
    await vi.runAllTimersAsync();
    await Promise.all([...first, ...later]);
    expect(sentAt).toHaveLength(20);
    for (const at of sentAt) expect(sentAt.filter((other) => at <= other && other < at + 1000).length).toBeLessThan(7);
    expect(count.requests).toBe(20);
  });

  test('waiting for one ends with the run: it is not sent, and not counted as sent', async () => {
    const stopping = new AbortController();
    const sent = vi.fn(() => Promise.resolve('answer'));
    const { attempt, count } = attempting(sent, { callsPerSecond: 1, stopping: stopping.signal });
    const attempts = Promise.allSettled([attempt(), attempt(), attempt()]);
    setTimeout(() => {
      stopping.abort(new Error('over'));
    }, 500);
    await vi.advanceTimersByTimeAsync(500);
    expect(await attempts).toMatchObject([
      { status: 'fulfilled', value: 'answer' },
      { status: 'rejected', reason: { name: 'NotSentError' } },
      { status: 'rejected', reason: { name: 'NotSentError' } },
    ]);
    expect([sent.mock.calls.length, count.requests]).toEqual([1, 1]);
  });

  test('of a run that is over are none', async () => {
    const sent = vi.fn(() => Promise.resolve('answer'));
    const { attempt } = attempting(sent, { stopping: AbortSignal.abort(new Error('over')) });
    await expect(attempt()).rejects.toMatchObject({ name: 'NotSentError' });
    expect(sent).not.toHaveBeenCalled();
  });
});

describe('an attempt', () => {
  test('that is under way is not ended by the run’s stopping', async () => {
    const stopping = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const { attempt } = attempting(() => promise, { stopping: stopping.signal });
    const attempted = attempt();
    await vi.advanceTimersByTimeAsync(1);
    stopping.abort(new Error('over'));
    resolve('answer');
    expect(await attempted).toBe('answer');
  });

  test('without an answer is given up after its time limit, and named as unanswered', async () => {
    const { attempt } = attempting(() => new Promise(() => undefined), { attemptTimeoutMs: 30_000 });
    const attempted = expect(attempt()).rejects.toMatchObject({
      name: 'UnansweredError',
      message: expect.stringContaining('was not complete after 30000 ms') as string,
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await attempted;
  });

  test.each<[string, Error, string]>([
    ['an answer of AWS', awsError('InternalFailure', 500), 'InternalFailure'],
    ['a redirect', awsError('Unknown', 307), 'Unknown'],
    ['no connection', Object.assign(new Error('no'), { code: 'ECONNREFUSED' }), 'Error'],
    ['no address', Object.assign(new Error('no'), { syscall: 'getaddrinfo' }), 'Error'],
    ['no trust', Object.assign(new Error('no'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'Error'],
    ['a success that cannot be read', awsError('SyntaxError', 200), 'UnansweredError'],
    ['a connection that breaks', Object.assign(new Error('hang up'), { code: 'ECONNRESET' }), 'UnansweredError'],
    ['silence', awsError('TimeoutError'), 'UnansweredError'],
  ])('that ends with %s', async (_, error, name) => {
    const { attempt } = attempting(() => Promise.reject(error));
    await expect(attempt()).rejects.toMatchObject({ name });
  });

  test('without an answer has no cause, in which the SDK would look for something to send again', async () => {
    const { attempt } = attempting(() => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNRESET' })));
    const error = await attempt().catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ message: 'ECONNRESET: no' });
    expect(error).not.toHaveProperty('cause');
  });

  test.each([
    [awsError('ThrottlingException', 400), 1],
    [awsError('TooManyRequestsException', 400), 1],
    [awsError('Unknown', 429), 1],
    [awsError('InternalFailure', 500), 0],
  ])('is counted as throttled or not: %s', async (error, expected) => {
    const { attempt, count } = attempting(() => Promise.reject(error));
    await expect(attempt()).rejects.toBe(error);
    expect(count).toEqual({ requests: 1, throttled: expected });
  });
});
