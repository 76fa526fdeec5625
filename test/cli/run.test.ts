import { describe, expect, test } from 'vitest';
import { error } from './support/fake-forwarder.ts';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const SUMMARY = {
  status: 'complete', mode: 'scheduled', fetched: 1200, forwarded: 187, duplicates: 1010, own: 3, quarantined: 0,
  watermark: NOON - 60, pending: [], durationMs: 812,
}; // prettier-ignore

describe('run', () => {
  test('tells what it did', async () => {
    const cli = await operate();
    cli.fake.scripted.set('scheduled', [SUMMARY]);
    const { status, out } = await cli.run('run');
    expect(out).toBe(
      'Run complete in 812 ms: 1,200 entries read, forwarded 187, 1,010 known already, 3 own requests.\n' +
        'Everything before 2026-11-14 11:59:00 UTC (1m ago) is accounted for.\n',
    );
    expect(status).toBe(0);
  });

  test('one that was skipped is not good, and says that nothing was put on the list', async () => {
    const cli = await operate();
    cli.fake.scripted.set('scheduled', [{ ...SUMMARY, status: 'skipped' }]);
    const { status, out } = await cli.run('run');
    expect(out).toContain('Nothing was done: another run holds the lock, and nothing was put on the list.');
    expect(status).toBe(1);
  });

  test('one that is not finished says what is left', async () => {
    const cli = await operate();
    cli.fake.scripted.set('scheduled', [
      { ...SUMMARY, status: 'incomplete', quarantined: 1, watermark: 0, pending: [{ after: 0, before: NOON }] },
    ]);
    const { status, out } = await cli.run('run');
    expect(out).toContain('1 entry could not be sent: now in quarantine.');
    expect(out).toContain(
      'Still to read; the next runs go on there:\n  everything retained before 2026-11-14 12:00:00 UTC',
    );
    expect(status).toBe(1);
  });

  test('an answer that is lost is not asked for again: the run goes on', async () => {
    const cli = await operate();
    cli.aws.lambda.faults.next({ fault: 'reset', at: 'before-headers' });
    const { status, err } = await cli.run('run');
    expect(err).toContain('was lost before the answer came. What was asked for goes on in AWS; see status and logs.');
    expect(status).toBe(1);
    expect(cli.asked()).toHaveLength(1);
  });
});

describe('backfill', () => {
  test('sends the window as it was meant, and shows it in UTC', async () => {
    const cli = await operate();
    const { status, out, err } = await cli.run('backfill', '2026-11-01', '36h', '--resend');
    expect(err).toBe('Window: 2026-11-01 00:00:00 to 2026-11-13 00:00:00 UTC (12d)\n');
    expect(cli.asked()).toEqual([
      { mode: 'backfill', after: '2026-11-01T00:00:00Z', before: '2026-11-13T00:00:00Z', resend: true },
    ]);
    expect(out).toMatch(/^Backfill complete in 812 ms: 60 entries read/);
    expect(status).toBe(0);
  });

  test('without an end the function reads up to the now of the source', async () => {
    const cli = await operate();
    await cli.run('backfill', '7d');
    expect(cli.asked()).toEqual([{ mode: 'backfill', after: '2026-11-07T12:00:00Z' }]);
  });

  test('--dry-run says what would be forwarded', async () => {
    const cli = await operate();
    const { status, out } = await cli.run('backfill', 'yesterday', '--dry-run');
    expect(out).toContain('Dry run complete in 0 ms: 12 entries read, would forward 0, would quarantine 0.');
    expect(cli.asked()).toEqual([{ mode: 'backfill', after: '2026-11-13T00:00:00Z', dryRun: true }]);
    expect(status).toBe(0);
  });

  test('a window that reaches back beyond what the source holds is told', async () => {
    const cli = await operate();
    cli.fake.scripted.set('backfill', [{ ...SUMMARY, mode: 'backfill', beyondRetention: true }]);
    const { out } = await cli.run('backfill', '2020-01-01');
    expect(out).toContain('The window begins before what the source can still hold (auditTtlSeconds).');
  });

  test('--json leaves standard output to the answer', async () => {
    const cli = await operate();
    cli.fake.scripted.set('backfill', [SUMMARY]);
    expect(await cli.run('backfill', '1d', '--json')).toEqual({
      status: 0,
      out: `${JSON.stringify(SUMMARY)}\n`,
      err: '',
    });
  });

  test.each([
    [['backfill'], "missing required argument 'from'"],
    [['backfill', 'soon'], 'Expected a time'],
    [
      ['backfill', '1d', '2d'],
      '<from> must lie before <to>: 2026-11-13T12:00:00Z does not lie before 2026-11-12T12:00:00Z.',
    ],
    [['backfill', '2026-12-01'], 'does not lie before 2026-11-14T12:00:00Z, the end where no <to> is given.'],
    [['backfill', '1d', 'now', 'never'], 'too many arguments'],
    [['backfill', '1d', '--force'], "unknown option '--force'"],
    [['bakfill', '1d'], 'Did you mean backfill?'],
    [['quarantine', 'discard', 'a'], "required option '--reason <text>' not specified"],
    [['quarantine', 'show'], "missing required argument 'id'"],
    [[], 'Usage: kong-audit'],
  ])('%j is wrong use', async (argv, message) => {
    const cli = await operate();
    const { status, err } = await cli.run(...argv);
    expect(err).toContain(message);
    expect(status).toBe(2);
    expect(cli.aws.invoked()).toEqual([]);
  });

  test('what the function itself calls wrong use is wrong use', async () => {
    const cli = await operate();
    cli.fake.failing.set('backfill', [error('InvocationError', '"after" must be in Kong\'s past')]);
    const { status, err } = await cli.run('backfill', '1d');
    expect(err).toContain('"after" must be in Kong\'s past');
    expect(status).toBe(2);
  });
});

test.each([['--help'], ['help'], ['backfill', '--help'], ['--version']])('%s is given and good', async (...argv) => {
  const cli = await operate();
  const { status, out, err } = await cli.run(...argv);
  expect(status).toBe(0);
  expect(out).not.toBe('');
  expect(err).toBe('');
});
