import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { ContextError } from '../../infra/context/context-error.ts';
import { readContext } from '../../infra/context/read-context.ts';
import { CONTEXT_KEYS } from '../../infra/context/schema.ts';
import { TUNING_KEYS } from '../../infra/context/tuning.ts';
import { makeCertificates } from '../support/certificates.ts';
import {
  CHANNEL_ARN,
  type Context,
  DEPLOYMENTS,
  EVENT_DATA_STORE_ARN,
  FROM_CLUSTER,
  KMS_KEY_ARN,
  KONG_TOKEN_ARN,
  LOG_GROUP_ARN,
  MINIMAL,
  REDIS_PASSWORD_ARN,
  scratch,
  TO_LOGS,
} from './support.ts';

const HERE = { account: '111122223333', region: 'eu-west-1' };

/** The problems of `context` on top of the minimum; a key set to undefined is left out. */
function problemsOf(context: Context, env: Environment = HERE): readonly string[] {
  try {
    readContext({ ...MINIMAL, ...context }, env);
    return [];
  } catch (error) {
    if (error instanceof ContextError) return error.problems;
    throw error;
  }
}

function fileOf(text: string): string {
  const path = join(scratch('pem'), 'ca.pem');
  writeFileSync(path, text);
  return path;
}

describe('the context', () => {
  test('is complete with an Admin API, a VPC and a channel', () => {
    const { kongAdminApi, vpcId, channelArn } = MINIMAL;
    expect(readContext({ kongAdminApi, vpcId, channelArn }, HERE)).toMatchObject({
      kongAdminApi,
      vpcId,
      channelArn,
      createChannel: false,
      schedule: { expression: 'rate(1 hour)' },
      redis: 'create',
      resourceName: 'kong-cloudtrail-integration',
      sourceName: 'kong',
      tracing: false,
      tags: { project: 'kong-cloudtrail-integration' },
    });
  });

  test('may come as text from the command line or as JSON from cdk.json', () => {
    const text = { ...MINIMAL, tracing: 'true', kongPageSize: '500', tags: 'team=platform, stage=prod' };
    const json = {
      ...MINIMAL,
      subnetIds: MINIMAL.subnetIds.split(','),
      availabilityZones: MINIMAL.availabilityZones.split(','),
      tracing: true,
      kongPageSize: 500,
      tags: { team: 'platform', stage: 'prod' },
    };
    expect(readContext(text)).toEqual(readContext(json));
    expect(readContext(json)).toMatchObject({
      tracing: true,
      kongPageSize: 500,
      tags: { team: 'platform', stage: 'prod' },
    });
  });

  test('may have tags in JSON on the command line, too', () => {
    const tags = { owner: 'a=b', 'cost=centre': 7 };
    const read = { owner: 'a=b', 'cost=centre': '7' };
    expect(readContext({ ...MINIMAL, tags }).tags).toEqual(read);
    expect(readContext({ ...MINIMAL, tags: JSON.stringify(tags) }).tags).toEqual(read);
  });

  test('takes an empty value as not given', () => {
    expect(readContext({ ...MINIMAL, externalId: '', alarmEmail: null, kongCidr: ' ' })).not.toHaveProperty(
      'externalId',
    );
  });

  test('may hold what CDK itself keeps there', () => {
    const cdk = {
      'aws:cdk:enable-path-metadata': true,
      '@aws-cdk/core:checkSecretUsage': true,
      'vpc-provider:account=111122223333:filter.vpc-id=vpc-1:region=eu-west-1:returnAsymmetricSubnets=true': {},
      'availability-zones:account=111122223333:region=eu-west-1': [],
      'acknowledged-issue-numbers': [34_892],
      'cli-telemetry': false,
      'cdk-migrate': true,
    };
    expect(problemsOf(cdk)).toEqual([]);
  });

  test('has a key for every tuning variable', () => {
    expect(CONTEXT_KEYS).toEqual(expect.arrayContaining([...TUNING_KEYS]));
  });

  test('is refused with every problem in one message', () => {
    const wrong = {
      vpcId: 'my-vpc',
      channelArn: 'arn:aws:sns:x',
      kongPageSize: 5000,
      cacheEngine: 'memcached',
      tracing: 'maybe',
    };
    expect(() => readContext({ ...MINIMAL, ...wrong })).toThrow(ContextError);
    expect(() => readContext({ ...MINIMAL, ...wrong })).toThrow('The context has 5 problem(s):\n- ');
    expect(
      problemsOf(wrong)
        .map((problem) => problem.split(' ')[0])
        .sort(),
    ).toEqual(Object.keys(wrong).sort());
  });
});

