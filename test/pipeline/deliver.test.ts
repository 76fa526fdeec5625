import { describe, expect, test, vi } from 'vitest';
import { ChannelError } from '../../lambda/errors.ts';
import type { Activity } from '../../lambda/pipeline/activity.ts';
import { type DeliverDeps, type Delivery, type Parcel, startDeliveries } from '../../lambda/pipeline/deliver.ts';
import { createTurns } from '../../lambda/pipeline/turns.ts';
import { item } from '../support/item.ts';
import { all, toOutcome } from './fake-sink.ts';
import { createWorld, type WorldOptions } from './world.ts';

const parcel = (id: string, changes: Partial<Parcel> = {}, activity: Partial<Activity> = {}): Parcel => ({
  item: item(id, activity),
  isKnown: false,
  tries: 0,
  ...changes,
});
const parcels = (count: number): Parcel[] => Array.from({ length: count }, (_, index) => parcel(`e${index}`));

/** Delivers `given` as one page. */
async function deliver(given: readonly Parcel[], options: WorldOptions = {}, changes: Partial<DeliverDeps> = {}) {
  const world = await createWorld(options);
  const { deps, tally } = world.begin();
  const halt = vi.fn((failure: Error) => {
    deps.halt(failure);
  });
  const deliveries: Delivery[] = await Promise.all(await startDeliveries(given, { ...deps, halt, ...changes }));
  return {
    world,
    tally,
    halt,
    undelivered: deliveries.flatMap(({ undelivered }) => undelivered),
    isCutShort: deliveries.some((delivery) => delivery.isCutShort),
    failure: deliveries.find(({ failure }) => failure)?.failure ?? null,
  };
}

describe('the outcomes of a put', () => {
  test('are written for the parcels they stand for: marked, put away, or given back', async () => {
    const { world, undelivered, isCutShort } = await deliver(parcels(10), {
      batchSize: 4,
      judge: (id) => (({ e1: 'refused', e4: 'not-taken', e6: 'doubtful', e9: 'unknown' }) as const)[id] ?? 'accepted',
    });
    expect(await world.ledger.lookup(['e0', 'e1', 'e2', 'e4', 'e6', 'e9'])).toEqual([
      'reference',
      'quarantined:Code-refused',
      'reference',
      null,
      null,
      null,
    ]);
    expect(undelivered).toMatchObject([
      { parcel: { item: { id: 'e4' } }, isDoubtful: false, isTransient: true, errorCode: 'Code-not-taken' },
      { parcel: { item: { id: 'e6' } }, isDoubtful: true, errorCode: 'Code-doubtful' },
      { parcel: { item: { id: 'e9' } }, isDoubtful: false, isTransient: true, errorCode: 'Code-unknown' },
    ]);
    expect(isCutShort).toBe(false);
  });

  test('are marked for as long as the source keeps the entry, and the grace', async () => {
    const { world } = await deliver([
      parcel('known', {}, { ttlSeconds: 100 }),
      parcel('silent', {}, { ttlSeconds: null }),
      parcel('over', {}, { ttlSeconds: -5 }),
    ]);
    const left = ['known', 'silent', 'over'].map((id) => Math.round(world.ledger.ttlSeconds(`seen:${id}`) ?? 0));
    expect(left).toEqual([3700, 2_595_600, 3600]);
  });

  test('of an entry the ledger knew replace what it knew, and take it out of quarantine', async () => {
    const { world } = await deliver([parcel('again', { isKnown: true })], {}, {});
    expect(await world.ledger.lookup(['again'])).toEqual(['reference']);
    const release = vi.fn(() => Promise.resolve());
    const mark = vi.fn(() => Promise.resolve());
    const quarantine = vi.fn(() => Promise.resolve());
    await deliver([parcel('a', { isKnown: true }), parcel('b')], {}, { ledger: { mark, release, quarantine } });
    expect(mark.mock.calls.flat(2)).toEqual([expect.objectContaining({ id: 'b' })]);
    expect(release.mock.calls.flat(2)).toEqual([expect.objectContaining({ id: 'a' })]);
  });

  test('are never marked before the sink has accepted', async () => {
    const order: string[] = [];
    const note = (what: string) => () => Promise.resolve(void order.push(what));
    await deliver(
      parcels(3),
      {
        put: async (batch) => {
          await new Promise(setImmediate);
          order.push('accepted');
          return all(batch, 'accepted');
        },
      },
      { ledger: { mark: note('marked'), release: note('released'), quarantine: note('quarantined') } },
    );
    expect(order.slice(0, 2)).toEqual(['accepted', 'marked']);
  });

  test('are counted for the signals of the audit log: writes, refusals, failures, changes by nobody', async () => {
    const nobody = { type: 'Anonymous', id: 'anonymous', details: {}, isAnonymous: true };
    const { tally } = await deliver(
      [
        parcel('a', {}, { isWrite: true, status: 201 }),
        parcel('b', {}, { isWrite: true, status: 403, actor: nobody }),
        parcel('c', {}, { status: 401, actor: nobody }),
        parcel('d', {}, { status: 500 }),
        parcel('e', {}, { status: 404 }),
        parcel('f', {}, { status: null }),
        parcel('refused', {}, { isWrite: true, status: 500, actor: nobody }),
      ],
      { judge: (id) => (id === 'refused' ? 'refused' : 'accepted') },
    );
    expect(tally).toMatchObject({
      forwarded: 6,
      quarantined: 1,
      writes: 2,
      denied: 2,
      errors: 1,
      anonymousWrites: 1,
    });
  });
});

