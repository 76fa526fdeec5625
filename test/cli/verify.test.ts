import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { addUp } from '../../infra/cli/commands/verify.ts';
import { error } from './support/fake-forwarder.ts';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const DAY = 86_400;
const MIDNIGHT = NOON - DAY / 2;
const FIRST = MIDNIGHT - DAY;
const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const COMPLETE = {
  status: 'complete', after: FIRST, before: MIDNIGHT, source: 52_113, sink: 52_101, own: 11, ignored: 0, quarantined: 1,
  missing: 0, missingIds: [], duplicates: 0, repaired: 0, marked: 0, digest: digest('all'),
}; // prettier-ignore

describe('verify', () => {
  test('of a day that is complete says so, with the digest', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [{ ...COMPLETE, sink: 52_102, quarantined: 0 }]);
    const { status, out, err } = await cli.run('verify', 'yesterday', 'today');
    expect(err).toBe('Comparing source and sink: 2026-11-13 00:00:00 to 2026-11-14 00:00:00 UTC (1d)\n');
    expect(out).toContain('COMPLETE: everything that the source shows is in the sink.');
    expect(out).toContain('In the source      52,113');
    expect(out).toContain(`Digest of the ids  ${digest('all')}`);
    expect(status).toBe(0);
    expect(cli.asked()).toEqual([
      { mode: 'verify', after: '2026-11-13T00:00:00Z', before: '2026-11-14T00:00:00Z', repair: false },
    ]);
  });

  test('without an end goes up to 30 minutes ago, for later events may not show yet', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [COMPLETE]);
    await cli.run('verify', '1d');
    // By the function's clock, not by this one.
    expect(cli.asked()[0]).toEqual({ mode: 'verify', after: '2026-11-13T12:00:00Z', repair: false });
  });

  test('what is in quarantine is told, and is not missing', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [COMPLETE]);
    const { status, out } = await cli.run('verify', 'yesterday', 'today');
    expect(out).toContain('Nothing is missing, but 1 entry is in quarantine and not in the sink.');
    expect(status).toBe(0);
  });

  test('with entries missing is not good, names them, and says how to send them', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [{ ...COMPLETE, missing: 102, missingIds: ['a', 'b'] }]);
    const { status, out } = await cli.run('verify', 'yesterday', 'today', '--function', 'kong-cloudtrail-integration');
    expect(out).toContain('NOT COMPLETE: 102 entries are in the source and not in the sink.');
    expect(out).toContain('Missing:\n  a\n  b\n  and 100 more');
    expect(out).toContain(
      'Send what is missing: kong-audit verify 2026-11-13T00:00:00Z 2026-11-14T00:00:00Z --repair --function kong-cloudtrail-integration',
    );
    expect(status).toBe(1);
  });

  test('goes on where the deadline stopped it, and adds up to one answer with the digest of each part', async () => {
    const cli = await operate();
    const [noon, six] = [FIRST + DAY / 2, FIRST + DAY / 4];
    const half = { ...COMPLETE, quarantined: 0, own: 1 };
    cli.fake.scripted.set('verify', [
      { ...half, status: 'incomplete', verifiedTo: noon, source: 10, sink: 9, missing: 0, digest: digest('3') },
      {
        ...half,
        status: 'incomplete',
        before: noon,
        verifiedTo: six,
        source: 20,
        sink: 18,
        missing: 1,
        missingIds: ['x'],
        digest: digest('2'),
      },
      { ...half, before: six, source: 30, sink: 28, missing: 1, missingIds: ['y'], digest: digest('1') },
    ]);
    const { status, out, err } = await cli.run('verify', 'yesterday', 'today');
    expect(cli.asked().map(({ before }) => before)).toEqual([
      '2026-11-14T00:00:00Z',
      '2026-11-13T12:00:00Z',
      '2026-11-13T06:00:00Z',
    ]);
    expect(err).toContain('compared down to 2026-11-13 12:00:00 UTC: 10 entries, 0 missing; going on');
    expect(out).toContain('NOT COMPLETE: 2 entries');
    expect(out).toMatch(/In the source {5}60\n {2}In the sink {7}55\n/);
    expect(out).toContain(
      `Digest of a part  ${digest('3')}\n                    2026-11-13 12:00:00 to 2026-11-14 00:00:00 UTC (12h)`,
    );
    expect(out).toContain(
      `Digest of a part  ${digest('1')}\n                    2026-11-13 00:00:00 to 2026-11-13 06:00:00 UTC (6h)`,
    );
    expect(status).toBe(1);
  });

  test('--json gives one answer: as it came, or the sum with its parts', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [COMPLETE]);
    expect(await cli.run('verify', 'yesterday', 'today', '--json')).toEqual({
      status: 0,
      out: `${JSON.stringify(COMPLETE)}\n`,
      err: '',
    });
    cli.fake.scripted.set('verify', [
      { ...COMPLETE, status: 'incomplete', verifiedTo: FIRST + 60 },
      { ...COMPLETE, before: FIRST + 60 },
    ]);
    const sum = JSON.parse((await cli.run('verify', 'yesterday', 'today', '--json')).out) as Record<string, unknown>;
    expect(sum).toMatchObject({
      status: 'complete',
      after: FIRST,
      before: MIDNIGHT,
      source: 104_226,
      parts: [{ verifiedTo: FIRST + 60 }, {}],
    });
    expect(sum).not.toHaveProperty('digest');
  });

  test.each([MIDNIGHT, MIDNIGHT + 1, FIRST, undefined])(
    'stops when it comes no further: verifiedTo %j',
    async (verifiedTo) => {
      const cli = await operate();
      cli.fake.scripted.set('verify', [{ ...COMPLETE, status: 'incomplete', verifiedTo }, COMPLETE]);
      const { status, err } = await cli.run('verify', 'yesterday', 'today');
      expect(err).toContain('did not come any further than 2026-11-14 00:00:00 UTC');
      expect(status).toBe(1);
    },
  );

  test('--repair that sent everything is good, and says when it can be proven', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [{ ...COMPLETE, missing: 2, repaired: 2, marked: 51_000, missingIds: ['x', 'y'] }]);
    const { status, out } = await cli.run('verify', 'yesterday', 'today', '--repair');
    expect(cli.asked()[0]).toMatchObject({ repair: true });
    expect(out).toContain('2 entries were missing and sent now.');
    expect(out).toContain('Marks rebuilt      51,000');
    expect(out).toContain(
      'To see it proven, in half an hour: kong-audit verify 2026-11-13T00:00:00Z 2026-11-14T00:00:00Z',
    );
    expect(status).toBe(0);
  });

  test('--repair while a run holds the lock is not good', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [{ status: 'skipped' }]);
    const { status, out } = await cli.run('verify', 'yesterday', 'today', '--repair');
    expect(out).toContain('Stopped: another run holds the lock, and a repair needs it.');
    expect(status).toBe(1);
  });

  test('--repair that could not send everything is not good', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [{ ...COMPLETE, missing: 3, repaired: 1, marked: 9 }]);
    const { status, out } = await cli.run('verify', 'yesterday', 'today', '--repair');
    expect(out).toContain('NOT COMPLETE: 2 entries');
    expect(status).toBe(1);
  });

  test('a window that the function refuses is wrong use', async () => {
    const cli = await operate();
    cli.fake.failing.set('verify', [error('InvocationError', 'the window must have ended 30 minutes ago')]);
    expect(await cli.run('verify', '1h', 'now')).toMatchObject({ status: 2 });
  });

  test('a lost answer is asked for again, but not when it repairs', async () => {
    const cli = await operate();
    cli.fake.scripted.set('verify', [COMPLETE, COMPLETE, COMPLETE]);
    cli.aws.lambda.faults.next({ fault: 'reset', at: 'before-headers' });
    expect((await cli.run('verify', 'yesterday', 'today')).status).toBe(0);
    cli.aws.lambda.faults.next({ fault: 'reset', at: 'before-headers' });
    expect((await cli.run('verify', 'yesterday', 'today', '--repair')).status).toBe(1);
  });
});

test('the sum keeps at most 100 ids', () => {
  const ids = Array.from({ length: 80 }, (_, index) => String(index));
  const part = { ...COMPLETE, status: 'complete' as const, missing: 80, missingIds: ids };
  expect(addUp([part, part]).missingIds).toHaveLength(100);
});
