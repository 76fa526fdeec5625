import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startSecretsManager } from './simulators/secrets-manager.ts';
import { KONG_NOW, start } from './support/forwarder.ts';
import { startRedis } from './support/redis-server.ts';

const METRICS = [
  'Runs',
  'RunsIncomplete',
  'EntriesFetched',
  'EntriesForwarded',
  'EntriesDuplicate',
  'EntriesOwn',
  'EntriesIgnored',
  'AuditWrites',
  'AuditDenied',
  'AuditErrors',
  'AuditAnonymousWrites',
  'EntriesQuarantined',
  'QuarantineSize',
  'LagSeconds',
  'PurgeHeadroomSeconds',
  'PutThrottled',
  'KongRequests',
  'PutRequests',
  'RunDurationMs',
];
const ADMIN = { token: 'kong-token-4711', name: 'forwarder', id: 'b0c5a1ce-9a4c-4c4e-8d39-6a1f4d3c1c11' };

describe('what a run tells', () => {
  test('is one line with the summary it returns, and one with the metrics', async () => {
    await using forwarder = await start();
    forwarder.record(3);
    forwarder.record(1, { method: undefined });
    const summary = await forwarder.invoke();
    expect(forwarder.logged('summary')).toEqual([expect.objectContaining({ level: 'INFO', summary }) as unknown]);

    const [line, ...others] = forwarder.logged('_aws');
    expect(others).toEqual([]);
    const { CloudWatchMetrics: directives } = line?.['_aws'] as {
      CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
    };
    expect(directives).toHaveLength(1);
    expect(directives[0]).toMatchObject({ Namespace: 'KongAuditForwarder', Dimensions: [['Source']] });
    expect(directives[0]?.Metrics.map(({ Name }) => Name).sort()).toEqual(METRICS.toSorted());
    expect(line).toMatchObject({
      Source: forwarder.env['SOURCE_NAME'],
      Runs: 1,
      RunsIncomplete: 0,
      EntriesFetched: 4,
      EntriesForwarded: 3,
      EntriesDuplicate: 0,
      EntriesOwn: 0,
      EntriesQuarantined: 1,
      QuarantineSize: 1,
      EntriesIgnored: 0,
      AuditWrites: 0,
      AuditDenied: 0,
      AuditErrors: 0,
      AuditAnonymousWrites: 0,
      LagSeconds: 0,
      PurgeHeadroomSeconds: 2_592_000,
      PutThrottled: 0,
      KongRequests: 2,
      PutRequests: 1,
      RunDurationMs: summary.durationMs,
    });
  });

  test('of a failing run has both lines, too, and says how far behind the forwarder is', async () => {
    await using forwarder = await start();
    await forwarder.invoke();
    forwarder.clock.now += 7200;
    forwarder.kong.settings.licensed = false;
    const error = await forwarder.fail();
    expect(forwarder.logged('summary').at(-1)).toMatchObject({
      level: 'ERROR',
      summary: { status: 'failed', mode: 'scheduled', kongVersion: '3.9.1.0' },
      error: { name: 'KongAuthError', code: 'KONG_REFUSED', message: error.message },
    });
    expect(forwarder.logged('_aws').at(-1)).toMatchObject({
      Runs: 1,
      RunsIncomplete: 1,
      KongRequests: 2,
      LagSeconds: 7200 - 1,
      PurgeHeadroomSeconds: 2_592_000 - 7200 + 1,
    });
  });

  test.each([
    ['REDIS_PASSWORD_SECRET_ARN', {}],
    ['KONG_ADMIN_TOKEN_SECRET_ARN', { KONG_SUPERADMIN: 'true' }],
  ])('of a run for which %s cannot be read in time has both lines, and says why', async (variable, more) => {
    await using secrets = await startSecretsManager({ secrets: { slow: 'x' } });
    secrets.faults.always(() => ({ fault: 'hang', at: 'before-headers' }));
    const env = { ...secrets.env, ...more, [variable]: secrets.arn('slow'), DEADLINE_RESERVE_MS: '500' };
    await using forwarder = await start({ env });
    const cut = await forwarder.cutOff(() => secrets.requests.length > 0, 500);
    expect(cut).toMatchObject({ name: 'SecretError' });
    expect(forwarder.logged('summary')).toMatchObject([{ summary: { status: 'failed' } }]);
    expect(forwarder.logged('_aws')).toMatchObject([{ RunsIncomplete: 1 }]);
  });

  test('of a run that never got as far as Redis has both lines, too', async () => {
    await using secrets = await startSecretsManager();
    await using forwarder = await start({ env: { ...secrets.env, REDIS_PASSWORD_SECRET_ARN: secrets.arn('gone') } });
    expect(await forwarder.fail()).toMatchObject({ name: 'SecretError', code: 'SECRET_UNREADABLE' });
    expect(forwarder.logged('summary')).toMatchObject([{ summary: { status: 'failed' } }]);
    expect(forwarder.logged('_aws')).toMatchObject([{ Runs: 1, RunsIncomplete: 1 }]);
  });

  test('never holds a secret, whether the run works or fails', async () => {
    await using server = await startRedis({ password: 'redis-password-0815' });
    await using forwarder = await start({
      redis: server,
      ownProcess: true,
      kong: { rbacUsers: [ADMIN] },
      env: {
        KONG_SUPERADMIN: 'true',
        KONG_ADMIN_TOKEN: ADMIN.token,
        REDIS_PASSWORD: 'redis-password-0815',
        LOG_LEVEL: 'TRACE',
      },
    });
    const { kong, cloudtrail } = forwarder;
    forwarder.record(3, { payload: '{"password":"in-the-payload"}', path: '/x?token=in-the-query' });
    forwarder.record(1, { method: undefined, payload: '{"secret":"in-the-invalid"}' });
    await forwarder.invoke();
    cloudtrail.settings.channels = [];
    forwarder.clock.now += 1;
    forwarder.record(1);
    await forwarder.fail();
    kong.settings.rbacUsers = [{ ...ADMIN, token: 'another' }];
    await forwarder.fail();
    await server.kill('SIGTERM');
    await forwarder.fail();
    await forwarder.fail({ mode: 'nonsense' });
    await forwarder.kill();

    expect(forwarder.logged('summary')).toHaveLength(4);
    expect(forwarder.output()).not.toMatch(
      /kong-token-4711|redis-password-0815|wJalrXUtnFEMI|in-the-(payload|query|invalid)/,
    );
  });
});

