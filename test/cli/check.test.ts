import { expect, test } from 'vitest';
import { operate } from './support/operate.ts';

const GOOD = { name: 'kong', ok: true, detail: 'https://kong.internal:8444 answers as Kong 3.9.1.0', fix: '' };
const BAD = {
  name: 'redis',
  ok: false,
  detail: 'no connection to REDIS_HOST',
  fix: 'Check REDIS_HOST, REDIS_DB, REDIS_TLS and the password; AWS_ENDPOINT_URL stays.',
};

test('says of each dependency whether it is in order', async () => {
  const cli = await operate();
  cli.fake.scripted.set('check', [{ status: 'ok', checks: [GOOD] }]);
  const { status, out } = await cli.run('check');
  expect(out).toContain('  ok      kong  https://kong.internal:8444 answers as Kong 3.9.1.0');
  expect(out).toContain('Everything a run needs is there.');
  expect(status).toBe(0);
});

test('says what to do in the words of the context keys, and where those are set', async () => {
  const cli = await operate();
  cli.fake.scripted.set('check', [{ status: 'failed', checks: [GOOD, BAD] }]);
  const { status, out } = await cli.run('check');
  expect(out).toContain('FAILED  redis  no connection to redis');
  expect(out).toContain('What to do: Check redis, redisDb, redisTls and the password; AWS_ENDPOINT_URL stays.');
  expect(out).toContain(
    'redis, redisDb, redisTls are context keys of the CDK app: set in cdk.json under "context", or npx cdk deploy -c redis=…',
  );
  expect(out).toContain('1 of 2 not in order.');
  expect(status).toBe(1);
});

test('--json prints the report as it came, and the exit status still tells', async () => {
  const cli = await operate();
  const report = { status: 'failed', checks: [BAD] };
  cli.fake.scripted.set('check', [report]);
  expect(await cli.run('check', '--json')).toEqual({ status: 1, out: `${JSON.stringify(report)}\n`, err: '' });
});
