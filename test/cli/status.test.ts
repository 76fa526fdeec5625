import { describe, expect, test } from 'vitest';
import { error } from './support/fake-forwarder.ts';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const DAY = 86_400;
const STATUS = {
  status: 'ok',
  source: 'kong',
  sink: 'cloudtrail-lake',
  watermark: NOON - 180,
  lagSeconds: 180,
  purgeHeadroomSeconds: 30 * DAY - 180,
  pending: [],
  quarantine: { size: 0, byCode: {} },
  lock: null,
  lastRun: {
    at: '2026-11-14T11:57:05Z',
    summary: {
      status: 'complete',
      mode: 'scheduled',
      fetched: 1200,
      forwarded: 187,
      duplicates: 1010,
      own: 3,
      durationMs: 812,
    },
  },
};

async function statusOf(answer: object) {
  const cli = await operate();
  cli.fake.scripted.set('status', [{ ...STATUS, ...answer }]);
  return await cli.run('status');
}

describe('status', () => {
  test('a backfill, which takes the watermark back, does not take back what is accounted for', async () => {
    const { out } = await statusOf({
      watermark: NOON - 20 * DAY,
      pending: [{ after: NOON - 20 * DAY, before: NOON - 10 * DAY }],
    });
    expect(out).toContain('There is more to read; the next run goes on with it.');
    expect(out).toContain('everything before 2026-11-14 11:57:00 UTC (3m ago)');
  });

  test('is understood at once', async () => {
    const { status, out } = await statusOf({});
    expect(out).toBe(`kong-cloudtrail-integration in eu-west-1 at 2026-11-14 12:00:00 UTC
Up to date.

  Source         kong
  Sink           cloudtrail-lake
  Accounted for  everything before 2026-11-14 11:57:00 UTC (3m ago)
  Behind         3m; the source deletes the oldest unread entries in 29d 23h
  Left to read   nothing
  Quarantine     empty
  Working now    no
  Last run       2026-11-14 11:57:05 UTC (2m 55s ago): complete, 1,200 entries read, 187 forwarded
`);
    expect(status).toBe(0);
  });

  test('says first what needs somebody: entries that the source deletes soon', async () => {
    const { out } = await statusOf({ purgeHeadroomSeconds: 3600 });
    expect(out.split('\n')[1]).toBe('Entries nobody has forwarded yet are deleted at the source in 1h.');
  });

  test('says first that the last run failed, and where the reason is', async () => {
    const { out } = await statusOf({
      lastRun: { at: '2026-11-14T11:57:05Z', summary: { status: 'failed', mode: 'scheduled' } },
    });
    expect(out.split('\n')[1]).toBe('The last run failed. Why: kong-audit logs --errors --since 1d');
  });

  test('counts the quarantine by reason, and says how to look', async () => {
    const { out } = await statusOf({ quarantine: { size: 3, byCode: { InvalidEntry: 2, FieldTooLong: 1 } } });
    expect(out).toContain('3 entries in quarantine: somebody must decide about them.');
    expect(out).toContain(
      'Quarantine     3 (2 InvalidEntry, 1 FieldTooLong)\n                 kong-audit quarantine list',
    );
  });

  test('lists what is left, the newest ten windows of many', async () => {
    const pending = Array.from({ length: 12 }, (_, index) => ({
      after: NOON - index * 7200,
      before: NOON - index * 7200 + 3600,
    }));
    const { out } = await statusOf({ pending });
    expect(out).toContain('2026-11-14 12:00:00 to 2026-11-14 13:00:00 UTC (1h)');
    expect(out).toContain('and 2 more windows');
  });

  test('says who works, and for how long at most', async () => {
    const { out } = await statusOf({ lock: { runId: 'a/b', secondsLeft: 754 }, pending: [{ after: 0, before: NOON }] });
    expect(out).toContain('Reading what is left.');
    expect(out).toContain('yes, for at most 12m 34s more (request a)');
    expect(out).toContain('everything retained before 2026-11-14 12:00:00 UTC');
  });

  test('before the first run nothing is known, and it says so', async () => {
    const { out } = await statusOf({ watermark: null, lagSeconds: null, purgeHeadroomSeconds: null, lastRun: null });
    expect(out).toContain('No scheduled run has read anything yet.');
    expect(out).toContain('not known before the first run');
    expect(out).toContain('Last run       none yet');
  });

  test('--json prints the answer as it came, members that nobody knows included', async () => {
    const cli = await operate();
    const answer = { ...STATUS, future: { a: 1 } };
    cli.fake.scripted.set('status', [answer]);
    const { out, err } = await cli.run('status', '--json');
    expect(out).toBe(`${JSON.stringify(answer)}\n`);
    expect(err).toBe('');
  });

  test('an answer that is none says that the versions may differ', async () => {
    const cli = await operate();
    cli.fake.scripted.set('status', [{ status: 'ok', pending: 'none' }]);
    const { status, err, out } = await cli.run('status');
    expect(status).toBe(1);
    expect(err).toContain('Is the deployed function of the same version as this command line?');
    expect(out).toBe('');
  });

  test('a function that fails is told with its error in the words of the context, and with what to do next', async () => {
    const cli = await operate();
    cli.fake.failing.set('status', [error('LedgerError', 'Redis refuses the password of REDIS_PASSWORD_SECRET_ARN')]);
    const { status, err } = await cli.run('status', '--region', 'eu-west-1');
    expect(status).toBe(1);
    expect(err).toContain(
      'The function failed with LedgerError.\nRedis refuses the password of redisPasswordSecretArn\n',
    );
    expect(err).toContain('redisPasswordSecretArn is a context key of the CDK app');
    expect(err).toContain('kong-audit check --region eu-west-1');
    expect(err).toContain('kong-audit logs --errors --since 1h --region eu-west-1');
  });

  test('with --json a failure is the error that Lambda gives', async () => {
    const cli = await operate();
    cli.fake.failing.set('status', [error('LedgerError', 'Redis is down')]);
    const { out } = await cli.run('status', '--json');
    expect(JSON.parse(out)).toMatchObject({ errorType: 'LedgerError', errorMessage: 'Redis is down' });
  });
});

describe('a terminal', () => {
  test('shows colours', async () => {
    const cli = await operate({ isTTY: true });
    cli.fake.scripted.set('status', [STATUS]);
    expect((await cli.run('status')).out).toContain('\u001b[32mUp to date.\u001b[39m');
  });

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('shows none with %j', async (env) => {
    const cli = await operate({ isTTY: true, env });
    cli.fake.scripted.set('status', [STATUS]);
    expect((await cli.run('status')).out).not.toContain('\u001b');
  });

  test('that is narrow gets wrapped lines', async () => {
    const cli = await operate({ isTTY: true, columns: 60, env: { NO_COLOR: '1' } });
    cli.fake.scripted.set('status', [STATUS]);
    const lines = (await cli.run('status')).out.split('\n').slice(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
