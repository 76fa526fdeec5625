import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { type CloudTrailSimulator, startCloudTrail } from '../simulators/cloudtrail.ts';
import { type KongSimulator, startKong } from '../simulators/kong.ts';
import { type SecretsManagerSimulator, startSecretsManager } from '../simulators/secrets-manager.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { METRIC_NAMES } from '../../lambda/metric-names.ts';
import { environmentOf, MINIMAL, only, scratch } from './support.ts';

const KONG_TOKEN = 'kong-token-of-the-forwarder';
const REDIS_PASSWORD = 'password-that-only-redis-and-the-secret-know';
const ENTRIES = 150;

/** The services around the function, the template that was synthesised for them, and its asset alone in a folder. */
interface Deployment {
  readonly kong: KongSimulator;
  readonly cloudtrail: CloudTrailSimulator;
  readonly secrets: SecretsManagerSimulator;
  readonly redis: RedisServer;
  readonly template: Template;
  readonly folder: string;
  /** The function's environment, with what CloudFormation would have filled in. */
  readonly environment: Readonly<Record<string, string>>;
}

let deployment: Deployment;
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

beforeAll(async () => {
  const forwarder = { token: KONG_TOKEN, name: 'audit-forwarder', id: '11111111-2222-3333-4444-555555555555' };
  const kong = cleanup.use(await startKong({ tls: true, pathPrefix: '/_api', rbacUsers: [forwarder] }));
  const cloudtrail = cleanup.use(await startCloudTrail());
  const secrets = cleanup.use(await startSecretsManager());
  const redis = cleanup.use(await startRedis({ tls: true, password: REDIS_PASSWORD }));

  const outdir = scratch('cdk.out');
  const kongRootCa = join(scratch('pem'), 'kong-root-ca.pem');
  writeFileSync(kongRootCa, kong.ca ?? '');
  const given = { kongAdminApi: kong.url, kongSuperadmin: true, kongRootCa, channelArn: cloudtrail.channelArn };
  const assembly = createApp({ context: { ...MINIMAL, ...given }, outdir }).synth();
  const template = Template.fromJSON(assembly.stacks[0]?.template as Record<string, unknown>);

  const folder = scratch('function');
  const { S3Key } = only(template, 'AWS::Lambda::Function').properties['Code'] as { S3Key: string };
  cpSync(join(outdir, `asset.${S3Key.replace('.zip', '')}`), folder, { recursive: true });

  const kongTokenArn = secrets.set('KongAdminToken', KONG_TOKEN);
  const passwordArn = secrets.set('Password', REDIS_PASSWORD);
  const environment = Object.fromEntries(
    Object.entries(environmentOf(template)).map(([name, value]) => {
      const reference = JSON.stringify(value);
      if (typeof value === 'string') return [name, value];
      if (reference.includes('KongAdminToken')) return [name, kongTokenArn];
      if (reference.includes('CachePassword')) return [name, passwordArn];
      if (reference.includes('PrimaryEndPoint.Address')) return [name, `${redis.host}:${redis.port}`];
      throw new Error(`Nothing stands in for ${name}: ${reference}`);
    }),
  );
  deployment = { kong, cloudtrail, secrets, redis, template, folder, environment };
});

/** What Lambda does: loads the handler that the template names, with the function's environment and nothing else of ours. */
async function invoke(event: string): Promise<{ readonly answer: unknown; readonly output: string }> {
  const { folder, environment, cloudtrail, secrets, redis, template } = deployment;
  const [file = '', name = ''] = String(only(template, 'AWS::Lambda::Function').properties['Handler']).split('.');
  const bootstrap = `
    const { ${name}: handler } = await import('./${file}.mjs');
    const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
    const answer = await handler(${event}, context);
    console.log('\\nANSWER ' + JSON.stringify(answer));`;
  const redisCa = join(scratch('pem'), 'redis-ca.pem');
  writeFileSync(redisCa, redis.ca ?? '');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--use-openssl-ca', '--input-type=module', '--eval', bootstrap],
    {
      cwd: folder,
      env: {
        ...secrets.env,
        ...cloudtrail.env,
        ...environment,
        AWS_LAMBDA_FUNCTION_NAME: 'kong-cloudtrail-integration',
        // The machine trusts this Redis' authority, as Lambda trusts ElastiCache's. Not by NODE_EXTRA_CA_CERTS: Kong's list would
        // then hold two authorities of one name.
        SSL_CERT_FILE: redisCa,
      },
    },
  );
  const [output = '', answer = 'null'] = stdout.split('\nANSWER ');
  return { answer: JSON.parse(answer) as unknown, output };
}

