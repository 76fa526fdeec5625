import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, type Environment, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { inject } from 'vitest';
import { createApp } from '../../infra/app.ts';

export const CHANNEL_ARN = 'arn:aws:cloudtrail:eu-west-1:111122223333:channel/01234567-89ab-cdef-0123-456789abcdef';
export const KONG_TOKEN_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:kong/token-AbCdEf';
export const EVENT_DATA_STORE_ARN =
  'arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/01234567-89ab-cdef-0123-456789abcdef';
export const LOG_GROUP_ARN = 'arn:aws:logs:eu-west-1:111122223333:log-group:/audit/kong';
export const CLUSTER_LOG_ARN = 'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/eks/prod/cluster';
export const KMS_KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef';
export const REDIS_PASSWORD_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:redis/password-AbCdEf';

/** What a deployment cannot do without, plus what keeps CDK from looking anything up. */
export const MINIMAL = {
  kongAdminApi: 'https://kong.internal:8444',
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: 'subnet-0a1b2c3d4e5f60718,subnet-0a1b2c3d4e5f60719',
  availabilityZones: 'eu-west-1a,eu-west-1b',
  vpcCidr: '10.0.0.0/16',
  channelArn: CHANNEL_ARN,
} as const;

/** On top of `MINIMAL`: to a new log group instead. */
export const TO_LOGS = { channelArn: undefined, createLogGroup: true } as const;

/** On top of `MINIMAL`: from a cluster's log group instead. */
export const FROM_CLUSTER = {
  kongAdminApi: undefined,
  sourceLogGroupArn: CLUSTER_LOG_ARN,
  sourceFormat: 'kubernetes-audit',
} as const;

export type Context = Readonly<Record<string, unknown>>;

/**
 * Deployments that many tests ask, each about something else. Together they have every key; each is made when it is first asked for, once in a file of
 * tests.
 */
export const DEPLOYMENTS = {
  minimal: {},
  /** Everything that can stand beside a given channel and a cache to be made. */
  full: {
    kongSuperadmin: true,
    kongRootCa: 'infra/example/kong-root-ca.pem',
    kongCidr: '10.9.0.0/24',
    externalId: 'external/id',
    eventDataStoreArn: EVENT_DATA_STORE_ARN,
    eventDataStoreKmsKeyArn: KMS_KEY_ARN,
    lakeDashboard: true,
    schedule: 'cron(0 6,18 * * ? *)',
    sweepSchedule: 'rate(7 days)',
    verifySchedule: 'cron(0 23 * * ? *)',
    redisDb: 3,
    cacheEngine: 'redis',
    cacheNodeType: 'cache.m7g.large',
    alarmEmail: 'platform@example.com',
    deniedAlarmThreshold: 7,
    anonymousWritesAlarm: false,
    resourceName: 'kong-eu',
    sourceName: 'eu',
    tracing: true,
    nodeExtraCaCerts: 'infra/example/kong-root-ca.pem',
    useFipsEndpoint: true,
    tags: 'team=platform,stage=prod',
    kongPageSize: 500,
    kongScan: 'filtered',
    overlapSeconds: 600,
    auditTtlSeconds: 86_400,
    ttlGraceSeconds: 60,
    putConcurrency: 2,
    putCallsPerSecond: 50,
    deadlineReserveMs: 20_000,
    forwardOwnRequests: true,
    ignoreMethods: 'GET,HEAD',
    ignorePaths: '^/status$,^/metrics',
    deriveErrorCode: true,
    eventSource: 'kong.example.com',
    redactKeys: '+pin,otp',
    logLevel: 'DEBUG',
  },
  /** A Redis, secrets, groups and a topic that are there already. */
  existing: {
    redis: 'redis.internal:6390',
    redisSecurityGroupId: 'sg-00000000000000001',
    redisPasswordSecretArn: REDIS_PASSWORD_ARN.replace('eu-west-1', 'us-east-1'),
    redisUsername: 'forwarder',
    redisDb: 3,
    kongAdminTokenSecretArn: KONG_TOKEN_ARN,
    secretKmsKeyArn: KMS_KEY_ARN,
    kongSecurityGroupId: 'sg-00000000000000002',
    alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:alarms',
  },
  /** A Redis somewhere in the VPC, without TLS and password, and nothing told to anybody. */
  bare: { redis: 'redis.internal:6379', redisTls: false, deniedAlarmThreshold: 0, verifySchedule: 'none' },
  /** A channel that is to be made. */
  channel: {
    channelArn: undefined,
    createChannel: true,
    retentionDays: 2557,
    kongSuperadmin: true,
    lakeDashboard: true,
  },
  /** To a log group that is to be made, in a VPC without a way out. */
  logs: { ...TO_LOGS, endpoints: 'create', kongSuperadmin: true },
  /** To a log group that is there already. */
  givenLogs: { channelArn: undefined, logGroupArn: `${LOG_GROUP_ARN}:*` },
  /** From a cluster's log group to another, encrypted one. */
  cluster: {
    ...FROM_CLUSTER,
    ...TO_LOGS,
    retentionDays: 400,
    logGroupKmsKeyArn: KMS_KEY_ARN,
    sourceStreamPrefix: 'kube-apiserver-audit-1',
    auditResources: 'ingresses.networking.k8s.io,*.configuration.konghq.com',
    auditVerbs: 'create,delete',
  },
} as const satisfies Record<string, Context>;

