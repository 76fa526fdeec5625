import { describe, expect, test } from 'vitest';
import { forward, type ForwardDeps, type SettledPage, PAGES_IN_MEMORY } from '../../lambda/pipeline/forward.ts';
import type { Item } from '../../lambda/pipeline/activity.ts';
import type { Page } from '../../lambda/pipeline/source.ts';
import { invalidItem, item } from '../support/item.ts';
import { all } from './fake-sink.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

const ids = (page: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${page}${index}`);
const items = (page: string, count: number): Item[] => ids(page, count).map((id, second) => item(id, { second }));

interface Watched {
  readonly world: World;
  readonly settled: readonly SettledPage[];
  readonly error: unknown;
  /** Pages asked for by the time each page was settled. */
  readonly fetched: readonly number[];
}

/** Forwards pages of these items. */
async function forwardAll(
  pages: readonly (readonly Item[])[],
  options: WorldOptions = {},
  changes: Partial<ForwardDeps> & { readonly onFetch?: (page: number) => void; readonly failure?: Error } = {},
): Promise<Watched> {
  const world = await createWorld(options);
  const { deps } = world.begin();
  const { onFetch, failure, ...more } = changes;
  let asked = 0;
  const source = async function* (): AsyncGenerator<Page> {
    for (const [index, page] of pages.entries()) {
      asked += 1;
      onFetch?.(index);
      await Promise.resolve();
      yield { items: page, left: [{ after: 0, before: pages.length - index }] };
    }
    if (failure) throw failure;
  };
  const settled: SettledPage[] = [];
  const fetched: number[] = [];
  try {
    for await (const page of forward(source(), { ...deps, resends: () => false, tries: () => 0, ...more })) {
      settled.push(page);
      fetched.push(asked);
    }
    return { world, settled, error: null, fetched };
  } catch (error) {
    return { world, settled, error, fetched };
  }
}

/** Lets everything that can go on go on. */
async function turnsOfTheLoop(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

describe('pages', () => {
  test('are settled in their order, each with what it leaves', async () => {
    const { settled } = await forwardAll([items('a', 4), items('b', 4), items('c', 4)]);
    expect(settled).toEqual(
      [3, 2, 1].map((before) => ({
        left: [{ after: 0, before }],
        startsOver: false,
        leftOvers: [],
        failure: null,
      })),
    );
  });

  test('are settled in their order, even when the second is put sooner than the first', async () => {
    let release: (() => void) | undefined;
    const { settled, world } = await forwardAll([items('a', 3), items('b', 3)], {
      put: async (batch) => {
        if (batch[0] === 'a0') await new Promise<void>((resolve) => (release = resolve));
        else release?.();
        return all(batch, 'accepted');
      },
    });
    expect(settled.map(({ left }) => left?.[0]?.before)).toEqual([2, 1]);
    expect(world.delivered).toEqual([...ids('b', 3), ...ids('a', 3)]);
  });

  test('are fetched while the one before is put, and no further', async () => {
    let asked = 0;
    const askedDuringPut: number[] = [];
    const { fetched } = await forwardAll(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((page) => items(page, 3)),
      {
        put: async (batch) => {
          await turnsOfTheLoop();
          askedDuringPut.push(asked);
          return all(batch, 'accepted');
        },
      },
      { onFetch: (page) => (asked = page + 1) },
    );
    // While the first is put, three more are there; the fifth is not asked for before the first is settled.
    expect(askedDuringPut[0]).toBe(PAGES_IN_MEMORY);
    fetched.forEach((count, index) => {
      expect(count).toBeLessThanOrEqual(index + PAGES_IN_MEMORY);
    });
  });

  test('begin their puts one page after the other: the first is not held up by the second', async () => {
    const { world } = await forwardAll([items('a', 6), items('b', 6)], { batchSize: 2, most: 1 });
    expect(world.batches.flat()).toEqual([...ids('a', 6), ...ids('b', 6)]);
  });

  test('that were read before reading failed are settled first', async () => {
    const failure = new Error('Kong is gone');
    const { settled, error, world } = await forwardAll([items('a', 3), items('b', 3)], {}, { failure });
    expect([settled.length, error]).toEqual([2, failure]);
    expect(world.delivered).toHaveLength(6);
  });

  test('are not asked for any more once the run stops', async () => {
    const { world, settled, fetched } = await forwardAll([items('a', 3), items('b', 3), items('c', 3), items('d', 3)], {
      put: (batch, { timeIsUp }) => {
        timeIsUp();
        return Promise.resolve(all(batch, 'accepted'));
      },
    });
    expect(fetched.at(-1)).toBe(3);
    expect(settled.map(({ left }) => left === null)).toEqual([false, true, true]);
    expect(world.delivered).toEqual(ids('a', 3));
  });
});

describe('an id', () => {
  test('that stands in two pages at once is sent once, and claimed by nobody when both are settled', async () => {
    const claims = new Set<string>();
    const twice = items('a', 3);
    const { world } = await forwardAll([twice, twice], {}, { claims });
    expect(world.delivered).toEqual(ids('a', 3));
    expect(claims.size).toBe(0);
  });

  test('is free again after its page: a later window that resends sends it again', async () => {
    const resent = items('a', 3);
    const others = ['b', 'c', 'd', 'e'].map((page) => items(page, 3));
    const { world } = await forwardAll([resent, ...others, resent], {}, { resends: () => true });
    expect(world.delivered.filter((id) => id === 'a1')).toHaveLength(2);
  });

  test('is free again also when its page failed', async () => {
    const claims = new Set<string>();
    const broken = () => {
      throw new Error('Redis is gone');
    };
    const { settled } = await forwardAll([items('a', 3), items('b', 3)], {}, { claims, tries: broken });
    expect([claims.size, settled[0]?.left, settled[0]?.failure?.message]).toEqual([0, null, 'Redis is gone']);
  });
});

describe('of a page', () => {
  test('what the operator ignores is counted, neither sent nor marked', async () => {
    const { world, settled } = await forwardAll([items('a', 3)], { isIgnored: ({ id }) => id === 'a1' });
    expect(world.delivered).toEqual(['a0', 'a2']);
    expect(await world.ledger.lookup(['a1'])).toEqual([null]);
    expect(settled[0]?.leftOvers).toEqual([]);
  });

  test('what is no activity goes to quarantine, beside the others', async () => {
    const { world } = await forwardAll([[item('good'), invalidItem('bad', { reason: 'method must not be empty' })]]);
    expect(world.delivered).toEqual(['good']);
    expect(await world.ledger.records(['bad'])).toMatchObject([
      { errorCode: 'InvalidEntry', errorMessage: 'method must not be empty' },
    ]);
  });

  test('what could not be delivered is left over, with the cursor by which the page is found again', async () => {
    const world = await createWorld({ judge: (id) => (id === 'a1' ? 'not-taken' : 'accepted') });
    const { deps } = world.begin();
    const pages = async function* (): AsyncGenerator<Page> {
      await Promise.resolve();
      yield { items: items('a', 3), left: [], cursor: 'here' };
    };
    const tries = ({ id }: Item) => (id === 'a1' ? 2 : 0);
    const settled = await Array.fromAsync(forward(pages(), { ...deps, resends: () => false, tries }));
    expect(settled).toMatchObject([{ left: [], leftOvers: [{ after: 1, before: 2, tries: 3, cursor: 'here' }] }]);
  });
});
