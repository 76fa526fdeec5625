import { describe, expect, test } from 'vitest';
import type { InvocationContext } from './support/aws-server.ts';
import { error } from './support/fake-forwarder.ts';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const DAYS = ['2026-10-25', '2026-11-14'] as const;

describe('backfill --watch', () => {
  test('invokes asynchronously, and again, until nothing of the window is left', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 1000, lasts: 900, begins: 2 };
    const { status, out } = await cli.run('backfill', ...DAYS, '--watch');
    expect(out).toBe('The backfill is complete: 2026-10-25 00:00:00 to 2026-11-14 00:00:00 UTC (20d).\n');
    expect(status).toBe(0);
    const asked = { mode: 'backfill', after: '2026-10-25T00:00:00Z', before: '2026-11-14T00:00:00Z' };
    expect(cli.asked()).toEqual([asked, { mode: 'scheduled' }]);
    const types = cli.aws
      .invoked()
      .filter(({ payload }) => payload['mode'] !== 'status')
      .map(({ type }) => type);
    expect(types).toEqual(['Event', 'Event']);
  });

  test('shows plain lines where there is no terminal: time covered, entries, rate, time left', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 5000, lasts: 900, begins: 0 };
    const { err } = await cli.run('backfill', ...DAYS, '--watch');
    expect(err).not.toContain('about 0s left');
    expect(err).toMatch(/^26 % {2}5d 7h of 20d of the log, 7,666 entries \(83\/s\), about 4m 14s left$/m);
    expect(err).not.toContain('\u001b');
    expect(err.split('\n').length).toBeLessThan(16);
  });

  test('draws a bar on a terminal, in one line, and leaves the cursor as it was', async () => {
    const cli = await operate({ isTTY: true });
    cli.fake.pace = { reads: 5000, lasts: 900, begins: 0 };
    const { err, out } = await cli.run('backfill', ...DAYS, '--watch');
    expect(err).toMatch(/█{24} 100 % {2}20d of 20d of the log, 28,500 entries/);
    expect(err).toContain('\u001b[?25h');
    expect(err.split('\n').length).toBeLessThan(5);
    expect(out).toContain('The backfill is complete');
  });

  test('does not begin at the end, while the run holds the lock and has put nothing on the list yet', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 5000, lasts: 900, begins: 0 };
    const idle = { status: 'ok', source: 'kong', sink: 'x', watermark: NOON, pending: [], lock: null, lastRun: null };
    const locked = { ...idle, lock: { runId: 'x/1', secondsLeft: 900 } };
    cli.fake.scripted.set('status', [idle, locked]);
    const { err, status } = await cli.run('backfill', ...DAYS, '--watch');
    expect(status).toBe(0);
    expect(err).toMatch(/^0 % {2}0s of 20d of the log/m);
    expect(err).not.toMatch(/^100 % {2}20d of 20d of the log, after/m);
  });

  test('says nothing of entries where the function does not', async () => {
    const cli = await operate();
    cli.fake.countsEntries = false;
    const { err } = await cli.run('backfill', ...DAYS, '--watch');
    expect(err).not.toContain('entries');
  });

  test('waits for a run that is at work already, for it would only be skipped', async () => {
    const cli = await operate();
    cli.fake.busyUntil = NOON + 60;
    const { status, err } = await cli.run('backfill', 'yesterday', '--watch');
    expect(err).toContain('Another run is at work, for at most 1m more. Waiting for it.');
    expect(status).toBe(0);
    expect(cli.asked()).toHaveLength(1);
    expect(cli.now()).toBeGreaterThan(NOON + 60);
  });

  test('asks again when another run took the lock first, and does not call that done', async () => {
    const cli = await operate();
    const { handler } = cli.fake;
    let isTaken = false;
    Object.assign(cli.fake, {
      handler: (event: Record<string, unknown>, context: InvocationContext) => {
        // At this moment a scheduled run gets the lock: ours is skipped.
        if (event['mode'] === 'backfill' && !isTaken) cli.fake.busyUntil = cli.now() + 30;
        isTaken ||= event['mode'] === 'backfill';
        return handler(event, context);
      },
    });
    const { status, err } = await cli.run('backfill', 'yesterday', '--watch', '--resend');
    expect(err).toContain('That run has ended, and there is more to do: starting another.');
    expect(cli.asked().filter(({ dryRun }) => dryRun !== true)).toHaveLength(2);
    expect(status).toBe(0);
  });

  test('a run too short to be seen is proven by a dry run', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 1e9, lasts: 900, begins: 0 };
    cli.fake.scripted.set('backfill', [{ status: 'skipped' }]);
    const { status, err } = await cli.run('backfill', 'yesterday', '--watch');
    expect(err).toContain('Looking whether it did its work.');
    expect(status).toBe(0);
    expect(cli.asked().at(-1)).toMatchObject({ mode: 'backfill', dryRun: true });
  });

  test('a dry run that finds something to quarantine proves nothing', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 1e9, lasts: 900, begins: 0 };
    const skipped = { status: 'skipped' };
    const found = { status: 'complete', mode: 'backfill', dryRun: true, wouldForward: 0, wouldQuarantine: 1 };
    cli.fake.scripted.set('backfill', [skipped, found, skipped, found, skipped, found]);
    const { status, err } = await cli.run('backfill', 'yesterday', '--watch');
    expect(err).toContain('Stopped: 3 invocations made no progress.');
    expect(status).toBe(1);
  });

  test('a run that fails at once shows its error, not a success', async () => {
    const cli = await operate();
    cli.fake.fails = {
      error: error('KongUnreachableError', 'https://kong:8444 does not answer; is KONG_ADMIN_API right?'),
      listed: false,
    };
    const { status, err, out } = await cli.run('backfill', 'yesterday', '--watch');
    expect(status).toBe(1);
    expect(err).toContain(
      'The function failed with KongUnreachableError.\nhttps://kong:8444 does not answer; is kongAdminApi right?',
    );
    expect(out).toBe('');
  });

  test('a run that is seen at work and fails before it puts anything on the list is no success', async () => {
    const cli = await operate();
    cli.fake.fails = { error: error('KongResponseError', '502 from a proxy'), listed: false, locksForSeconds: 8 };
    for (const more of [[], ['--resend']]) {
      const { status, err, out } = await cli.run('backfill', 'yesterday', '--watch', ...more);
      expect(status).toBe(1);
      expect(err).toContain('The function failed with KongResponseError.\n502 from a proxy');
      expect(out).toBe('');
    }
  });

  test('gives up after three invocations without progress, and says where to look', async () => {
    const cli = await operate();
    cli.fake.fails = { error: error('ChannelError', 'no such channel'), listed: true };
    const { status, err } = await cli.run(
      'backfill',
      'yesterday',
      '--watch',
      '--function',
      'kong-cloudtrail-integration',
    );
    expect(status).toBe(1);
    expect(err).toContain('Stopped: 3 invocations made no progress.');
    expect(err).toContain('kong-audit logs --errors --since 1h --function kong-cloudtrail-integration');
    expect(cli.asked()).toHaveLength(3);
  });

  test('Ctrl-C ends the watching, and says what goes on and how to look', async () => {
    const cli = await operate();
    cli.fake.pace = { reads: 100, lasts: 900, begins: 0 };
    let looks = 0;
    cli.onPause = () => {
      looks += 1;
      if (looks === 5) cli.interrupt();
    };
    const { status, err } = await cli.run('backfill', ...DAYS, '--watch');
    expect(status).toBe(1);
    expect(err).toContain(
      'Stopped watching, and nothing else. The backfill goes on in AWS; what it does not finish, the scheduled runs go on with.',
    );
    expect(err).toContain('To look: kong-audit status');
    expect(looks).toBe(5);
  });

  test('Ctrl-C before it was begun, while another run is at work, does not say that it goes on', async () => {
    const cli = await operate();
    cli.fake.busyUntil = NOON + 600;
    cli.onPause = () => {
      cli.interrupt();
    };
    const { status, err } = await cli.run('backfill', ...DAYS, '--watch');
    expect(status).toBe(1);
    expect(err).toContain('The backfill was not begun, and nothing of it is on the list: give the command again.');
    expect(err).not.toContain('goes on in AWS');
    expect(cli.asked()).toEqual([]);
  });

  test('survives a state that cannot be read for a moment', async () => {
    const cli = await operate();
    cli.fake.failing.set('status', [
      error('LedgerError', 'Redis fails over'),
      error('LedgerError', 'Redis fails over'),
    ]);
    const { status } = await cli.run('backfill', 'yesterday', '--watch');
    expect(status).toBe(0);
  });

  test('ends when the state cannot be read for long', async () => {
    const cli = await operate();
    cli.fake.failing.set(
      'status',
      Array.from({ length: 9 }, () => error('LedgerError', 'REDIS_HOST does not answer')),
    );
    const { status, err } = await cli.run('backfill', 'yesterday', '--watch');
    expect(status).toBe(1);
    expect(err).toContain('The function failed with LedgerError.\nredis does not answer');
  });

  test('with --json standard output is the state at the end, and nothing else', async () => {
    const cli = await operate();
    const { out } = await cli.run('backfill', 'yesterday', '--watch', '--json');
    expect(JSON.parse(out)).toMatchObject({ status: 'ok', pending: [], lock: null });
  });

  test('does not go together with --dry-run', async () => {
    const cli = await operate();
    expect(await cli.run('backfill', 'yesterday', '--watch', '--dry-run')).toMatchObject({ status: 2 });
    expect(cli.aws.invoked()).toEqual([]);
  });
});

describe('run --watch', () => {
  test('ends with what the run did', async () => {
    const cli = await operate();
    const { status, out } = await cli.run('run', '--watch');
    expect(out).toMatch(
      /^Run complete in \d+s: 60 entries read, forwarded 12, 48 known already\.\nEverything before 2026-11-14 12:00:0\d UTC/,
    );
    expect(status).toBe(0);
    expect(cli.asked()).toEqual([{ mode: 'scheduled' }]);
  });

  test('goes on until a first run has read all that is retained, and knows how long that is', async () => {
    const cli = await operate();
    cli.fake.planned = null;
    cli.fake.pace = { reads: 2000, lasts: 900, begins: 1 };
    const { status, err } = await cli.run('run', '--watch');
    expect(status).toBe(0);
    expect(err).toMatch(/of 30d( \d+\w)? of the log/);
    expect(cli.asked().length).toBeGreaterThan(1);
  });

  test('is not reached by a run that fails', async () => {
    const cli = await operate();
    cli.fake.fails = { error: error('KongAuthError', '401'), listed: false };
    const { status } = await cli.run('run', '--watch');
    expect(status).toBe(1);
    expect(cli.asked()).toHaveLength(3);
  });
});
