import { describe, expect, test, vi } from 'vitest';
import { PutRejectedError, PutRetriesExhaustedError } from '../../lambda/errors.ts';
import type { LaneEnd } from '../../lambda/pipeline/lanes.ts';
import type { PutOutcome, PutResult } from '../../lambda/pipeline/sink.ts';
import { createTraffic } from '../../lambda/pipeline/traffic.ts';

const reason = { errorCode: 'InternalFailure', errorMessage: 'try later' };
const accepted: PutOutcome = { kind: 'accepted', reference: 'r' };
const refused: PutOutcome = { kind: 'refused', errorCode: 'InvalidData', errorMessage: 'no' };
const notTaken: PutOutcome = { kind: 'not-taken', ...reason };
const doubtful: PutOutcome = { kind: 'doubtful', errorCode: 'SomethingNew', errorMessage: 'what' };
const unknown: PutOutcome = { kind: 'unknown', errorCode: 'NoAnswer', errorMessage: 'reset' };
const unsent: PutOutcome = { kind: 'unsent' };

const answer = (...outcomes: PutOutcome[]): PutResult => ({ outcomes, stop: null });

function traffic(most = 20, stopping = new AbortController().signal) {
  const made = createTraffic(most, stopping);
  return {
    ...made,
    hears: (...results: PutResult[]) => {
      for (const result of results) made.heard(result);
      return { isDown: made.isDown(), hasTaken: made.hasTaken(), failure: made.failure() };
    },
  };
}

const times = (count: number, result: PutResult) => Array.from({ length: count }, () => result);

describe('a sink is down', () => {
  test('when the first puts, as many as run at once, all fail', () => {
    expect(traffic().hears(...times(4, answer(notTaken)))).toMatchObject({ isDown: false, failure: null });
    const { isDown, failure } = traffic().hears(...times(5, answer(notTaken, unknown)));
    expect(isDown).toBe(true);
    expect(failure).toBeInstanceOf(PutRetriesExhaustedError);
    expect(failure?.message).toMatch(/^The first 5 puts of this run all failed.+NoAnswer: reset/);
    expect(failure?.fix).toMatch(/stays pending/);
  });

  test('after fewer puts where fewer run at once', () => {
    expect(traffic(2).hears(answer(notTaken))).toMatchObject({ isDown: false });
    expect(traffic(2).hears(...times(2, answer(notTaken)))).toMatchObject({ isDown: true });
    expect(traffic(1).hears(answer(unknown))).toMatchObject({ isDown: true });
  });

  test('with an error that no document names: then it is that', () => {
    const { failure } = traffic(2).hears(answer(notTaken), answer(doubtful));
    expect(failure).toBeInstanceOf(PutRejectedError);
    expect(failure?.message).toContain('SomethingNew: what');
  });

  test.each<[string, PutResult]>([
    ['took one event', answer(notTaken, accepted)],
    ['took one event beside others in doubt', answer(doubtful, accepted)],
  ])('never once it %s', (_, good) => {
    const made = traffic(2);
    expect(made.hears(answer(notTaken), good, ...times(20, answer(notTaken)))).toEqual({
      isDown: false,
      hasTaken: true,
      failure: null,
    });
  });

  test('is not said by one that refuses events for good: it looked at them', () => {
    expect(traffic(2).hears(...times(10, answer(refused)), ...times(10, answer(refused, notTaken)))).toMatchObject({
      isDown: false,
      hasTaken: false,
      failure: null,
    });
  });

  test('is not said by what was never sent', () => {
    expect(traffic(2).hears(...times(10, answer(unsent)))).toMatchObject({ isDown: false, failure: null });
    expect(traffic(2).hears(...times(10, answer()))).toMatchObject({ isDown: false });
  });
});

describe('lanes of puts that ended', () => {
  /** Ends one put so; whether its lane is free afterwards. */
  function ending(made: ReturnType<typeof traffic>, how: LaneEnd) {
    const leave = vi.fn<(how: LaneEnd) => void>();
    made.ended(how, leave);
    return leave;
  }

  test('stay closed while nothing says that the sink takes anything', () => {
    const made = traffic();
    made.heard(answer(notTaken));
    const first = ending(made, 'failed');
    made.heard(answer(unknown));
    const second = ending(made, 'unanswered');
    expect([first.mock.calls, second.mock.calls]).toEqual([[], []]);
    made.heard(answer(accepted));
    const third = ending(made, 'taken');
    expect([first.mock.calls, second.mock.calls, third.mock.calls]).toEqual([
      [['failed']],
      [['unanswered']],
      [['taken']],
    ]);
    made.heard(answer(notTaken));
    expect(ending(made, 'failed')).toHaveBeenCalledWith('failed');
  });

  test('open when the sink is found to be down: what waits must learn of it', () => {
    const made = traffic(2);
    made.heard(answer(notTaken));
    const first = ending(made, 'failed');
    made.heard(answer(notTaken));
    const second = ending(made, 'failed');
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
  });

  test('open when the run stops', () => {
    const stopping = new AbortController();
    const made = traffic(20, stopping.signal);
    made.heard(answer(notTaken));
    const first = ending(made, 'failed');
    expect(first).not.toHaveBeenCalled();
    stopping.abort(new Error('over'));
    expect(first).toHaveBeenCalledWith('failed');
    expect(ending(made, 'failed')).toHaveBeenCalledTimes(1);
  });

  test.each<[string, PutResult, LaneEnd]>([
    ['all of it', answer(refused), 'taken'],
    ['some of it, and does not take the rest', answer(refused, notTaken), 'failed'],
    ['some of it, and is in doubt about the rest', answer(refused, doubtful), 'failed'],
  ])('open when the sink refuses %s: it is up', (_, result, how) => {
    const made = traffic();
    made.heard(result);
    expect(ending(made, how)).toHaveBeenCalledWith(how);
  });
});

