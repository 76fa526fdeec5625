import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceLogGroupError } from '../../../lambda/errors.ts';
import type { Window } from '../../../lambda/pipeline/window.ts';
import { seeded } from '../../simulators/random.ts';
import { useAnyCredentials } from '../../support/any-credentials.ts';
import { createWorld, leftBy, NOW, type World } from './world.ts';
import { idsOf } from '../../support/ids.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const EARLIEST = Date.UTC(2024, 0, 1);

const last = (seconds: number): Window => ({ after: NOW - seconds, before: NOW + 1 });
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Searches of the world, but for the one that asks the time. */
const searches = ({ asked }: World) => asked.filter(({ limit }) => limit !== 1);

/** Reads in as many runs as it takes, each of which ends after so many pages. */
async function readInRuns(
  world: World,
  todo: readonly Window[],
  pagesPerRun: number,
  mostRuns: number,
): Promise<string[]> {
  const ids: string[] = [];
  let left = todo;
  for (let run = 0; left.length > 0; run += 1) {
    if (run === mostRuns) throw new Error(`still to be read after ${mostRuns} runs: ${JSON.stringify(left)}`);
    const pages = await world.read(left, pagesPerRun);
    ids.push(...idsOf(pages));
    left = leftBy(pages);
  }
  return ids;
}

useAnyCredentials();

describe('what is asked', () => {
  test('is a window’s first millisecond to its last, newest first, of the group by its ARN', async () => {
    const world = createWorld();
    await world.read([{ after: NOW - 20, before: NOW - 10 }], Infinity, { pageSize: undefined });
    expect(searches(world)).toEqual([
      {
        logGroupIdentifier: world.model.groupArn('/aws/eks/prod/cluster'),
        startTime: (NOW - 20) * 1000,
        endTime: (NOW - 10) * 1000 - 1,
        startFromHead: false,
      },
    ]);
  });

  test('is in one go what touches, and apart what lies apart', async () => {
    const world = createWorld();
    await world.read([
      last(HOUR),
      { after: NOW - 2 * HOUR, before: NOW - HOUR, again: true },
      { after: NOW - 2 * DAY, before: NOW - DAY, again: true },
    ]);
    expect(searches(world).map(({ startTime, endTime }) => [startTime, endTime])).toEqual([
      [(NOW - 2 * HOUR) * 1000, NOW * 1000 + 999],
      [(NOW - 2 * DAY) * 1000, (NOW - DAY) * 1000 - 1],
    ]);
  });

  test('of everything goes back as far as is looked back, and that stays so while it is read', async () => {
    const world = createWorld();
    const old = world.deliverAll([6 * DAY, 6.99 * DAY]);
    world.deliverAll([7.01 * DAY]);
    world.deliverAll(range(30));
    const pages = await world.read([{ after: 0, before: NOW + 1 }], 1);
    expect(searches(world)[0]).toMatchObject({ startTime: (NOW - 7 * DAY) * 1000 });
    world.clock.now += DAY / 2;
    const rest = await world.read(leftBy(pages));
    expect(idsOf(rest)).toEqual(expect.arrayContaining(old));
    expect(new Set(idsOf([...pages, ...rest])).size).toBe(32);
  });

  test('is what a window asks for, also where that is further back', async () => {
    const world = createWorld();
    const [id = ''] = world.deliverAll([30 * DAY]);
    expect(idsOf(await world.read([{ after: NOW - 31 * DAY, before: NOW, again: true }]))).toEqual([id]);
  });

  test.each([0, 1, EARLIEST / 1000 - 1])('never goes back further than 2024, where %i is asked for', async (after) => {
    const world = createWorld();
    const pages = await world.read([{ after, before: NOW, again: true }], Infinity, { lookbackSeconds: 1e10 });
    expect(searches(world)).toMatchObject([{ startTime: EARLIEST }]);
    expect(leftBy(pages)).toEqual([]);
  });

  test('is nothing of what lies before 2024: that is done at once', async () => {
    const world = createWorld();
    const pages = await world.read([{ after: 5, before: EARLIEST / 1000, again: true }]);
    expect([pages, searches(world)]).toEqual([[{ items: [], left: [] }], []]);
    world.deliverAll([5]);
    const both = await world.read([last(10), { after: 5, before: EARLIEST / 1000 - 9, again: true }]);
    expect([idsOf(both).length, leftBy(both)]).toEqual([1, []]);
  });
});

