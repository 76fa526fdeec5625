import { describe, expect, test } from 'vitest';
import { PutRejectedError, PutRetriesExhaustedError } from '../../lambda/errors.ts';
import { MOST_TRIES } from '../../lambda/pipeline/forward.ts';
import { createWorld, unread, upTo, write } from './world.ts';

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

describe('left-overs of a sink that was down', () => {
  test('do not make a sink that is up look down: what is new is delivered, and some of them are tried', async () => {
    const stuck = new Set(upTo(30).map((second) => `e${second}`));
    const world = await createWorld({ judge: (id) => (stuck.has(id) ? 'not-taken' : 'accepted'), batchSize: 1 });
    write(world, ...upTo(40));
    const leftOver = [...stuck].map((_, second) => ({ after: second, before: second + 1, tries: 1 }));
    const { error, pending } = await world.run([...leftOver, unread(30, 40)]);
    expect(error).toBeNull();
    expect(world.delivered.toSorted()).toEqual(
      upTo(40)
        .slice(30)
        .map((second) => `e${second}`)
        .toSorted(),
    );
    expect(pending.reduce((sum, { after, before }) => sum + before - after, 0)).toBe(30);
  });

  test('are asked for no more than the first puts while nothing is taken, and the others keep their tries', async () => {
    const world = await createWorld({ judge: () => 'not-taken', batchSize: 1 });
    write(world, ...upTo(30));
    const leftOver = upTo(30).map((second) => ({ after: second, before: second + 1, tries: 3 }));
    const { error, pending, batches } = await world.run(leftOver);
    expect([error, batches.length]).toEqual([null, 5]);
    const triesOf = (tries: number) => pending.filter((window) => window.tries === tries);
    expect(triesOf(4).reduce((sum, { after, before }) => sum + before - after, 0)).toBe(5);
    expect(triesOf(3).reduce((sum, { after, before }) => sum + before - after, 0)).toBe(25);
  });

  test('go to quarantine after five runs only when something else was taken, then all of them', async () => {
    let isUp = false;
    const world = await createWorld({ judge: (id) => (isUp && id === 'e50' ? 'accepted' : 'not-taken'), batchSize: 1 });
    write(world, ...upTo(8));
    await world.run([{ after: 0, before: 8, tries: MOST_TRIES - 1 }]);
    expect(await world.ledger.quarantineSize()).toBe(0);
    write(world, 50);
    isUp = true;
    for (let run = 0; run < 4; run += 1) await world.run([...(await world.pending()), unread(50, 51)]);
    expect(await world.ledger.quarantineSize()).toBe(8);
    expect(await world.pending()).toEqual([]);
  });
});

describe('a put without answer', () => {
  test('is not sent again in this run, wherever its entries turn up; the next run sends them', async () => {
    let answers = false;
    const world = await createWorld({
      pageSize: 3,
      judge: (id) => (id === 'e5' && !answers ? 'unknown' : 'accepted'),
    });
    write(world, ...upTo(10));
    // The same second is unread and, two pages later, to be sent again.
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