describe('secrets from Secrets Manager', () => {
  test('are read once while the function is warm; a rotated Kong token is read again', async () => {
    await using secrets = await startSecretsManager({
      secrets: { kong: JSON.stringify({ token: 'first' }), redis: 'redis-password' },
    });
    await using server = await startRedis({ password: 'redis-password' });
    await using forwarder = await start({
      redis: server,
      kong: { rbacUsers: [{ ...ADMIN, token: 'first' }] },
      env: {
        ...secrets.env,
        KONG_SUPERADMIN: 'true',
        KONG_ADMIN_TOKEN_SECRET_ARN: secrets.arn('kong'),
        REDIS_PASSWORD_SECRET_ARN: secrets.arn('redis'),
      },
    });
    forwarder.record(3);
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 3 });
    await forwarder.invoke();
    expect(secrets.requests).toHaveLength(2);

    secrets.set('kong', JSON.stringify({ token: 'second' }));
    forwarder.kong.settings.rbacUsers = [{ ...ADMIN, token: 'second' }];
    forwarder.clock.now += 60;
    forwarder.record(1);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(secrets.requests).toHaveLength(3);
  });

  test('that give a token Kong refuses are read again once, then the run fails, and the next one starts afresh', async () => {
    await using secrets = await startSecretsManager({ secrets: { kong: 'stale' } });
    await using forwarder = await start({
      kong: { rbacUsers: [ADMIN] },
      env: { ...secrets.env, KONG_SUPERADMIN: 'true', KONG_ADMIN_TOKEN_SECRET_ARN: secrets.arn('kong') },
    });
    forwarder.record(1);
    expect(await forwarder.fail()).toMatchObject({ name: 'KongAuthError' });
    expect(secrets.requests).toHaveLength(2);
    secrets.set('kong', ADMIN.token);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
  });
});