describe('what is left', () => {
  test('begins below the second that a page came down to, with nothing to go by but the time', async () => {
    const world = createWorld();
    const ids = world.deliverAll(range(20));
    const pages = await world.read([last(HOUR)], 1);
    expect(leftBy(pages)).toEqual([{ after: NOW - HOUR, before: NOW - 5 }]);
    const rest = await world.read(leftBy(pages));
    expect(new Set(idsOf([...pages, ...rest]))).toEqual(new Set(ids));
  });

  test('holds the second in which a page ended, however many pages it is spread over', async () => {
    const world = createWorld();
    world.deliverAll([1, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
    const pages = await world.read([last(HOUR)]);
    expect(pages.map(({ left }) => left[0]?.before)).toEqual([NOW - 1, undefined]);
  });

  test('goes on with the token of the same question, where a page did not come down by a second', async () => {
    const world = createWorld();
    const burst = world.deliverAll(Array.from({ length: 20 }, () => 30));
    const pages = await world.read([{ after: NOW - 31, before: NOW - 29 }], 1);
    expect(leftBy(pages)).toEqual([{ after: NOW - 31, before: NOW - 29, cursor: expect.any(String) as string }]);
    world.asked.length = 0;
    const rest = await world.read(leftBy(pages));
    expect(searches(world)[0]).toMatchObject({
      startTime: (NOW - 31) * 1000,
      endTime: (NOW - 29) * 1000 - 1,
      nextToken: expect.any(String) as string,
    });
    expect(new Set(idsOf([...pages, ...rest]))).toEqual(new Set(burst));
  });

  test('of a page whose events are all of one time has the token: they do not say which way the service goes', async () => {
    const world = createWorld();
    world.deliverAll([5, 5, 5, 5, 5, 5, 5, 6]);
    expect(leftBy(await world.read([last(HOUR)], 1))).toMatchObject([
      { before: NOW - 4, cursor: expect.stringContaining('token') as string },
    ]);
  });

  test.each([1, 3])(
    'of a burst of one millisecond is never read from its beginning, %i page(s) a run',
    async (pages) => {
      const world = createWorld();
      const burst = world.deliverAll(Array.from({ length: 100 }, () => 2 * HOUR));
      const around = world.deliverAll([2 * HOUR - 1, 2 * HOUR + 1]);
      const ids = await readInRuns(world, [last(3 * HOUR)], pages, 20);
      expect(new Set(ids)).toEqual(new Set([...burst, ...around]));
      expect(ids.length).toBeLessThan(110);
    },
  );

  test('of empty pages is told by their tokens alone', async () => {
    const world = createWorld({ emptyPages: 0.7 });
    const ids = world.deliverAll(range(40));
    expect(new Set(await readInRuns(world, [last(HOUR)], 1, 400))).toEqual(new Set(ids));
  });
});

describe('a line that comes late', () => {
  const burst = Array.from({ length: 10 }, () => 30);

  test('above the place at which a run had stopped is read once that place is passed', async () => {
    const world = createWorld();
    const ids = [...world.deliverAll(burst, { ms: 100 }), ...world.deliverAll([40, 50, 60])];
    const pages = await world.read([{ after: NOW - HOUR, before: NOW - 29 }], 1);
    expect(leftBy(pages)[0]?.cursor).toBeDefined();
    ids.push(...world.deliverAll([30], { ms: 900 }));
    const rest = await world.read(leftBy(pages));
    expect(new Set(idsOf([...pages, ...rest]))).toEqual(new Set(ids));
    expect(rest.at(-1)?.left).toEqual([]);
    const [first] = rest;
    expect(first?.left).toEqual([{ after: NOW - 30, before: NOW - 29, again: true }]);
  });

  test('is not looked for where it would be too late, nor in what is read again anyway', async () => {
    const world = createWorld();
    for (const [secondsAgo, kind] of [
      [2 * HOUR, {}],
      [30, { again: true }],
      [30, { tries: 1 }],
    ] as const) {
      // prettier-ignore
      world.deliverAll(Array.from({ length: 10 }, () => secondsAgo));
      world.deliverAll([secondsAgo + 5]);
      const pages = await world.read([{ after: NOW - 3 * HOUR, before: NOW - secondsAgo + 1, ...kind }], 1);
      world.asked.length = 0;
      await world.read(leftBy(pages));
      expect(searches(world).filter(({ nextToken }) => nextToken === undefined)).toEqual([]);
    }
  });

  test('behind empty pages is read, too', async () => {
    let isEmpty = true;
    const world = createWorld({
      answer: ({ nextToken, limit }, usual) =>
        isEmpty && nextToken === undefined && limit !== 1
          ? { events: [], searchedLogStreams: [], ...tokenOf(usual()) }
          : usual(),
    });
    world.deliverAll([50, 51, 52, 53, 54, 55, 56, 57, 58]);
    const pages = await world.read([last(HOUR)], 1);
    const late = world.deliverAll([10]);
    isEmpty = false;
    expect(idsOf(await world.read(leftBy(pages)))).toEqual(expect.arrayContaining(late));
  });
});

/** Where a usual answer goes on. */
function tokenOf(answer: object): { readonly nextToken?: string } {
  return 'nextToken' in answer ? { nextToken: String(answer.nextToken) } : {};
}

describe('a token', () => {
  const refusal = { status: 400, code: 'InvalidParameterException', message: 'The specified nextToken is invalid.' };

  test.each(['expired', 'refused', 'failing'])(
    'that is %s is given up, and what is left is read from its top',
    async (how) => {
      let isSpoilt = false;
      const answers = { refused: refusal, failing: { ...refusal, status: 500, code: 'InternalFailure' } };
      const world = createWorld({
        answer: ({ nextToken }, usual) =>
          (isSpoilt && nextToken !== undefined && answers[how as keyof typeof answers]) || usual(),
      });
      const ids = world.deliverAll(Array.from({ length: 20 }, () => 5));
      const pages = await world.read([last(HOUR)], 1);
      isSpoilt = true;
      if (how === 'expired') world.clock.now += DAY + 1;
      world.asked.length = 0;
      const rest = await world.read(leftBy(pages), 1);
      const again = searches(world).at(-1);
      expect(again).toMatchObject({ startTime: (NOW - HOUR) * 1000, endTime: (NOW - 4) * 1000 - 1 });
      expect(again).not.toHaveProperty('nextToken');
      expect(world.warnings).toEqual([expect.stringContaining('does not take a token')]);
      isSpoilt = false;
      rest.push(...(await world.read(leftBy(rest))));
      expect(new Set(idsOf([...pages, ...rest]))).toEqual(new Set(ids));
    },
  );

  test('that was given just now and is refused does not matter while there is progress, and ends the run when there is none', async () => {
    const world = createWorld({ answer: ({ nextToken }, usual) => (nextToken === undefined ? usual() : refusal) });
    const ids = world.deliverAll(range(30));
    expect(new Set(idsOf(await world.read([last(HOUR)])))).toEqual(new Set(ids));

    world.deliverAll(Array.from({ length: 30 }, () => 10));
    const failure = await world.read([last(HOUR)]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceLogGroupError);
    expect(String(failure)).toContain('InvalidParameterException');
  });
});

describe('a stretch with hardly an event in it', () => {
  test('is read in parts after twenty empty pages, so that each part is progress', async () => {
    // The service looks through a little at a time, and finds nothing most of the time.
    const world = createWorld({
      answer({ startTime, endTime }, usual) {
        const hours = (Number(endTime) - Number(startTime)) / 3_600_000;
        return hours > 6.1 ? { events: [], searchedLogStreams: [], nextToken: 'more' } : usual();
      },
    });
    const ids = world.deliverAll([HOUR, 2 * DAY]);
    const pages = await world.read([last(3 * DAY)]);
    expect(idsOf(pages)).toEqual(ids);
    expect(leftBy(pages)).toEqual([]);
    expect(searches(world)).toHaveLength(20 + 13);
    const ends = pages.slice(20, -1).map(({ left }) => left[0]?.before ?? 0);
    expect(ends).toEqual(ends.toSorted((a, b) => b - a));
    expect(new Set(ends).size).toBe(12);
  });
});

describe('a service that does not keep the order', () => {
  /** Gives the events of the range in an order of its own, page by page; tokens are places in it. */
  function disordered(seed: number) {
    const random = seeded(seed);
    const order = new Map<string, number>();
    const world = createWorld({
      answer({ nextToken, ...asked }, usual) {
        const { endTime, startTime } = asked;
        if (asked['limit'] === 1) return usual();
        const all = world.model.filterLogEvents({ ...asked, limit: 10_000 });
        if (!('events' in all)) return all;
        const events = all.events.toSorted((a, b) => place(a.eventId) - place(b.eventId));
        const [prefix = '', from = '0'] = (
          typeof nextToken === 'string' ? nextToken : `${String(startTime)}-${String(endTime)} 0`
        ).split(' ');
        const end = Number(from) + 7;
        const more = end < events.length && { nextToken: `${prefix} ${end}` };
        return { events: events.slice(Number(from), end), searchedLogStreams: [], ...more };
      },
    });
    const place = (id: string): number => order.get(id) ?? (order.set(id, random()), order.get(id) ?? 0);
    return world;
  }

  test('is read whole, in whatever slices', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 5 }), async (seed, pagesPerRun) => {
        const world = disordered(seed);
        const ids = world.deliverAll(range(60));
        expect(new Set(await readInRuns(world, [last(HOUR)], pagesPerRun, 30))).toEqual(new Set(ids));
      }),
      { numRuns: 25 },
    );
  });

  test('is told once a run', async () => {
    const world = disordered(1);
    world.deliverAll(range(60));
    await world.read([last(HOUR)]);
    expect(world.warnings).toEqual([expect.stringContaining('newest events first')]);
  });
});

