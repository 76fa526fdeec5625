import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { renderLogLine } from '../../infra/cli/log-line.ts';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const at = (secondsAgo: number) => (NOON - secondsAgo) * 1000;
const line = (level: string, message: string, more: object = {}) =>
  `${JSON.stringify({ level, message, timestamp: 'x', service: 'kong-audit-forwarder', source: 'kong', requestId: 'r', ...more })}\n`;
const summary = { status: 'complete', mode: 'scheduled', fetched: 5, forwarded: 5, durationMs: 40 };

const LOG = [
  {
    timestamp: at(90_000),
    message: line('ERROR', 'Run failed', { error: { name: 'Old', message: 'too old to be asked for' } }),
  },
  { timestamp: at(7200), message: 'START RequestId: r Version: $LATEST\n' },
  { timestamp: at(7199), message: line('INFO', 'Run complete', { summary }) },
  { timestamp: at(7198), message: '{"_aws":{"CloudWatchMetrics":[]},"Runs":1}\n' },
  { timestamp: at(7197), message: 'END RequestId: r\n' },
  { timestamp: at(7196), message: 'REPORT RequestId: r\tDuration: 40 ms\n' },
  {
    timestamp: at(3600),
    message: line('ERROR', 'Run failed', {
      error: { name: 'KongAuthError', message: '401 from Kong: is the token of\nKONG_ADMIN_TOKEN valid?' },
    }),
  },
  { timestamp: at(1800), message: '2026-11-14T11:30:00Z r Task timed out after 900.00 seconds\n' },
  { timestamp: at(60), message: line('WARN', 'Kong’s clock went back', { planned: 3 }) },
];

test('shows one line for each thing that happened, oldest first, without the noise', async () => {
  const cli = await operate({ log: LOG });
  const { status, out } = await cli.run('logs');
  expect(out).toBe(`2026-11-14 10:00:01 UTC  INFO   Run complete in 40 ms: 5 entries read, forwarded 5.
2026-11-14 11:00:00 UTC  ERROR  Run failed
    KongAuthError: 401 from Kong: is the token of
2026-11-14 11:30:00 UTC  2026-11-14T11:30:00Z r Task timed out after 900.00 seconds
2026-11-14 11:59:00 UTC  WARN   Kong’s clock went back  planned=3
`);
  expect(status).toBe(0);
  expect(cli.aws.filtered[0]).toMatchObject({
    logGroupName: '/aws/lambda/kong-cloudtrail-integration',
    startTime: at(86_400),
  });
});

test('--errors shows what failed, whole, also what Lambda itself says', async () => {
  const cli = await operate({ log: LOG });
  const { out } = await cli.run('logs', '--errors', '--since', '2h');
  expect(out).toBe(`2026-11-14 11:00:00 UTC  ERROR  Run failed
    KongAuthError: 401 from Kong: is the token of
    kongAdminTokenSecretArn valid?
2026-11-14 11:30:00 UTC  2026-11-14T11:30:00Z r Task timed out after 900.00 seconds
`);
});

test('reads every page', async () => {
  const cli = await operate({ log: LOG, logPage: 1 });
  expect((await cli.run('logs', '--since', '2w')).out.match(/^2026/gm)).toHaveLength(5);
  expect(cli.aws.filtered).toHaveLength(LOG.length);
});

test('says when there is nothing', async () => {
  const cli = await operate({ log: [] });
  expect((await cli.run('logs', '--errors', '--since', '1h')).out).toBe('No errors since 2026-11-14 11:00:00 UTC.\n');
  expect((await cli.run('logs')).out).toContain('Nothing in /aws/lambda/kong-cloudtrail-integration since');
});

test('--json prints the lines as they are stored', async () => {
  const cli = await operate({ log: LOG });
  const { out } = await cli.run('logs', '--json', '--since', '3h');
  expect(out.split('\n')[1]).toBe(LOG[2]?.message.trim());
});

test('the log group of a function given by ARN, with a version, is that of its name', async () => {
  const cli = await operate({ log: LOG });
  const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:kong-cloudtrail-integration:live';
  expect((await cli.run('logs', '--function', arn)).status).toBe(0);
});

test('a log group that is not there is told with what to do', async () => {
  const cli = await operate({ log: LOG });
  const { status, err } = await cli.run('logs', '--log-group', '/other');
  expect(err).toContain('logs:FilterLogEvents on the log group /other failed: ResourceNotFoundException');
  expect(err).toContain('or name it with --log-group');
  expect(status).toBe(1);
});

test('--local has no log group', async () => {
  const cli = await operate();
  expect(await cli.run('logs', '--local')).toMatchObject({ status: 2 });
});

test('times in a line are told as times', () => {
  const text = renderLogLine(0, line('WARN', 'The checkpoint is set back by hand', { from: NOON, seconds: 60 }), false);
  expect(stripVTControlCharacters(text ?? '')).toContain('from=2026-11-14T12:00:00Z  seconds=60');
});

test('a run that was skipped is one, without advice', () => {
  const skipped = { ...summary, status: 'skipped' };
  expect(renderLogLine(0, line('INFO', 'Run skipped', { summary: skipped }), true)).toMatch(/Run skipped$/);
});

test('what a function that died said is not noise', () => {
  expect(renderLogLine(0, 'REPORT RequestId: r Status: timeout', false)).not.toBeNull();
  expect(renderLogLine(0, 'null', false)).toContain('null');
});