test.each([
  [{ createChannel: 'maybe', channelArn: undefined, retentionDays: 90 }, 'createChannel'],
  [{ kongSuperadmin: 'maybe', kongAdminTokenSecretArn: KONG_TOKEN_ARN }, 'kongSuperadmin'],
])('of %j only the flag that cannot be read is a problem', (context, key) => {
  expect(problemsOf(context)).toEqual([`${key} must be true or false, got "maybe"`]);
});

test('limits and contradictions are told together with values that cannot be read', () => {
  const wrong = {
    channelArn: undefined,
    createChannel: true,
    retentionDays: 2,
    schedule: 'rate(9 days)',
    cacheEngine: 'memcached',
    kongCidr: '10.1.0.0/16',
    kongSecurityGroupId: 'kong',
    subnetIds: 'subnet-0a1b2c3d',
    availabilityZones: 'eu-west-1a',
  };
  expect(problemsOf(wrong)).toEqual([
    expect.stringMatching(/^kongSecurityGroupId must be the ID of a security group/),
    expect.stringMatching(/^cacheEngine must be valkey or redis/),
    'schedule leaves 9 days between runs; the most that the alarms can watch is 3 days',
    expect.stringMatching(/^kongSecurityGroupId and kongCidr are both given/),
    expect.stringMatching(/^retentionDays must be from 7 to 3653, got 2/),
    expect.stringMatching(/^subnetIds must name subnets in at least two zones/),
  ]);
});

describe('an unknown key', () => {
  test.each([
    ['kongAdminAPI', 'kongAdminApi'],
    ['vpcID', 'vpcId'],
    ['channelARN', 'channelArn'],
    ['subnets', 'subnetIds'],
    ['superadmin', 'kongSuperadmin'],
    ['auditTtl', 'auditTtlSeconds'],
    ['OVERLAP_SECONDS', 'overlapSeconds'],
    ['KONG_ADMIN_API', 'kongAdminApi'],
    ['KONG_ADMIN_TOKEN', 'kongAdminTokenSecretArn'],
    ['redisHost', 'redis'],
    ['REDIS_HOST', 'redis'],
    ['redisTsl', 'redisTls'],
    ['alarm-email', 'alarmEmail'],
    ['chanelArn', 'channelArn'],
    ['vpc', 'vpcId'],
  ])('%s is refused with the nearest name, %s', (key, nearest) => {
    expect(problemsOf({ [key]: 'x' })).toEqual([`${key} is not a key of this app; did you mean ${nearest}?`]);
  });
});

describe('an unknown key that is like no other', () => {
  test.each(['httpProxy', 'foo', 'memory', 'lambdaName', 'xy'])('%s is refused without a guess', (key) => {
    expect(problemsOf({ [key]: 'x' })).toEqual([`${key} is not a key of this app; docs/context.md has them all`]);
  });
});