describe('a failure', () => {
  const down = { status: 503, code: 'ServiceUnavailableException', message: 'try later' };
  const between = (from: number, to: number, time: unknown): boolean =>
    Number(time) >= from * 1000 && Number(time) < to * 1000;

  test('of one stretch does not keep the next from being read, and is told at the end', async () => {
    const world = createWorld({
      answer: ({ startTime, limit }, usual) => (limit !== 1 && between(NOW - HOUR, NOW, startTime) ? down : usual()),
    });
    world.deliverAll([60]);
    const [id = ''] = world.deliverAll([DAY - 60]);
    const todo: Window[] = [last(HOUR), { after: NOW - DAY, before: NOW - DAY + HOUR, again: true }];
    const opened = await world.connect().open();
    const pages = opened.pages(todo)[Symbol.asyncIterator]();
    expect((await pages.next()).value).toMatchObject({ items: [{ id }], left: [last(HOUR)] });
    await expect(pages.next()).rejects.toThrow(SourceLogGroupError);
  });

  test('of two in a row ends the run', async () => {
    const world = createWorld({ answer: ({ limit }, usual) => (limit === 1 ? usual() : down) });
    const windows = [1, 2, 3, 4].map((day): Window => ({ after: NOW - day * DAY, before: NOW - day * DAY + HOUR }));
    await expect(world.read(windows)).rejects.toThrow('ServiceUnavailableException');
    expect(new Set(searches(world).map(({ startTime }) => startTime)).size).toBe(2);
  });

  test.each(['AccessDeniedException', 'ResourceNotFoundException', 'ThrottlingException'])(
    'of another kind ends the run at once: %s',
    async (code) => {
      const world = createWorld({
        answer: ({ limit }, usual) => (limit === 1 ? usual() : { status: 400, code, message: 'no' }),
      });
      const windows = [1, 2].map((day): Window => ({ after: NOW - day * DAY, before: NOW - day * DAY + HOUR }));
      await expect(world.read(windows)).rejects.toThrow(code);
      expect(new Set(searches(world).map(({ startTime }) => startTime)).size).toBe(1);
    },
  );
});