/** The template of one of `DEPLOYMENTS`. */
export const templateOf = (name: keyof typeof DEPLOYMENTS): Template => synthesize(DEPLOYMENTS[name]);

/** An empty folder that goes when all tests have run. */
export const scratch = (name: string): string => mkdtempSync(join(inject('scratch'), `${name}-`));

let codeFolder: string | undefined;

/** Stands in for the bundle where a test is not about it. */
export function placeholderCode(): lambda.Code {
  if (codeFolder === undefined) {
    codeFolder = scratch('code');
    writeFileSync(join(codeFolder, 'index.mjs'), 'export const handler = () => {};');
  }
  return lambda.Code.fromAsset(codeFolder);
}

/** The app with `context` on top of `MINIMAL`, a key set to undefined being left out. */
export function appOf(context: Context = {}, env: Environment = {}): App {
  return createApp({
    context: { ...MINIMAL, ...context },
    code: placeholderCode(),
    env,
    outdir: scratch('cdk.out'),
  });
}

/** The only stack of `app`. */
export function stackOf(app: App): Stack {
  const [stack] = app.node.children.filter(Stack.isStack);
  if (!stack) throw new Error('The app has no stack');
  return stack;
}

const templates = new Map<string, Template>();

/** The template of that app. Many tests ask the same one, so each is made once. */
export function synthesize(context: Context = {}, env: Environment = {}): Template {
  const key = JSON.stringify([context, env], (_, value: unknown) => (value === undefined ? 'left out' : value));
  const template = templates.get(key) ?? Template.fromStack(stackOf(appOf(context, env)));
  templates.set(key, template);
  return template;
}

/** The only resource of `type`, as the template has it. */
export function only(template: Template, type: string) {
  const found = Object.entries(template.findResources(type));
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`Expected one ${type}, found ${found.length}`);
  return { logicalId: first[0], properties: first[1]['Properties'] as Record<string, unknown>, resource: first[1] };
}

/** The function's environment as the template has it: text, or an intrinsic function. */
export function environmentOf(template: Template): Record<string, unknown> {
  const { Environment } = only(template, 'AWS::Lambda::Function').properties;
  return (Environment as { Variables: Record<string, unknown> }).Variables;
}

/** Every statement of every policy of the function's role. */
export function statementsOf(template: Template): Record<string, unknown>[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(
    ([id]) => !id.includes('Schedules'),
  );
  return policies.flatMap(
    ([, { Properties }]) => (Properties as { PolicyDocument: { Statement: [] } }).PolicyDocument.Statement,
  );
}

export type Alarm = Readonly<Record<string, unknown>> & {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
};

export function alarmsOf(template: Template): Alarm[] {
  return Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties as Alarm);
}

/** Names of the alarms, without what all begin with. */
export const alarmNamesOf = (template: Template): string[] =>
  alarmsOf(template).map(({ AlarmName }) => AlarmName.replace('kong-cloudtrail-integration-', ''));

/** The values of the outputs. */
export function outputsOf(template: Template): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(template.findOutputs('*')).map(([id, output]) => [id, output['Value'] as unknown]),
  );
}

/** The egress rules that stand in the function's own security group. */
export function egressOf(template: Template): unknown {
  const [group] = Object.values(
    template.findResources('AWS::EC2::SecurityGroup', {
      Properties: { GroupDescription: Match.stringLikeRegexp('and HTTPS; nothing in') },
    }),
  );
  return (group?.['Properties'] as { SecurityGroupEgress?: unknown }).SecurityGroupEgress;
}

export const FUNCTION_GROUP = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ForwarderSecurityGroup'), 'GroupId'] };