describe('left-overs', () => {
  /** Left-overs of a run whose least tried ones were tried once. */
  function after(...results: PutResult[]) {
    const made = traffic(20);
    made.begin(1);
    for (const result of results) made.heard(result, 'left over');
    return made;
  }

  test('that fail again do not say that the sink is down', () => {
    const made = after(...times(20, answer(notTaken)));
    expect([made.isDown(), made.failure()]).toEqual([false, null]);
    expect(made.hears(...times(5, answer(notTaken)))).toMatchObject({ isDown: true });
  });

  test('that were tried more often wait until the sink has taken something', () => {
    const made = after();
    expect([made.holdsBack(1), made.holdsBack(2)]).toEqual([false, true]);
    made.heard(answer(accepted));
    expect(made.holdsBack(2)).toBe(false);
  });

  test('are tried no more than the first puts while nothing is taken', () => {
    expect(after(...times(4, answer(notTaken))).holdsBack(1)).toBe(false);
    expect(after(...times(5, answer(notTaken))).holdsBack(1)).toBe(true);
    expect(after(...times(5, answer(notTaken)), answer(accepted)).holdsBack(1)).toBe(false);
  });

  test('get no answer as often as the first puts at most, whatever else is taken', () => {
    const made = after(answer(accepted));
    for (let put = 0; put < 5; put += 1) {
      expect(made.holdsBack(1)).toBe(false);
      made.ended('unanswered', vi.fn(), 'left over');
    }
    expect(made.holdsBack(1)).toBe(true);
    expect(made.failure()).toBeNull();
  });

  test.each<[LaneEnd, number, LaneEnd]>([
    ['failed', 1, 'failed'],
    ['throttled', 1, 'throttled'],
    ['unanswered', 2, 'unanswered'],
    ['unanswered', 1, 'failed'],
  ])(
    '%s, with %i lane(s) open, leave their lane as one that %s: the last stays open for what is new',
    (how, most, as) => {
      const leave = vi.fn<(how: LaneEnd) => void>();
      createTraffic(most, new AbortController().signal).ended(how, leave, 'left over');
      expect(leave).toHaveBeenCalledWith(as);
    },
  );

  test('wait for a later run when one lane of several is left: one put more in doubt would be one too many', async () => {
    const holdsBack = async (most: number, unanswered: number) => {
      const made = createTraffic(most, new AbortController().signal);
      made.heard(answer(accepted));
      for (let put = 0; put < unanswered; put += 1) made.ended('unanswered', await made.lanes.enter());
      return made.holdsBack(1);
    };
    expect([await holdsBack(3, 1), await holdsBack(3, 2), await holdsBack(1, 0)]).toEqual([false, true, false]);
  });

  test('that fail alone are to blame, also where puts run one by one', () => {
    const made = createTraffic(1, new AbortController().signal);
    made.heard(answer(notTaken), 'left over');
    expect([made.isAllFailing(), made.isDown()]).toEqual([false, false]);
  });

  test('and new ones that all fail are to blame for nothing', () => {
    const made = after(...times(3, answer(notTaken)));
    made.heard(answer(notTaken));
    expect(made.isAllFailing()).toBe(false);
    made.heard(answer(notTaken));
    expect([made.isAllFailing(), made.isDown()]).toEqual([true, false]);
    made.heard(answer(accepted));
    expect(made.isAllFailing()).toBe(false);
  });
});

describe('a lane is free for the next put', () => {
  type Put = readonly [kind: 'new' | 'left over', how: 'throttled' | 'unanswered' | 'failed'];
  const fresh = (how: Put[1], count: number): Put[] => Array.from({ length: count }, () => ['new', how]);
  const leftOver = (how: Put[1], count: number): Put[] => Array.from({ length: count }, () => ['left over', how]);

  test.each<[string, readonly Put[]]>([
    ['new puts failed, and left-overs were throttled', [...fresh('throttled', 3), ...leftOver('throttled', 1)]],
    ['a new put failed, and left-overs got no answer', [...fresh('failed', 1), ...leftOver('unanswered', 4)]],
    ['left-overs got no answer, and new puts failed', [...leftOver('unanswered', 4), ...fresh('failed', 2)]],
    ['left-overs were throttled, and new puts failed', [...leftOver('throttled', 3), ...fresh('failed', 4)]],
  ])('when %s', async (_, puts) => {
    const made = traffic();
    made.begin(1);
    for (const [kind, how] of puts) {
      const leave = await made.lanes.enter();
      made.heard(answer(how === 'unanswered' ? unknown : notTaken), kind);
      made.ended(how, leave, kind);
    }
    expect(made.failure()).toBeNull();
    await made.lanes.enter();
  });
});

describe('puts without answer', () => {
  test('as many as may run at once end the run, and the reason is told', async () => {
    const made = traffic(3);
    made.heard(answer(accepted));
    for (let put = 0; put < 3; put += 1) {
      expect(made.failure()).toBeNull();
      const leave = await made.lanes.enter();
      made.heard(answer(unknown));
      made.ended('unanswered', leave);
    }
    expect(made.failure()).toBeInstanceOf(PutRetriesExhaustedError);
    expect(made.failure()?.message).toMatch(/^No answer came to as many puts as run at once.+NoAnswer: reset/);
    expect(made.isDown()).toBe(false);
  });
});
