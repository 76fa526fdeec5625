import { describe, expect, test } from 'vitest';
import { LedgerError, NoProgressError, PutRetriesExhaustedError } from '../../lambda/errors.ts';
import { DeadlineReached } from '../../lambda/pipeline/deadline.ts';
import { drain } from '../../lambda/pipeline/drain.ts';
import { all } from './fake-sink.ts';
import { pagesOf } from './fake-source.ts';
import { createWorld, onceEach, silent, unread, upTo, write } from './world.ts';

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

  test('is read in a bounded number of runs, also what lies below an overlap that takes all the time of each', async () => {
    const world = await createWorld({
      pages: async function* (...args) {
        let pages = 0;
        for await (const page of pagesOf(...args)) {
          yield page;
          pages += 1;
          if (pages === 5) throw new DeadlineReached('The run’s time is up');
        }
      },
    });
    write(world, ...upTo(100));
    const overlap = { after: 50, before: 100, again: true } as const;
    await world.run([{ after: 0, before: 50, again: true }, overlap], overlap.after);
    await world.run([...(await world.pending()), overlap], overlap.after);
    expect(world.delivered).toHaveLength(100);
  });

  test('is nothing: no page is read', async () => {
    const world = await createWorld();
    write(world, 5);
    expect(await world.run([])).toMatchObject({ error: null, tally: { pages: 0 } });
  });
});

describe('a resend', () => {
  const known = async (world: Awaited<ReturnType<typeof createWorld>>, ids: readonly string[]) =>
    world.ledger.mark(ids.map((id) => ({ id, value: 'sent before', ttlSeconds: 1000 })));

  test('sends again what has an outcome, but no own request', async () => {
    const world = await createWorld();
    write(world, ...upTo(5));
    await known(world, ['e0', 'e1', 'e2', 'e3']);
    await world.ledger.mark([{ id: 'e2', value: 'own', ttlSeconds: 1000 }]);
    const { tally } = await world.run([{ after: 0, before: 5, resend: true }]);
    expect(world.delivered).toEqual(['e4', 'e3', 'e1', 'e0']);
    expect(tally).toMatchObject({ own: 1, duplicates: 0 });
    expect(await world.ledger.lookup(['e0', 'e2'])).toEqual(['reference', 'own']);
  });

  test('comes after what has no outcome yet, on the same page and in the same second', async () => {
    const world = await createWorld({ batchSize: 2 });
    write(world, ...upTo(6));
    await known(world, ['e1', 'e3', 'e5']);
    await world.run([{ after: 0, before: 6, resend: true }]);
    expect(world.delivered).toEqual(['e4', 'e2', 'e0', 'e5', 'e3', 'e1']);
  });

  test('does not begin on the pages of what is due, which would wait for it', async () => {
    const world = await createWorld();
    write(world, ...upTo(6));
    await known(world, ['e3']);
    await world.run([{ after: 0, before: 6, resend: true }, { after: 3, before: 4, tries: 1 }, unread(4, 6)]);
    expect(world.delivered).toEqual(['e5', 'e4', 'e2', 'e1', 'e0', 'e3']);
  });

  /** Pages whose order says nothing about time. */
  const inNoOrder = {
    pages: async function* (...args: Parameters<typeof pagesOf>) {
      for await (const { items, left } of pagesOf(...args)) yield { items, left };
    },
  };

  test.each([
    ['in order', {}],
    ['in no order', inNoOrder],
  ])('sends each once of a page, %s, that several runs have not the time to finish', async (_, pages) => {
    let mapped = 0;
    const world = await createWorld({
      ...pages,
      batchSize: 2,
      encode: (__, { timeIsUp }) => {
        mapped += 1;
        if (mapped % 4 === 0) timeIsUp();
      },
    });
    write(world, ...upTo(10));
    await known(
      world,
      upTo(10).map((second) => `e${second}`),
    );
    const left = [(await world.run([{ after: 0, before: 10, resend: true }])).pending];
    const resent = (await world.ledger.loadCheckpoint())?.resent;
    expect(resent).toEqual(world.delivered.toSorted().reverse());
    while (left.at(-1)?.length && left.length < 10) left.push((await world.run()).pending);
    expect(left.at(-1)).toEqual([]);
    expect(world.delivered.toSorted()).toEqual(upTo(10).map((second) => `e${second}`));
    expect(await world.ledger.loadCheckpoint()).not.toHaveProperty('resent');
  });

  test('that was tried in vain is not tried for ever: its page is finished', async () => {
    const world = await createWorld({
      batchSize: 1,
      most: 1,
      judge: (id) => (['e3', 'e1'].includes(id) ? 'unknown' : 'accepted'),
    });
    write(world, ...upTo(5));
    await known(world, ['e0', 'e1', 'e2', 'e3', 'e4']);
    let { pending } = await world.run([{ after: 0, before: 5, resend: true }]);
    for (let run = 0; run < 4 && pending.length > 0; run += 1) ({ pending } = await world.run());
    expect([pending, world.delivered]).toEqual([[], ['e4', 'e2', 'e0']]);
  });

  test('puts what is in quarantine alone, after the others: those are not taken down with it', async () => {
    const world = await createWorld({ batchSize: 10 });
    write(world, ...upTo(5));
    await known(world, ['e0', 'e1', 'e3', 'e4']);
    await world.ledger.mark([{ id: 'e2', value: 'quarantined:X', ttlSeconds: 1000 }]);
    const { batches } = await world.run([{ after: 0, before: 5, resend: true }]);
    expect(batches).toEqual([['e4', 'e3', 'e1', 'e0'], ['e2']]);
  });

  test('sends each once, in however many windows it lies', async () => {
    const world = await createWorld({ pageSize: 2 });
    write(world, ...upTo(6));
    await known(world, ['e1', 'e2']);
    await world.run([unread(3, 6), { after: 0, before: 6, resend: true }, { after: 1, before: 3, again: true }]);
    expect(world.delivered.toSorted()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
  });

  test('does not send again what only lies beside it', async () => {
    const world = await createWorld();
    write(world, ...upTo(6));
    await known(
      world,
      upTo(6).map((second) => `e${second}`),
    );
    await world.run([
      { after: 0, before: 2, resend: true },
      { after: 2, before: 6, again: true },
    ]);
    expect(world.delivered).toEqual(['e1', 'e0']);
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

  test('in the middle of a page, while the next one holds nothing new: that one settles nothing by itself', async () => {
    const world = await createWorld({
      most: 1,
      put: (batch, { timeIsUp }) => {
        timeIsUp();
        return Promise.resolve(all(batch, 'accepted'));
      },
    });
    write(world, ...upTo(40));
    await world.ledger.mark(upTo(30).map((second) => ({ id: `e${second}`, value: 'sent', ttlSeconds: 1000 })));
    const { pending, tally } = await world.run([unread(0, 40)]);
    expect(tally).toMatchObject({ pages: 3, duplicates: 20, forwarded: 3 });
    expect(pending).toEqual([unread(0, 40)]);
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
    await expect(drain({ ...deps, progress, source: { pages }, log: silent })).rejects.toThrow(NoProgressError);
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
