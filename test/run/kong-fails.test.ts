import { describe, expect, test } from 'vitest';
import { failForSeconds } from '../sources/kong/failing-seconds.ts';
import { KONG_NOW, start } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';
import { delivered, neverListed, shortRun } from './runs.ts';

const env = { KONG_PAGE_SIZE: '10', OVERLAP_SECONDS: '1' };

describe.concurrent('Kong fails, and', () => {
  test('seconds that it fails to give keep nothing else waiting for more than a few runs: neither what is older, nor what was left over, nor what comes late', async () => {
    await using forwarder = await start({ env: { ...env, OVERLAP_SECONDS: '3600' }, ownProcess: true });
    const { kong } = forwarder;
    const minutesAgo = (minutes: number) => KONG_NOW - 60 * minutes;
    const rows = Array.from({ length: 40 }, (_, index) =>
      forwarder.record(1, {}, { at: minutesAgo(5 + index) }),
    ).flat();
    failForSeconds(kong, [10, 20, 30].map(minutesAgo));
    const readable = keysOf(rows.filter(({ timestamp }) => ![10, 20, 30].map(minutesAgo).includes(timestamp)));
    const stuck = rows.find(({ timestamp }) => timestamp === minutesAgo(40))?.key ?? '';
    neverListed(forwarder, stuck);
    for (let run = 0; run < 6; run += 1) await forwarder.fail();
    const late = forwarder.record(1, {}, { at: minutesAgo(35) });
    await forwarder.fail();
    expect(delivered(forwarder, [...rows, ...late]).sort()).toEqual(
      [...readable, ...keysOf(late)].filter((key) => key !== stuck).sort(),
    );
    expect(Object.keys(await forwarder.quarantine())).toEqual([stuck]);

    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3, pending: [] });
  });

  test.each([400, 404, 500])(
    'a saved offset is answered with %s for ever: the scan starts over, once, and ends',
    async (status) => {
      await using forwarder = await start({ env, kong: { version: '3.3.0.0' }, ownProcess: true });
      const rows = forwarder.record(60);
      await shortRun(forwarder, 3);
      // As an older release may have written it.
      const stored = (await forwarder.redis.get(`${forwarder.prefix}checkpoint`)) ?? '';
      const aged = stored.replace(/(\\"offset\\":\\")[^\\]+/, '$1written-by-another-release');
      expect(aged).not.toBe(stored);
      await forwarder.redis.set(`${forwarder.prefix}checkpoint`, aged);
      forwarder.kong.faults.always(({ path }) =>
        path.includes('another-release') ? { fault: 'answer', status, body: { message: 'no such offset' } } : undefined,
      );
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 30, duplicates: 30 });
      expect(delivered(forwarder, rows).sort()).toEqual(keysOf(rows));
    },
  );
});