describe('an answer that says stop', () => {
  test('marks what it accepted, then ends the run', async () => {
    const stop = new ChannelError('the channel is gone');
    const { world, failure, halt, isCutShort } = await deliver(parcels(9), {
      most: 1,
      put: () =>
        Promise.resolve({ outcomes: [toOutcome('accepted'), toOutcome('unsent'), toOutcome('refused')], stop }),
    });
    expect(await world.ledger.lookup(['e0', 'e1', 'e2'])).toEqual(['reference', null, 'quarantined:Code-refused']);
    expect([failure, isCutShort, world.batches.length]).toEqual([stop, true, 1]);
    expect(halt).toHaveBeenCalledWith(stop);
  });
});

describe('an activity that cannot be mapped', () => {
  test('goes to quarantine with the reason, and shifts nothing', async () => {
    const { world, undelivered } = await deliver(parcels(7), {
      encode: (id) => {
        if (['e0', 'e4'].includes(id)) throw new RangeError('a bug');
      },
      judge: (id) => (id === 'e5' ? 'refused' : 'accepted'),
    });
    expect(world.delivered).toEqual(['e1', 'e2', 'e3', 'e6']);
    expect(await world.ledger.records(['e0', 'e4', 'e5'])).toMatchObject([
      { id: 'e0', errorCode: 'InvalidEntry', errorMessage: 'it could not be mapped: RangeError: a bug' },
      { id: 'e4', errorCode: 'InvalidEntry' },
      { id: 'e5', errorCode: 'Code-refused' },
    ]);
    expect(undelivered).toEqual([]);
  });
});

describe('parcels that failed before', () => {
  test('come last, in batches of ten after one run, alone after two', async () => {
    const given = [
      ...Array.from({ length: 3 }, (_, index) => parcel(`twice${index}`, { tries: 2 + index })),
      ...Array.from({ length: 12 }, (_, index) => parcel(`once${index}`, { tries: 1 })),
      ...parcels(20),
    ];
    const { world } = await deliver(given, { batchSize: 100 });
    expect(world.batches.map((batch) => batch.length)).toEqual([20, 10, 2, 1, 1, 1]);
    expect(world.batches.flat().slice(-3)).toEqual(['twice0', 'twice1', 'twice2']);
  });
});

describe('mapping that takes long', () => {
  /** Each event takes so long to map, by a clock of its own. */
  async function slowly(msEach: number, onTurn: (turn: number, timeIsUp: () => void) => void, batchSize = 10) {
    let now = 0;
    let turn = 0;
    let sinceTurn = 0;
    let longest = 0;
    let mapped = 0;
    let timeIsUp: () => void = () => undefined;
    const turns = createTurns(
      () => {
        turn += 1;
        longest = Math.max(longest, sinceTurn);
        sinceTurn = 0;
        onTurn(turn, timeIsUp);
      },
      () => now,
    );
    const delivered = await deliver(
      parcels(100),
      {
        batchSize,
        encode: (_, world) => {
          timeIsUp = world.timeIsUp;
          mapped += 1;
          now += msEach;
          sinceTurn += msEach;
        },
      },
      { turns },
    );
    return { ...delivered, turns: turn, longest, mapped };
  }

  test('gives the event loop a turn at least every 50 ms', async () => {
    for (const msEach of [1, 7, 30]) {
      const { turns, longest, world } = await slowly(msEach, () => undefined);
      expect(turns).toBeGreaterThanOrEqual((100 * msEach) / 50 - 1);
      expect(longest).toBeLessThanOrEqual(50);
      expect(world.delivered).toHaveLength(100);
    }
  });

  test('ends with the deadline: what is mapped is dropped, what was sent counts, and the page is to be read again', async () => {
    const { world, isCutShort, undelivered, mapped } = await slowly(10, (turn, timeIsUp) => {
      if (turn === 12) timeIsUp();
    });
    expect(isCutShort).toBe(true);
    expect(mapped).toBe(24);
    expect(world.delivered).toHaveLength(20);
    expect(undelivered).toEqual([]);
  });

  test('does not wait for a full batch: what was mapped in a second is put, so that each run gets on', async () => {
    const upAt = (last: number) => (turn: number, timeIsUp: () => void) => {
      if (turn === last) timeIsUp();
    };
    const { world, isCutShort } = await slowly(30, upAt(35), 100);
    expect(isCutShort).toBe(true);
    expect(world.batches.map(({ length }) => length)).toEqual([34]);
    const { world: whole } = await slowly(30, () => undefined, 100);
    expect(whole.batches.map(({ length }) => length)).toEqual([34, 34, 32]);
  });

  test('lets other work be done meanwhile', async () => {
    const done: number[] = [];
    let asked = 0;
    await slowly(10, (turn) => {
      asked = turn;
      setImmediate(() => done.push(turn));
    });
    expect(done.length).toBeGreaterThanOrEqual(asked - 1);
  });
});