/** The metrics that `output` has in CloudWatch's embedded format: name to dimension values. */
function metricsIn(output: string): Map<string, string> {
  const lines = output.split('\n').filter((line) => line.startsWith('{') && line.includes('"_aws"'));
  return new Map(
    lines.flatMap((line) => {
      const { _aws, ...values } = JSON.parse(line) as Record<string, unknown> & {
        _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
      };
      return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Metrics.map(({ Name }) => {
          const dimensions = Dimensions.map((names) => names.map((name) => `${name}=${String(values[name])}`).join());
          return [Name, `${Namespace} ${dimensions.join(' ')}`] as const;
        }),
      );
    }),
  );
}

/** What `verify` alone emits. */
const NOT_OF_A_RUN = [METRIC_NAMES.entriesVerified, METRIC_NAMES.entriesMissing];

describe('the synthesised asset, alone in a folder', () => {
  test('is one module and its source map', () => {
    expect(readdirSync(deployment.folder).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    expect(process.version).toMatch(/^v24\./);
  });

  test('forwards the audit log to CloudTrail on what its schedule sends', async () => {
    const { kong, cloudtrail, template } = deployment;
    const now = Date.now() / 1000;
    const rows = Array.from({ length: ENTRIES }, (_, index) =>
      kong.table.record({ method: 'POST', path: `/services/${index}`, status: 201 }, { at: now - 60 - index }),
    );
    const { Input } = only(template, 'AWS::Scheduler::Schedule').properties['Target'] as { Input: string };

    const { answer } = await invoke(Input);

    expect(answer).toMatchObject({ status: 'complete', mode: 'scheduled', forwarded: ENTRIES, quarantined: 0 });
    const uids = cloudtrail.accepted.map(({ eventData }) => (JSON.parse(eventData) as { UID: string }).UID);
    expect(uids.sort()).toEqual(rows.map(({ entry }) => String(entry['request_id'])).sort());
  });

  test('checks what it was deployed with and finds everything in order', async () => {
    const { answer } = await invoke('{"mode":"check"}');
    expect(answer).toMatchObject({ status: 'ok' });
  });

  test('emits every metric that an alarm or the dashboard reads, under the name and dimension they read', async () => {
    const { template } = deployment;
    const { output } = await invoke('{}');
    const emitted = metricsIn(output);
    const dashboard = JSON.stringify(only(template, 'AWS::CloudWatch::Dashboard').properties['DashboardBody']);
    const shown = [...dashboard.matchAll(/\\"KongAuditForwarder\\",\\"(\w+)\\",\\"Source\\",\\"kong\\"/g)].map(
      ([, name]) => name,
    );
    const watched = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
      .map(({ Properties }) => Properties as { Namespace?: string; MetricName?: string })
      .filter(({ Namespace }) => Namespace === 'KongAuditForwarder')
      .map(({ MetricName }) => MetricName);
    const read = new Set([...shown, ...watched, 'Runs', 'RunsIncomplete']);
    expect(read.size).toBeGreaterThan(12);
    for (const name of NOT_OF_A_RUN) read.delete(name);
    for (const name of read) expect([name, emitted.get(name ?? '')]).toEqual([name, 'KongAuditForwarder Source=kong']);
  });

  test('says no secret in its log', async () => {
    const { output } = await invoke('{}');
    expect(output).toContain('Run complete');
    for (const secret of [KONG_TOKEN, REDIS_PASSWORD]) expect(output).not.toContain(secret);
  });
});

test('what goes into the asset is small', () => {
  const bytes = readFileSync(join(deployment.folder, 'index.mjs')).length;
  expect(bytes).toBeLessThan(3_000_000);
});