describe('an invocation', () => {
  test.each([
    [null],
    ['scheduled'],
    [7],
    [[]],
    [{ mode: 'Backfill' }],
    [{ mode: 'backfill', dryrun: true }],
    [{ mode: 'backfill', after: '2026-13-01T00:00:00Z' }],
    [{ mode: 'replay', after: 5 }],
    [{ after: 5 }],
    [{ source: 'aws.events' }],
  ])('%j is none of the modes: refused with what was expected, nothing read or written', async (event) => {
    await using forwarder = await start();
    const error = await forwarder.fail(event);
    expect(error).toMatchObject({ name: 'InvocationError', code: 'INVOCATION_INVALID' });
    expect(error.message).toContain('{"mode":"backfill","after":…,"before":…,"dryRun":false,"resend":false}');
    expect(forwarder.kong.requests).toEqual([]);
    expect(await forwarder.keyspace()).toEqual({});
  });

  test('under a wrong configuration names every wrong variable at once', async () => {
    await using forwarder = await start({
      env: { KONG_PAGE_SIZE: '5000', REDIS_TLS: 'perhaps', KONG_SUPERADMIN: 'true' },
    });
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID' });
    for (const name of ['KONG_PAGE_SIZE', 'REDIS_TLS', 'KONG_ADMIN_TOKEN']) expect(error.message).toContain(name);
  });

  test('asks for check: it tells what it found, writes nothing, and sends nothing', async () => {
    await using forwarder = await start();
    forwarder.record(1);
    expect(await forwarder.invoke({ mode: 'check' })).toMatchObject({ status: 'ok' });
    forwarder.kong.settings.auditLog = false;
    expect(await forwarder.invoke({ mode: 'check' })).toMatchObject({ status: 'failed' });
    expect(await forwarder.keyspace()).toEqual({});
    expect(forwarder.cloudtrail.requests).toEqual([]);
  });
});

describe('a check', () => {
  test('tells of a filter that no run could work with', async () => {
    await using forwarder = await start({ env: { IGNORE_PATHS: '^/status,(?=x)' } });
    const { problems } = (await forwarder.fail()) as Error & { problems?: readonly string[] };
    expect(problems).toEqual([expect.stringContaining('IGNORE_PATHS must hold regular expressions') as string]);
    expect(await forwarder.invoke({ mode: 'check' })).toEqual({
      status: 'failed',
      checks: [
        {
          name: 'configuration',
          ok: false,
          detail: problems?.[0],
          fix: "Correct IGNORE_PATHS in the function's environment.",
        },
      ],
    });
  });
});

describe('over TLS', () => {
  test('Kong behind a path prefix with its own CA, Redis and CloudTrail with NODE_EXTRA_CA_CERTS', async () => {
    await using server = await startRedis({ tls: true, username: 'forwarder', password: 'tls-password' });
    await using forwarder = await start({
      redis: server,
      ownProcess: true,
      kong: { tls: true, pathPrefix: '/_api' },
      cloudtrail: { tls: true },
      env: { REDIS_TLS: 'true', REDIS_USERNAME: 'forwarder', REDIS_PASSWORD: 'tls-password' },
    });
    const bundle = join(tmpdir(), `extra-ca-${process.pid}.pem`);
    await writeFile(bundle, `${server.ca ?? ''}\n${forwarder.cloudtrail.ca ?? ''}`);
    forwarder.env['NODE_EXTRA_CA_CERTS'] = bundle;
    forwarder.record(3);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3, watermark: KONG_NOW + 1 });

    delete forwarder.env['KONG_ROOT_CA'];
    await forwarder.coldStart();
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'KongUnreachableError' });
    expect(error.message).toContain('KONG_ROOT_CA');
  });
});
