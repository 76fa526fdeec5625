import { describe, expect, test } from 'vitest';
import { LedgerError, NoProgressError, PutRejectedError, PutRetriesExhaustedError } from '../../lambda/errors.ts';
import { drain } from '../../lambda/pipeline/drain.ts';
import { MOST_TRIES } from '../../lambda/pipeline/forward.ts';
import type { Window } from '../../lambda/pipeline/window.ts';
import { item } from '../support/item.ts';
import { all, createWorld, type World } from './world.ts';

/** Writes one activity at each of these seconds, named after it. */
function write({ items }: World, ...seconds: readonly number[]): void {
  for (const second of seconds) items.push(item(`e${second}`, { second }));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, second) => second);
/** Calls `act` the first time that each of these is mapped. */
function onceEach(ids: readonly string[], act: (world: World) => void): (id: string, world: World) => void {
  const left = new Set(ids);
  return (id, world) => {
    if (left.delete(id)) act(world);
  };
}
const unread = (after: number, before: number): Window => ({ after, before });

describe('everything that is pending', () => {
  test('is delivered, once, and nothing is pending then', async () => {
    const world = await createWorld();
    write(world, ...upTo(35));
    const { error, pending, tally } = await world.run([
      unread(20, 35),
      unread(0, 10),
      { after: 10, before: 20, again: true },
    ]);
    expect([error, pending]).toEqual([null, []]);
    expect(world.delivered.toSorted()).toEqual(
      upTo(35)
        .map((second) => `e${second}`)
        .toSorted(),
    );
    expect(tally).toMatchObject({ fetched: 35, forwarded: 35, pages: 4, undelivered: 0 });
  });

  test('is worked on by urgency: unread, left over, only read again', async () => {
    const world = await createWorld();
    write(world, 5, 15, 25, 35);
    await world.run([
      { after: 30, before: 40, again: true },
      unread(20, 25 + 1),
      { after: 15, before: 16, tries: 1 },
      unread(0, 10),
    ]);
    expect(world.delivered).toEqual(['e25', 'e5', 'e15', 'e35']);
  });

  test('is nothing: no page is read', async () => {
    const world = await createWorld();
    write(world, 5);
    expect(await world.run([])).toMatchObject({ error: null, tally: { pages: 0 } });
  });
});

