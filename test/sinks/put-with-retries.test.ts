import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChannelError } from '../../lambda/errors.ts';
import type { PutOutcome } from '../../lambda/pipeline/sink.ts';
import { type Attempt, type Failed, type Problem, putWithRetries } from '../../lambda/sinks/put-with-retries.ts';

const accepted: PutOutcome = { kind: 'accepted', reference: 'r' };
const notTaken: PutOutcome = { kind: 'not-taken', errorCode: 'Throttling', errorMessage: 'slow down' };
const stopError = new ChannelError('no');

type Send = (batch: readonly string[]) => Attempt<string> | Failed;

/** Takes each event; `again` are throttled instead. */
const taken = (batch: readonly string[], again: readonly string[] = []): Attempt<string> => ({
  outcomes: new Map(batch.map((event) => [event, again.includes(event) ? notTaken : accepted])),
  again: new Set(again),
  stop: null,
});
const failed = (problem: Problem): Failed => ({ problem, errorCode: 'Code', errorMessage: 'words' });
const sentFor = (problem: Problem, ...culprits: readonly string[]): Send => {
  return (batch) => (batch.some((event) => culprits.includes(event)) ? failed(problem) : taken(batch));
};

/** Puts `events` with `send`; what was sent when, in fake time. */
async function put(
  events: readonly string[],
  send: Send,
  { stopping = new AbortController(), retryDelayMs = 100 } = {},
) {
  const sent: { readonly batch: string; readonly at: number }[] = [];
  const putting = putWithRetries(events, { stopping: stopping.signal, retryDelayMs }, (batch) => {
    sent.push({ batch: batch.join(''), at: Date.now() });
    return Promise.resolve(send(batch));
  });
  await vi.runAllTimersAsync();
  const { outcomes, stop } = await putting;
  expect(outcomes).toHaveLength(events.length);
  const waits = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
  return { kinds: outcomes.map(({ kind }) => kind), outcomes, stop, batches: sent.map(({ batch }) => batch), waits };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('events that failed for a transient reason', () => {
  test('are sent again without those that were taken, at most four times', async () => {
    const { kinds, batches, stop } = await put(['a', 'b', 'c'], (batch) => taken(batch, ['b']));
    expect(batches).toEqual(['abc', 'b', 'b', 'b', 'b']);
    expect([kinds, stop]).toEqual([['accepted', 'not-taken', 'accepted'], null]);
  });

  test('are sent again as a whole when the request failed', async () => {
    let failures = 3;
    const { kinds, batches } = await put(['a', 'b'], (batch) =>
      failures-- > 0 ? failed({ kind: 'transient' }) : taken(batch),
    );
    expect([batches, kinds]).toEqual([
      ['ab', 'ab', 'ab', 'ab'],
      ['accepted', 'accepted'],
    ]);
  });

  test('keep the latest reason when the retries run out', async () => {
    const { outcomes } = await put(['a'], () => failed({ kind: 'transient' }));
    expect(outcomes).toEqual([{ kind: 'not-taken', errorCode: 'Code', errorMessage: 'words' }]);
  });

  test('wait longer before every retry, with jitter: between the delay and twice that, never alike', async () => {
    const all: number[] = [];
    for (let run = 0; run < 20; run += 1) {
      const { waits } = await put(['a'], () => failed({ kind: 'transient' }));
      expect(waits).toHaveLength(4);
      [100, 200, 400, 800].forEach((least, index) => {
        expect(waits[index]).toBeGreaterThanOrEqual(least);
        expect(waits[index]).toBeLessThanOrEqual(2 * least);
      });
      all.push(waits[3] ?? 0);
    }
    // Twenty draws among 800 milliseconds: all the same, or all at one end, is no jitter.
    expect(new Set(all).size).toBeGreaterThan(10);
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(200);
  });

  test('never wait more than five seconds', async () => {
    const { waits } = await put(['a'], () => failed({ kind: 'transient' }), { retryDelayMs: 3000 });
    expect(waits.slice(1)).toEqual([5000, 5000, 5000]);
  });
});

describe('a request refused because of one event', () => {
  const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'];

  test.each(['a', 'b', 'g', 'l', 'm'])(
    'is halved until %s stands alone, and every other is taken once',
    async (bad) => {
      const { outcomes, batches } = await put(letters, sentFor({ kind: 'poison' }, bad));
      letters.forEach((letter, index) => {
        expect(outcomes[index]).toEqual(
          letter === bad ? { kind: 'refused', errorCode: 'Code', errorMessage: 'words' } : accepted,
        );
      });
      const delivered = batches.filter((batch) => !batch.includes(bad)).join('');
      expect(delivered).toBe(letters.filter((letter) => letter !== bad).join(''));
      expect(batches.length).toBeLessThanOrEqual(1 + 2 * 4);
    },
  );

  test('finds several', async () => {
    const { kinds } = await put(letters, sentFor({ kind: 'poison' }, 'a', 'm', 'f'));
    expect(kinds.flatMap((kind, index) => (kind === 'refused' ? [letters[index]] : []))).toEqual(['a', 'f', 'm']);
  });

  test('leaves an event that no document speaks about in doubt, and refuses none', async () => {
    const { outcomes } = await put(['a', 'b', 'c'], sentFor({ kind: 'unnamed' }, 'b'));
    expect(outcomes).toEqual([accepted, { kind: 'doubtful', errorCode: 'Code', errorMessage: 'words' }, accepted]);
  });

  test('leaves all in doubt when the error is about all', async () => {
    const { kinds, stop } = await put(['a', 'b', 'c'], () => failed({ kind: 'unnamed' }));
    expect([kinds, stop]).toEqual([['doubtful', 'doubtful', 'doubtful'], null]);
  });

  test('does not wait between the halves, and sends again only what failed for a transient reason', async () => {
    let throttled = false;
    const { kinds, batches } = await put(['a', 'b', 'c', 'd'], (batch) => {
      if (batch.includes('a')) return failed({ kind: 'poison' });
      const again = !throttled && batch.includes('d') ? ['d'] : [];
      throttled ||= again.length > 0;
      return taken(batch, again);
    });
    expect(batches).toEqual(['abcd', 'ab', 'a', 'b', 'cd', 'd']);
    expect(kinds).toEqual(['refused', 'accepted', 'accepted', 'accepted']);
  });
});

describe('what may have been delivered', () => {
  test('is unknown and never sent again', async () => {
    const { outcomes, batches } = await put(['a', 'b'], () => failed({ kind: 'unanswered' }));
    expect(batches).toEqual(['ab']);
    expect(outcomes[1]).toEqual({ kind: 'unknown', errorCode: 'Code', errorMessage: 'words' });
  });

  test('is told apart from what was taken or refused before', async () => {
    const { kinds, batches } = await put(['a', 'b', 'c', 'd'], (batch) => {
      if (batch.length === 4) return failed({ kind: 'poison' });
      return batch.includes('c') ? failed({ kind: 'unanswered' }) : taken(batch);
    });
    expect([batches, kinds]).toEqual([
      ['abcd', 'ab', 'cd'],
      ['accepted', 'accepted', 'unknown', 'unknown'],
    ]);
  });
});

describe('a stop', () => {
  test('of a whole request leaves everything unsent, at once', async () => {
    const { kinds, stop, batches } = await put(['a', 'b'], () => failed({ kind: 'stop', error: stopError }));
    expect([kinds, batches]).toEqual([['unsent', 'unsent'], ['ab']]);
    expect(stop).toBe(stopError);
  });

  test('in an answer beside what was taken: that is taken, and nothing is sent again', async () => {
    const { kinds, stop, batches } = await put(['a', 'b', 'c'], (batch) => ({
      ...taken(batch, ['c']),
      outcomes: new Map<string, PutOutcome>([
        ['a', accepted],
        ['b', { kind: 'unsent' }],
        ['c', notTaken],
      ]),
      stop: stopError,
    }));
    expect([kinds, batches]).toEqual([['accepted', 'unsent', 'not-taken'], ['abc']]);
    expect(stop).toBe(stopError);
  });

  test('ends the search for poison; what was found stays found', async () => {
    const { kinds, stop, batches } = await put(['a', 'b', 'c', 'd'], (batch) => {
      if (batch.includes('a')) return failed({ kind: 'poison' });
      return failed({ kind: 'stop', error: stopError });
    });
    expect(batches).toEqual(['abcd', 'ab', 'a', 'b']);
    expect([kinds, stop]).toEqual([['refused', 'unsent', 'unsent', 'unsent'], stopError]);
  });
});

describe('when the run is stopping', () => {
  test('nothing is sent', async () => {
    const stopping = new AbortController();
    stopping.abort(new Error('over'));
    const { kinds, batches, stop } = await put(['a'], taken, { stopping });
    expect([kinds, batches, stop]).toEqual([['unsent'], [], null]);
  });

  test('what is in flight is waited for, and its answer counts', async () => {
    const stopping = new AbortController();
    const { kinds } = await put(
      ['a', 'b'],
      (batch) => {
        stopping.abort(new Error('over'));
        return taken(batch, ['b']);
      },
      { stopping },
    );
    expect(kinds).toEqual(['accepted', 'not-taken']);
  });

  test('the wait for a retry ends', async () => {
    const stopping = new AbortController();
    setTimeout(() => {
      stopping.abort(new Error('over'));
    }, 10);
    const begun = Date.now();
    const { kinds, batches } = await put(['a'], () => failed({ kind: 'transient' }), { stopping, retryDelayMs: 1000 });
    expect([kinds, batches, Date.now() - begun]).toEqual([['not-taken'], ['a'], 10]);
  });

  test('the search for poison ends, and what was not tried is unsent', async () => {
    const stopping = new AbortController();
    const { kinds, batches } = await put(
      ['a', 'b', 'c', 'd'],
      (batch) => {
        if (batch.length === 2) stopping.abort(new Error('over'));
        return failed({ kind: 'poison' });
      },
      { stopping },
    );
    expect([kinds, batches]).toEqual([
      ['unsent', 'unsent', 'unsent', 'unsent'],
      ['abcd', 'ab'],
    ]);
  });

  test('a request that was held back says so, and what was tried before keeps its outcome', async () => {
    let calls = 0;
    const { kinds } = await put(['a', 'b'], (batch) =>
      (calls += 1) === 1 ? taken(batch, ['b']) : failed({ kind: 'unsent' }),
    );
    expect(kinds).toEqual(['accepted', 'not-taken']);
    const { kinds: never } = await put(['a', 'b'], () => failed({ kind: 'unsent' }));
    expect(never).toEqual(['unsent', 'unsent']);
  });
});

test('an error of the program itself is not swallowed', async () => {
  const broken = putWithRetries(['a'], { stopping: new AbortController().signal }, () =>
    Promise.reject(new RangeError('a bug')),
  );
  await expect(broken).rejects.toThrow('a bug');
});
