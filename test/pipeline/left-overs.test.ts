import { describe, expect, test } from 'vitest';
import { startDeliveries } from '../../lambda/pipeline/deliver.ts';
import { DeadlineReached } from '../../lambda/pipeline/deadline.ts';
import { MOST_TRIES } from '../../lambda/pipeline/forward.ts';
import { item } from '../support/item.ts';
import { all } from './fake-sink.ts';
import { pagesOf } from './fake-source.ts';
import { createWorld, onceEach, unread, upTo, write } from './world.ts';

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

  test('is tried when something new of its page was taken, however often it failed before', async () => {
    const world = await createWorld({
      put: async (batch) => {
        await new Promise(setImmediate);
        return all(batch, 'accepted');
      },
    });
    const { deps } = world.begin();
    deps.traffic.begin(1);
    const parcel = (id: string, tries: number) => ({ item: item(id), isKnown: false, tries });
    await Promise.all(await startDeliveries([parcel('stuck', 3), parcel('new', 0)], deps));
    expect(world.delivered).toEqual(['new', 'stuck']);
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

  test('goes to quarantine, too, when others are taken only later in the run', async () => {
    const world = await createWorld({ judge: (id) => (id === 'e35' ? 'doubtful' : 'accepted') });
    write(world, 5, 35);
    const { pending, tally } = await world.run([unread(30, 40), unread(20, 30), unread(10, 20), unread(0, 10)]);
    expect(tally).toMatchObject({ forwarded: 1, quarantined: 1 });
    expect(await world.ledger.records(['e35'])).toMatchObject([{ errorCode: 'Code-doubtful' }]);
    // Its second is looked at once more, and then it has an outcome.
    expect(pending).toEqual([{ after: 35, before: 36, tries: 1 }]);
    expect(await world.run()).toMatchObject({ pending: [], batches: [] });
  });

  test('goes to quarantine, too, when the time is up while the next page is read', async () => {
    const world = await createWorld({
      judge: (id) => (id === 'e35' ? 'doubtful' : 'accepted'),
      pages: async function* (...args) {
        yield* pagesOf(...args);
        throw new DeadlineReached('The run’s time is up');
      },
    });
    write(world, 5, 35);
    const { error, tally } = await world.run([unread(30, 40), unread(0, 10)]);
    expect(error).toBeInstanceOf(DeadlineReached);
    expect(tally).toMatchObject({ forwarded: 1, quarantined: 1 });
  });
});