describe('a value', () => {
  test.each<[string, Context, string]>([
    [
      'a missing Admin API',
      { kongAdminApi: undefined },
      'kongAdminApi is required: the URL of the Admin API, such as https://kong.internal:8444; or sourceLogGroupArn',
    ],
    ['an Admin API without a scheme', { kongAdminApi: 'kong:8444' }, 'kongAdminApi must be an http or https URL'],
    ['a token in the URL', { kongAdminApi: 'https://a:b@kong' }, 'goes into kongAdminTokenSecretArn'],
    ['a missing VPC', { vpcId: undefined }, 'vpcId is required: the VPC to deploy into, vpc-…'],
    ['a VPC that is no ID', { vpcId: 'main' }, 'vpcId must be the ID of a VPC, vpc-…, got "main"'],
    [
      'a missing channel',
      { channelArn: undefined },
      'channelArn is required: the ARN of a CloudTrail Lake channel; or createChannel=true makes one; or send to CloudWatch Logs, with createLogGroup=true or logGroupArn',
    ],
    [
      'a channel that is none',
      { channelArn: 'arn:aws:s3:::x' },
      'channelArn must look like arn:aws:cloudtrail:<region>:<account>:channel/<id>',
    ],
    ['an external ID with a space', { externalId: 'a b' }, 'externalId must be 2 to 1224 characters'],
    [
      'a CIDR without length',
      { kongCidr: '10.0.0.1' },
      'kongCidr must be an IPv4 CIDR such as 10.0.0.0/16, got "10.0.0.1"',
    ],
    ['an IPv6 CIDR', { kongCidr: 'fd00:1::/64' }, 'kongCidr must be an IPv4 CIDR such as 10.0.0.0/16, got'],
    [
      'a subnet given twice',
      { subnetIds: 'subnet-0a1b2c3d,subnet-0a1b2c3d' },
      'subnetIds must name each subnet once, got ["subnet-0a1b2c3d","subnet-0a1b2c3d"]',
    ],
    [
      'a security group by name',
      { kongSecurityGroupId: 'kong' },
      'kongSecurityGroupId must be the ID of a security group, sg-…',
    ],
    [
      'a partial secret ARN',
      { kongAdminTokenSecretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:kong' },
      'with the six characters at its end',
    ],
    [
      'a root CA that is not there',
      { kongRootCa: '/nowhere/ca.pem' },
      'kongRootCa must be a PEM file that can be read; /nowhere/ca.pem: ENOENT',
    ],
    ['a schedule in words', { schedule: 'hourly' }, 'schedule must be rate(…) or cron(…)'],
    ['a sweep in words', { sweepSchedule: 'weekly' }, 'sweepSchedule must be rate(…) or cron(…)'],
    [
      'a schedule too rare to watch',
      { schedule: 'rate(4 days)' },
      'schedule leaves 4 days between runs; the most that the alarms can watch is 3 days',
    ],
    [
      'a Redis without port',
      { redis: 'redis.internal' },
      'redis must be create, or host:port of an existing Redis such as redis.internal:6379, got "redis.internal"',
    ],
    ['a Redis to be made, misspelt', { redis: 'true' }, 'redis must be create, or host:port of an existing Redis'],
    [
      'a singular that is more than one',
      { schedule: 'rate(5 minute)' },
      'schedule must be rate(5 minutes), the singular for 1 and the plural for more, got "rate(5 minute)"',
    ],
    [
      'a plural that is one',
      { sweepSchedule: 'rate(1 days)' },
      'sweepSchedule must be rate(1 day), the singular for 1 and the plural for more, got "rate(1 days)"',
    ],
    ['a Redis URL', { redis: 'redis://cache:6379' }, 'redis must be host or host:port, without redis://'],
    ['a node type of EC2', { cacheNodeType: 't4g.micro' }, 'cacheNodeType must be a node type such as cache.t4g.micro'],
    ['another engine', { cacheEngine: 'memcached' }, 'cacheEngine must be valkey or redis, got "memcached"'],
    ['an address without @', { alarmEmail: 'platform' }, 'alarmEmail must be an e-mail address, got "platform"'],
    [
      'a topic that is none',
      { alarmTopicArn: 'alarms' },
      'alarmTopicArn must be the ARN of an SNS topic, got "alarms"',
    ],
    ['a name with a space', { resourceName: 'kong audit' }, 'resourceName must be 3 to 50 letters, digits and hyphens'],
    ['a name too long for the schedules', { resourceName: 'k'.repeat(51) }, 'resourceName must be 3 to 50 letters'],
    [
      'a name too short for the channel',
      { resourceName: 'kg', createChannel: true, channelArn: undefined },
      'resourceName must be 3 to 50 letters, digits and hyphens, a letter first, got "kg"',
    ],
    ['a VPC with an IPv6 CIDR', { vpcCidr: 'fd00::/56' }, 'vpcCidr must be an IPv4 CIDR such as 10.0.0.0/16, got'],
    [
      'a subnet by name',
      { subnetIds: 'subnet-a,Private B' },
      'subnetIds must be IDs of subnets, subnet-…, got "Private',
    ],
    ['a database that a new cache lacks', { redisDb: 16 }, 'redisDb must be from 0 to 15 in a cache that redis=create'],
    ['a source with a brace', { sourceName: 'kong{1}' }, 'sourceName must be 1 to 64 characters of A-Z a-z 0-9 . _ -'],
    [
      'a retention too long',
      { createChannel: true, channelArn: undefined, retentionDays: 9999 },
      'retentionDays must be from 7 to 3653, got 9999',
    ],
    [
      'a tag without value',
      { tags: 'prod' },
      'tags must be key=value, with commas between tags, or a JSON object, got "prod"',
    ],
    [
      'tags in broken JSON',
      { tags: '{"stage":' },
      'tags must be key=value, with commas between tags, or a JSON object',
    ],
    ['a list as tag', { tags: { owner: ['a'] } }, 'tags must be key=value, with commas between tags, or a JSON object'],
    [
      "a tag of AWS's own",
      { tags: 'aws:owner=a' },
      `tags must not begin with aws:, which is AWS's own, got "aws:owner"`,
    ],
    [
      'a tag that IAM refuses',
      { tags: { owner: 'a,b' } },
      'a key up to 128 and a value up to 256 of them; IAM takes no others, got {"owner":"a,b"}',
    ],
    ['a page too large', { kongPageSize: 5000 }, 'kongPageSize must be an integer from 1 to 1000, got "5000"'],
    ['a number in words', { overlapSeconds: 'hour' }, 'overlapSeconds must be a whole number, got "hour"'],
    ['a number below zero', { overlapSeconds: -1 }, 'overlapSeconds must not be negative, got "-1"'],
    [
      'a port that there is not',
      { redis: 'redis.internal:99999' },
      'redis must have a port from 1 to 65535 after its colon, got "redis.internal:99999"',
    ],
    [
      'a node type that no engine has',
      { cacheNodeType: 'cache.t9.micro' },
      'cacheNodeType must be a node type that ElastiCache has for Valkey and Redis OSS: of cache.t2, cache.t3,',
    ],
    [
      'a size that a family does not have',
      { cacheNodeType: 'cache.t4g.large' },
      'Redis OSS: cache.t4g.micro, cache.t4g.small, cache.t4g.medium; got "cache.t4g.large"',
    ],
    [
      'IDs of zones',
      { availabilityZones: 'eu-west-1a,euw1-az1' },
      'availabilityZones must be names of Availability Zones, such as eu-west-1a, got "euw1-az1"',
    ],
    [
      'a log group by its name',
      { channelArn: undefined, logGroupArn: '/audit/kong' },
      'logGroupArn must be the ARN of a log group, arn:aws:logs:<region>:<account>:log-group:<name>, got "/audit/kong"',
    ],
    [
      'an event data store by its ID',
      { eventDataStoreArn: '01234567-89ab-cdef-0123-456789abcdef' },
      'eventDataStoreArn must be the ARN of an event data store, arn:aws:cloudtrail:<region>:<account>:eventdatastore/<id>',
    ],
    [
      'a retention that a log group cannot have',
      { ...TO_LOGS, retentionDays: 100 },
      'retentionDays must be what CloudWatch Logs takes, one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 100',
    ],
    [
      'the name of a log group as source',
      { ...FROM_CLUSTER, sourceLogGroupArn: '/aws/eks/prod/cluster' },
      'sourceLogGroupArn must be the ARN of a log group, arn:aws:logs:<region>:<account>:log-group:<name>, got "/aws/eks/prod/cluster"',
    ],
    [
      'another format',
      { ...FROM_CLUSTER, sourceFormat: 'apache' },
      'sourceFormat must be kubernetes-audit or nginx, got "apache"',
    ],
    [
      'a verification in words',
      { verifySchedule: 'daily' },
      'verifySchedule must be rate(…) or cron(…) as EventBridge Scheduler takes them, such as rate(1 hour) or cron(0 * * * ? *), got "daily"; or none',
    ],
    ['a threshold in words', { deniedAlarmThreshold: 'many' }, 'deniedAlarmThreshold must be a whole number'],
    ['endpoints to be made, misspelt', { ...TO_LOGS, endpoints: 'true' }, 'endpoints must be create, got "true"'],
    ['an unknown scan', { kongScan: 'fast' }, 'kongScan must be one of auto, filtered'],
    ['an unknown level', { logLevel: 'loud' }, 'logLevel must be one of TRACE, DEBUG'],
    [
      'a regular expression that RE2 does not know',
      { ignorePaths: '^/a{1,2}$,^/(?=secret)' },
      'ignorePaths must hold regular expressions of the RE2 syntax (no look-around, no back-references), got "^/(?=secret)"',
    ],
    ['a flag in words', { deriveErrorCode: 'sure' }, 'deriveErrorCode must be true or false, got "sure"'],
  ])('%s is refused', (_, context, problem) => {
    expect(problemsOf(context)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('keys that do not go together', () => {
  test.each<[string, Context, string]>([
    [
      'a channel to make and one to use',
      { createChannel: true },
      'channelArn and createChannel are both given; keep one of them',
    ],
    [
      'two sinks of two kinds',
      { createLogGroup: true },
      'channelArn and createLogGroup are both given; keep one of them',
    ],
    [
      'three sinks',
      { createLogGroup: true, logGroupArn: LOG_GROUP_ARN },
      'channelArn, logGroupArn and createLogGroup are all given; keep one of them',
    ],
    [
      'two sources',
      { sourceLogGroupArn: FROM_CLUSTER.sourceLogGroupArn, sourceFormat: 'nginx' },
      'kongAdminApi and sourceLogGroupArn are both given; keep one of them',
    ],
    ['a source without format', { ...FROM_CLUSTER, sourceFormat: undefined }, 'sourceFormat is required with'],
    ['a format for Kong', { sourceFormat: 'nginx' }, 'sourceFormat is used only with sourceLogGroupArn'],
    [
      'resources of access lines',
      { ...FROM_CLUSTER, sourceFormat: 'nginx', auditResources: '*' },
      'auditResources goes with sourceFormat=kubernetes-audit; remove it',
    ],
    [
      'a token for a log group',
      { ...FROM_CLUSTER, kongSuperadmin: true },
      'kongSuperadmin is used only with kongAdminApi',
    ],
    [
      'a log group that is its own destination',
      { ...FROM_CLUSTER, channelArn: undefined, logGroupArn: `${FROM_CLUSTER.sourceLogGroupArn}:*` },
      'logGroupArn names the log group that is read: a log group must not be its own destination',
    ],
    [
      'a log group that is to be made and read',
      {
        ...FROM_CLUSTER,
        ...TO_LOGS,
        sourceLogGroupArn: LOG_GROUP_ARN.replace('/audit/kong', '/kong-audit/kong-cloudtrail-integration'),
      },
      'sourceLogGroupArn names the log group that createLogGroup makes: a log group must not be its own destination',
    ],
    [
      'endpoints for CloudTrail Lake',
      { endpoints: 'create' },
      'endpoints is of no use with CloudTrail Lake: what is called of it has no VPC endpoint',
    ],
    [
      'endpoints under FIPS names',
      { ...TO_LOGS, endpoints: 'create', useFipsEndpoint: true },
      'endpoints and useFipsEndpoint are both given; keep one of them',
    ],
    [
      'endpoints of another Region than what is called',
      {
        ...FROM_CLUSTER,
        ...TO_LOGS,
        endpoints: 'create',
        sourceLogGroupArn: FROM_CLUSTER.sourceLogGroupArn.replace('eu-west-1', 'us-east-1'),
      },
      'sourceLogGroupArn must be in eu-west-1, the Region of the endpoints that endpoints=create makes, got one in us-east-1',
    ],
    [
      'a key for a log group that exists',
      { channelArn: undefined, logGroupArn: LOG_GROUP_ARN, logGroupKmsKeyArn: KMS_KEY_ARN },
      'logGroupKmsKeyArn is used only with createLogGroup=true',
    ],
    [
      'a store for a log group',
      { ...TO_LOGS, eventDataStoreArn: EVENT_DATA_STORE_ARN },
      'eventDataStoreArn is used only with channelArn',
    ],
    [
      'a key of no store',
      { eventDataStoreKmsKeyArn: KMS_KEY_ARN },
      'eventDataStoreKmsKeyArn is used only with eventDataStoreArn',
    ],
    ['a Lake dashboard of no store', { lakeDashboard: true }, 'lakeDashboard needs eventDataStoreArn'],
    [
      'a Lake dashboard of a log group',
      { ...TO_LOGS, lakeDashboard: true },
      'lakeDashboard is of no use: it shows an event data store, and the events go to CloudWatch Logs',
    ],
    [
      'a verification of what cannot be read',
      { verifySchedule: 'rate(1 day)' },
      'verifySchedule needs eventDataStoreArn',
    ],
    [
      'a retention for a channel that exists',
      { retentionDays: 400 },
      'retentionDays is used only with createChannel=true',
    ],
    [
      'an external ID for a channel without policy',
      { createChannel: true, channelArn: undefined, externalId: 'abc' },
      'externalId belongs to the policy of an existing channel',
    ],
    [
      'two places for Kong',
      { kongCidr: '10.1.0.0/16', kongSecurityGroupId: 'sg-0a1b2c3d' },
      'kongSecurityGroupId and kongCidr are both given',
    ],
    [
      'a token that is not sent',
      { kongSuperadmin: false, kongAdminTokenSecretArn: KONG_TOKEN_ARN },
      'kongSuperadmin is false, so kongAdminTokenSecretArn would not be used',
    ],
    [
      'a root CA for http',
      { kongAdminApi: 'http://kong:8001', kongRootCa: 'infra/example/kong-root-ca.pem' },
      'kongRootCa is of no use: kongAdminApi is http',
    ],
    ['zones without subnets', { subnetIds: undefined }, 'give all three, only subnetIds, or none'],
    ['a CIDR without zones', { availabilityZones: undefined }, 'give all three, only subnetIds, or none'],
    [
      'fewer zones than subnets',
      { availabilityZones: 'eu-west-1a' },
      'availabilityZones must name the zone of each of subnetIds',
    ],
    ['one zone twice', { availabilityZones: 'eu-west-1a,eu-west-1a' }, 'each zone once'],
    [
      'one subnet for two nodes',
      { subnetIds: 'subnet-0a1b2c3d', availabilityZones: 'eu-west-1a' },
      'subnetIds must name subnets in at least two zones',
    ],
    [
      'a node type for an existing Redis',
      { redis: 'cache:6379', cacheNodeType: 'cache.m7g.large' },
      'cacheNodeType is used only with redis=create',
    ],
    [
      'a password for a Redis to be made',
      { redisPasswordSecretArn: REDIS_PASSWORD_ARN },
      'redisPasswordSecretArn is used only with redis=host:port',
    ],
    [
      'a user for a Redis to be made',
      { redisUsername: 'forwarder' },
      'redisUsername is used only with redis=host:port',
    ],
    [
      'a key without a secret',
      { secretKmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/x' },
      'secretKmsKeyArn is used only with kongAdminTokenSecretArn or',
    ],
  ])('%s are refused', (_, context, problem) => {
    expect(problemsOf(context)).toEqual([expect.stringContaining(problem)]);
  });
});

test('zones of two Regions are refused where the Region is not known', () => {
  expect(problemsOf({ availabilityZones: 'eu-west-1a,us-east-1b' }, {})).toEqual([
    'availabilityZones must be zones of one Region, got eu-west-1 and us-east-1',
  ]);
  expect(problemsOf({ availabilityZones: 'us-east-1a,us-east-1b' }, {})).toEqual([]);
});

describe('a deployment whose account and Region are known', () => {
  test.each(Object.entries(DEPLOYMENTS))('takes what is in that Region: %s', (_, context) => {
    expect(problemsOf(context, HERE)).toEqual([]);
  });

  test.each<[string, Context, string]>([
    [
      'zones of another Region',
      { availabilityZones: 'us-east-1a,us-east-1b' },
      'availabilityZones must be zones of eu-west-1, the Region of the deployment, got us-east-1a, us-east-1b',
    ],
    [
      'a log group of another account',
      { channelArn: undefined, logGroupArn: LOG_GROUP_ARN.replace('111122223333', '444455556666') },
      'logGroupArn must be in the account of the deployment, 111122223333: PutLogEvents names no account; got one of 444455556666',
    ],
    [
      'a Lake dashboard of a store in another Region',
      { lakeDashboard: true, eventDataStoreArn: EVENT_DATA_STORE_ARN.replace('eu-west-1', 'us-east-1') },
      'lakeDashboard must be in the Region of its store, us-east-1, and the deployment is in eu-west-1',
    ],
    [
      'a key of another Region',
      { ...TO_LOGS, logGroupKmsKeyArn: KMS_KEY_ARN.replace('eu-west-1', 'us-east-1') },
      'logGroupKmsKeyArn must be in the Region of the log group, eu-west-1, got one in us-east-1',
    ],
  ])('refuses %s', (_, context, problem) => {
    expect(problemsOf(context, HERE)).toEqual([problem]);
  });

  test('takes a local zone of its Region', () => {
    const here = { account: '111122223333', region: 'us-west-2' };
    expect(problemsOf({ availabilityZones: 'us-west-2a,us-west-2-lax-1a' }, here)).toEqual([]);
  });
});

test('nodeExtraCaCerts may be a bundle: a layer has room for it', async () => {
  const { ca } = await makeCertificates();
  const { nodeExtraCaCerts = '' } = readContext({ ...MINIMAL, nodeExtraCaCerts: fileOf(ca.repeat(10)) });
  expect(nodeExtraCaCerts.split('BEGIN CERTIFICATE')).toHaveLength(11);
});

describe('kongRootCa', () => {
  test('is read, and rid of what people write around certificates', async () => {
    const { ca } = await makeCertificates();
    const { kongRootCa } = readContext({ ...MINIMAL, kongRootCa: fileOf(`# Our root\nsubject=/CN=root\n${ca}\n\n`) });
    expect(kongRootCa).toBe(ca.replaceAll('\r', '').trim());
  });

  test('is refused when the file has no certificate in it', () => {
    expect(problemsOf({ kongRootCa: fileOf('nothing here') })).toEqual([
      expect.stringMatching(/^kongRootCa must be a PEM file; .* has no -----BEGIN CERTIFICATE----- in it$/),
    ]);
  });

  test('is refused when its certificate cannot be read', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    expect(problemsOf({ kongRootCa: fileOf(broken) })).toEqual([
      expect.stringContaining('kongRootCa must be a PEM file that can be read'),
    ]);
  });

  test('is refused when the environment has no room for it', async () => {
    const { ca } = await makeCertificates();
    expect(problemsOf({ kongRootCa: fileOf(ca.repeat(10)) })).toEqual([
      expect.stringMatching(
        /^kongRootCa makes the function's environment \d+ bytes, Lambda takes 4096; give the one root certificate/,
      ),
    ]);
  });
});

test('the page about context has every key, and no other', () => {
  const page = readFileSync('docs/context.md', 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const keys = rows.flatMap(
    (row) =>
      row
        .split('|')[1]
        ?.match(/`(\w+)`/g)
        ?.map((key) => key.slice(1, -1)) ?? [],
  );
  expect(keys.sort()).toEqual([...CONTEXT_KEYS].sort());
});

test('an ID of a subnet may have any length', () => {
  expect(problemsOf({ subnetIds: 'subnet-1,subnet-0a1b2c3d4e5f6071z' })).toEqual([]);
});

test('the channel may be in any partition and Region', () => {
  const channelArn = CHANNEL_ARN.replace('arn:aws:', 'arn:aws-cn:').replace('eu-west-1', 'cn-north-1');
  expect(problemsOf({ channelArn })).toEqual([]);
});