describe('one entry that is not taken', () => {
  const stuck = (...ids: string[]) => createWorld({ judge: (id) => (ids.includes(id) ? 'not-taken' : 'accepted') });

  test('keeps its own second pending, and no other', async () => {
    const world = await stuck('e17');
    write(world, ...upTo(40));
    const { pending, tally } = await world.run([unread(0, 40)]);
    expect(pending).toEqual([{ after: 17, before: 18, tries: 1 }]);
    expect(tally).toMatchObject({
      forwarded: 39,
      undelivered: 1,
      undeliveredReason: 'Code-not-taken: as the test says',
    });
  });

  test('and a log longer than one run reads: each run goes on below, and the stuck second beside it', async () => {
    const world = await createWorld({
      judge: (id) => (id === 'e39' ? 'not-taken' : 'accepted'),
      encode: onceEach(['e20', 'e8'], ({ timeIsUp }) => {
        timeIsUp();
      }),
    });
    write(world, ...upTo(40));
    const runs = [await world.run([unread(0, 40)]), await world.run(), await world.run(), await world.run()];
    const stuckSecond = (tries: number) => ({ after: 39, before: 40, tries });
    expect(runs.map(({ pending }) => pending)).toEqual([
      [unread(0, 31), stuckSecond(1)],
      [unread(0, 12), stuckSecond(1)],
      [stuckSecond(2)],
      [stuckSecond(3)],
    ]);
    expect(world.delivered.toSorted()).toEqual(
      upTo(39)
        .map((second) => `e${second}`)
        .toSorted(),
    );
  });

  test('twenty days from another: nothing between the two is read again', async () => {
    const world = await stuck('e5', 'e1728000');
    write(world, ...upTo(10), 500_000, 1_728_000);
    await world.run([unread(0, 2_000_000)]);
    const { pending, tally } = await world.run();
    expect(tally).toMatchObject({ fetched: 2, pages: 2 });
    expect(pending).toEqual([
      { after: 5, before: 6, tries: 2 },
      { after: 1_728_000, before: 1_728_001, tries: 2 },
    ]);
  });

  test('of a resend is left over as itself: what was sent again beside it is not sent once more', async () => {
    const world = await stuck('e3', 'e7');
    write(world, ...upTo(20));
    await world.ledger.mark(upTo(20).map((second) => ({ id: `e${second}`, value: 'sent', ttlSeconds: 1000 })));
    const { pending } = await world.run([{ after: 0, before: 20, resend: true }]);
    expect(pending).toEqual([
      { after: 3, before: 4, tries: 1 },
      { after: 7, before: 8, tries: 1 },
    ]);
    const again = await world.run();
    // The ledger knows both from before: they were delivered once, and are done.
    expect([again.pending, again.batches]).toEqual([[], []]);
    expect(world.delivered).toHaveLength(18);
  });

  test(`goes to quarantine after ${MOST_TRIES} runs, with the last reason, to be tried again another day`, async () => {
    const world = await stuck('e5');
    write(world, ...upTo(10));
    const runs = [await world.run([unread(0, 10)])];
    while (runs.at(-1)?.pending.length) {
      expect(runs.length).toBeLessThan(10);
      runs.push(await world.run());
    }
    expect(runs.map(({ pending }) => pending[0]?.tries)).toEqual([1, 2, 3, 4, undefined]);
    expect(runs.map(({ tally }) => [tally.undelivered, tally.quarantined])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    expect(await world.ledger.records(['e5'])).toMatchObject([
      { errorCode: 'Code-not-taken', errorMessage: 'as the test says', isTransient: true },
    ]);
  });

  test('is told apart from those it shared a batch with: smaller batches in the next run, alone in the one after', async () => {
    const world = await createWorld({
      batchSize: 20,
      judge: (_, batch) => (batch.includes('e5') ? 'not-taken' : 'accepted'),
    });
    write(world, ...upTo(15), 100);
    const sizes = (batches: readonly (readonly string[])[]) => batches.map(({ length }) => length);
    // e100 shows that the sink takes what it can.
    expect(sizes((await world.run([unread(0, 15), unread(100, 101)])).batches)).toEqual([1, 10, 5]);
    const second = await world.run();
    expect(sizes(second.batches).every((size) => size <= 10)).toBe(true);
    const third = await world.run();
    expect(new Set(sizes(third.batches))).toEqual(new Set([1]));
    expect(third.pending).toEqual([{ after: 5, before: 6, tries: 3 }]);
    expect(new Set(world.delivered).size).toBe(15);
  });

  test('does not keep the others of its second from being delivered once', async () => {
    const world = await stuck('a');
    world.items.push(item('a', { second: 5 }), item('b', { second: 5 }));
    await world.run([unread(0, 10)]);
    world.items.push(item('c', { second: 5 }));
    const { tally } = await world.run();
    expect(tally).toMatchObject({ fetched: 3, duplicates: 1, forwarded: 1, undelivered: 1 });
    expect(world.delivered).toEqual(['b', 'c']);
  });
});

describe('one entry that is refused with an error no document names', () => {
  test('goes to quarantine at once when others are taken; it is not tried again of itself', async () => {
    const world = await createWorld({ judge: (id) => (id === 'e5' ? 'doubtful' : 'accepted') });
    write(world, ...upTo(10));
    const { error, pending, tally } = await world.run([unread(0, 10)]);
    expect([error, pending]).toEqual([null, []]);
    expect(tally).toMatchObject({ forwarded: 9, quarantined: 1, undelivered: 0 });
    const [record] = await world.ledger.records(['e5']);
    expect(record).toMatchObject({ errorCode: 'Code-doubtful' });
    expect(record).not.toHaveProperty('isTransient');
  });

  test('is only left over while nothing says that others are taken', async () => {
    const world = await createWorld({ judge: () => 'doubtful' });
    write(world, 5);
    const { error, pending, tally } = await world.run([unread(0, 10)]);
    expect([error, pending]).toEqual([null, [{ after: 5, before: 6, tries: 1 }]]);
    expect(tally).toMatchObject({ undelivered: 1, doubtful: 1, quarantined: 0 });
  });
});

describe('a sink that takes nothing', () => {
  test.each([
    ['not-taken', PutRetriesExhaustedError],
    ['unknown', PutRetriesExhaustedError],
    ['doubtful', PutRejectedError],
  ] as const)(
    '(%s) is asked by the first puts alone; the run fails, and nothing goes to quarantine',
    async (how, name) => {
      const world = await createWorld({ judge: () => how, most: 5 });
      write(world, ...upTo(100));
      const { error, pending, batches, tally } = await world.run([unread(0, 100)]);
      expect(error).toBeInstanceOf(name);
      expect(batches).toHaveLength(5);
      expect(tally).toMatchObject({ forwarded: 0, quarantined: 0 });
      expect(await world.ledger.quarantineSize()).toBe(0);
      const seconds = upTo(100).filter((second) =>
        pending.some(({ after, before }) => after <= second && second < before),
      );
      expect(seconds).toEqual(upTo(100));
    },
  );

  test('counts against no entry, however often', async () => {
    let isDown = false;
    const world = await createWorld({
      judge: (id) => (isDown || id === 'e7' ? 'not-taken' : 'accepted'),
      batchSize: 1,
    });
    write(world, ...upTo(20));
    await world.run([unread(0, 20)]);
    write(world, ...upTo(40).slice(20));
    isDown = true;
    for (let run = 0; run < 2 * MOST_TRIES; run += 1) {
      const { pending } = await world.run([...(await world.pending()), unread(20, 40)]);
      expect(pending).toContainEqual(expect.objectContaining({ after: 7, before: 8 }));
      expect(Math.max(...pending.map(({ tries }) => tries ?? 0))).toBeLessThan(MOST_TRIES);
    }
    isDown = false;
    // What was tried more often waits until the sink has taken something.
    await world.run();
    expect((await world.run()).pending.filter(({ after }) => after !== 7)).toEqual([]);
    expect(new Set(world.delivered).size).toBe(39);
  });

  test('is no reason to stop once it has taken something', async () => {
    const world = await createWorld({
      judge: (id) => (id === 'e99' ? 'accepted' : 'not-taken'),
      batchSize: 1,
      most: 5,
    });
    write(world, ...upTo(100));
    const { error, batches } = await world.run([unread(0, 100)]);
    expect([error, batches.length]).toEqual([null, 100]);
  });

  test('but refuses some for good is up: nothing waits for ever', async () => {
    const world = await createWorld({ judge: (_, batch) => (batch.length === 3 ? 'refused' : 'not-taken') });
    const mixed = await createWorld({ judge: (id) => (Number(id.slice(1)) % 3 === 0 ? 'refused' : 'not-taken') });
    for (const one of [world, mixed]) {
      write(one, ...upTo(40));
      const { error, batches } = await one.run([unread(0, 40)]);
      expect([error, batches.flat().length]).toEqual([null, 40]);
    }
  });
});

describe('a put without answer', () => {
  test('is not sent again in this run, wherever its entries turn up; the next run sends them', async () => {
    let answers = false;
    const world = await createWorld({ judge: (id) => (id === 'e5' && !answers ? 'unknown' : 'accepted') });
    write(world, ...upTo(10));
    // The same second is unread and, below it, to be read again.
    const { batches, pending, tally } = await world.run([unread(3, 10), { after: 0, before: 7, resend: true }]);
    expect(batches.flat().filter((id) => id === 'e5')).toHaveLength(1);
    expect(pending).toEqual([{ after: 5, before: 6, tries: 1 }]);
    expect(tally.undelivered).toBe(1);
    answers = true;
    expect((await world.run()).batches).toEqual([['e5']]);
    expect(await world.pending()).toEqual([]);
  });

  test.each([1, 2, 5, 8])('ends the run after as many as may run at once: %i', async (most) => {
    const world = await createWorld({
      most,
      batchSize: 1,
      judge: (id) => (Number(id.slice(1)) >= 190 ? 'accepted' : 'unknown'),
    });
    write(world, ...upTo(200));
    const { error, batches } = await world.run([unread(0, 200)]);
    expect(error).toBeInstanceOf(PutRetriesExhaustedError);
    const inDoubt = batches.length - world.delivered.length;
    expect(inDoubt).toBeLessThanOrEqual(most);
    expect(world.delivered).toHaveLength(10);
  });
});

describe('the deadline', () => {
  test('in the middle of a page: that page is read again, those before it are settled', async () => {
    const world = await createWorld({
      encode: onceEach(['e24'], ({ timeIsUp }) => {
        timeIsUp();
      }),
    });
    write(world, ...upTo(40));
    const { error, pending } = await world.run([unread(0, 40)]);
    expect([error, pending]).toEqual([null, [unread(0, 31)]]);
    const sent = world.delivered.length;
    expect(sent).toBeGreaterThanOrEqual(10);
    const { tally } = await world.run();
    expect(tally.duplicates).toBe(sent - 9);
    expect(new Set(world.delivered).size).toBe(40);
    expect(world.delivered).toHaveLength(40);
  });

  test('while a put is under way: its answer counts, and what was not sent comes with the next run', async () => {
    const world = await createWorld({
      most: 1,
      put: (batch, { timeIsUp }) => {
        timeIsUp();
        return Promise.resolve(all(batch, 'accepted'));
      },
    });
    write(world, ...upTo(10));
    const { pending, batches } = await world.run([unread(0, 10)]);
    expect(batches).toHaveLength(1);
    expect(world.delivered).toEqual(['e9', 'e8', 'e7']);
    expect(await world.ledger.lookup(['e9', 'e6'])).toEqual(['reference', null]);
    expect(pending).toEqual([unread(0, 10)]);
  });

  test('before the source has given a page is an error: nobody would look at a run that only is incomplete', async () => {
    const world = await createWorld();
    const { deps } = world.begin();
    const progress = {
      current: () => ({ format: 2 as const, planned: 5, pending: [unread(0, 5)] }),
      update: () => Promise.resolve(),
      quarantined: () => undefined,
    };
    const pages = async function* () {
      await Promise.resolve();
      world.timeIsUp();
      world.deadline.stopping.throwIfAborted();
      yield { items: [], left: [] };
    };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    await expect(drain({ ...deps, progress, source: { pages }, log })).rejects.toThrow(NoProgressError);
  });
});

describe('a failure', () => {
  test('of the ledger: what was settled before is saved, the rest stays', async () => {
    const world = await createWorld();
    write(world, ...upTo(30));
    const mark = world.ledger.mark.bind(world.ledger);
    world.ledger.mark = (outcomes) =>
      outcomes.some(({ id }) => id === 'e12') ? Promise.reject(new LedgerError('gone')) : mark(outcomes);
    const { error, pending } = await world.run([unread(0, 30)]);
    expect(error).toBeInstanceOf(LedgerError);
    expect(pending).toEqual([unread(0, 21)]);
    world.ledger.mark = mark;
    await world.run();
    expect(await world.pending()).toEqual([]);
    expect(new Set(world.delivered).size).toBe(30);
  });

  test('to save the checkpoint ends the run, and does not hide the failure that came first', async () => {
    const world = await createWorld({ judge: () => 'not-taken', most: 1 });
    write(world, ...upTo(30));
    world.ledger.saveCheckpoint = () => Promise.reject(new LedgerError('the checkpoint'));
    expect((await world.run([unread(0, 30)])).error).toBeInstanceOf(PutRetriesExhaustedError);
    const fine = await createWorld();
    write(fine, ...upTo(30));
    fine.ledger.saveCheckpoint = () => Promise.reject(new LedgerError('the checkpoint'));
    expect((await fine.run([unread(0, 30)])).error).toMatchObject({ message: 'the checkpoint' });
  });

  test('of a record that Redis lost: the checkpoint stays, and its entry is read again', async () => {
    const world = await createWorld({ judge: (id) => (id === 'e5' ? 'refused' : 'accepted') });
    write(world, ...upTo(10));
    await world.run([unread(0, 5)]);
    const quarantine = world.ledger.quarantine.bind(world.ledger);
    world.ledger.quarantine = async (records) => {
      await quarantine(records);
      world.ledger.clear();
      await world.ledger.lock('run-1', 1e6);
    };
    const { error, pending } = await world.run([unread(5, 10)]);
    expect(error).toBeInstanceOf(LedgerError);
    expect(error?.message).toMatch(/lost at least one of 1 record/);
    expect(pending).toEqual([unread(5, 10)]);
  });
});
