import type { Template } from 'aws-cdk-lib/assertions';
import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { ContextError } from '../../infra/context/context-error.ts';
import { loadConfig } from '../../lambda/compose.ts';
import {
  CHANNEL_ARN,
  DEPLOYMENTS,
  egressOf,
  environmentOf,
  EVENT_DATA_STORE_ARN,
  FUNCTION_GROUP,
  KMS_KEY_ARN,
  KONG_TOKEN_ARN,
  MINIMAL,
  only,
  outputsOf,
  placeholderCode,
  scratch,
  statementsOf,
  synthesize,
  templateOf,
} from './support.ts';

/** The stack with nothing but what is required, and those that the other tests ask; see `DEPLOYMENTS`. */
let minimal: Template, full: Template, existing: Template, bare: Template, channel: Template;
beforeAll(() => {
  minimal = templateOf('minimal');
  full = templateOf('full');
  existing = templateOf('existing');
  bare = templateOf('bare');
  channel = templateOf('channel');
});

const CACHE_GROUP = { 'Fn::GetAtt': [Match.stringLikeRegexp('^CacheSecurityGroup'), 'GroupId'] };

describe('the cache', () => {
  test('is a primary and a replica in two zones that replace each other, with cluster mode off', () => {
    minimal.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      Engine: 'valkey',
      CacheNodeType: 'cache.t4g.micro',
      NumCacheClusters: 2,
      MultiAZEnabled: true,
      AutomaticFailoverEnabled: true,
      ClusterMode: 'disabled',
    });
  });

  test('requires TLS and is encrypted at rest', () => {
    minimal.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      TransitEncryptionEnabled: true,
      TransitEncryptionMode: 'required',
      AtRestEncryptionEnabled: true,
    });
  });

  test('has a password that Secrets Manager generates and the template does not hold', () => {
    const secret = only(minimal, 'AWS::SecretsManager::Secret');
    expect(secret.properties).toMatchObject({ GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true } });
    minimal.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      AuthToken: { 'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: secret.logicalId }, ':SecretString:::}}']] },
    });
  });

  test('never evicts a key', () => {
    minimal.hasResourceProperties('AWS::ElastiCache::ParameterGroup', {
      CacheParameterGroupFamily: 'valkey8',
      Properties: { 'maxmemory-policy': 'noeviction' },
    });
  });

  test('is in the given subnets', () => {
    minimal.hasResourceProperties('AWS::ElastiCache::SubnetGroup', {
      SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
    });
  });

  test("admits only the function's security group", () => {
    const ingress = only(minimal, 'AWS::EC2::SecurityGroupIngress');
    expect(ingress.properties).toMatchObject({ IpProtocol: 'tcp', FromPort: 6380, ToPort: 6380 });
    minimal.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: CACHE_GROUP,
      SourceSecurityGroupId: FUNCTION_GROUP,
    });
    minimal.allResourcesProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
  });

  test('leaves a snapshot when it is deleted or replaced', () => {
    minimal.hasResource('AWS::ElastiCache::ReplicationGroup', {
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
    });
  });

  test('has a database by number, as its cluster mode is off', () => {
    expect(environmentOf(minimal)).not.toHaveProperty('REDIS_DB');
    expect(environmentOf(full)).toMatchObject({ REDIS_DB: '3' });
  });

  test('can be larger, and Redis OSS', () => {
    full.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      Engine: 'redis',
      CacheNodeType: 'cache.m7g.large',
    });
    full.hasResourceProperties('AWS::ElastiCache::ParameterGroup', { CacheParameterGroupFamily: 'redis7' });
  });
});

describe('an existing Redis', () => {
  test('is used instead of a new one', () => {
    existing.resourceCountIs('AWS::ElastiCache::ReplicationGroup', 0);
    existing.resourceCountIs('AWS::SecretsManager::Secret', 0);
    expect(environmentOf(existing)).toMatchObject({
      REDIS_HOST: 'redis.internal:6390',
      REDIS_TLS: 'true',
      REDIS_USERNAME: 'forwarder',
      REDIS_DB: '3',
      REDIS_PASSWORD_SECRET_ARN: DEPLOYMENTS.existing.redisPasswordSecretArn,
    });
  });

  test('gets an ingress rule in its security group, and egress goes only there', () => {
    const { redisSecurityGroupId } = DEPLOYMENTS.existing;
    existing.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: redisSecurityGroupId,
      SourceSecurityGroupId: FUNCTION_GROUP,
      FromPort: 6390,
      ToPort: 6390,
    });
    existing.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: redisSecurityGroupId,
      FromPort: 6390,
    });
  });

  test("is looked for in the VPC's CIDR when its security group is not given", () => {
    expect(egressOf(bare)).toContainEqual(
      expect.objectContaining({ CidrIp: '10.0.0.0/16', FromPort: 6379, ToPort: 6379 }),
    );
  });

  test('may be without TLS and password', () => {
    expect(environmentOf(bare)).toMatchObject({ REDIS_HOST: 'redis.internal:6379', REDIS_TLS: 'false' });
    expect(environmentOf(bare)).not.toHaveProperty('REDIS_PASSWORD_SECRET_ARN');
  });
});

describe('the function', () => {
  test('runs the ES module on Node.js 24 and Graviton', () => {
    minimal.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'kong-cloudtrail-integration',
      Description: "Forwards Kong's audit log to CloudTrail Lake",
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Timeout: 900,
    });
  });

  test('is in the given subnets with a security group of its own', () => {
    minimal.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: {
        SecurityGroupIds: [FUNCTION_GROUP],
        SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
      },
    });
  });

  test('is not retried by Lambda, and forgets an invocation when the next is due, after six hours at most', () => {
    minimal.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 3600,
    });
    full.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumEventAgeInSeconds: 21_600 });
  });

  test('has no reserved concurrency, so a check by hand need not wait for a run', () => {
    minimal.hasResourceProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
  });

  test('logs to a group of its own for three months', () => {
    minimal.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: '/aws/lambda/kong-cloudtrail-integration',
      RetentionInDays: 90,
    });
    const { logicalId } = only(minimal, 'AWS::Logs::LogGroup');
    minimal.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: logicalId } } });
  });

  test('is traced with X-Ray only when asked', () => {
    minimal.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: Match.absent() });
    expect(statementsOf(minimal).flatMap(({ Action }) => Action)).not.toContain('xray:PutTraceSegments');
    full.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    expect(statementsOf(full).flatMap(({ Action }) => Action)).toContain('xray:PutTraceSegments');
  });

  test('trusts the given certificates besides those of Node.js, which a layer brings', () => {
    minimal.resourceCountIs('AWS::Lambda::LayerVersion', 0);
    const { logicalId } = only(full, 'AWS::Lambda::LayerVersion');
    full.hasResourceProperties('AWS::Lambda::Function', { Layers: [{ Ref: logicalId }] });
    expect(environmentOf(full)).toMatchObject({ NODE_EXTRA_CA_CERTS: '/opt/extra-ca.pem' });
  });

  test("calls AWS' FIPS endpoints when asked", () => {
    expect(environmentOf(full)).toMatchObject({ AWS_USE_FIPS_ENDPOINT: 'true' });
  });
});

describe("the function's environment", () => {
  /** As at run time, with made-up values where CloudFormation fills them in. */
  const resolved = (template: Template) =>
    Object.fromEntries(
      Object.entries(environmentOf(template)).map(([name, value]) => {
        if (typeof value === 'string') return [name, value];
        return [name, name.endsWith('_ARN') ? KONG_TOKEN_ARN : 'master.kong.abc.euw1.cache.amazonaws.com:6380'];
      }),
    );

  test('holds only what is given', () => {
    expect(Object.keys(environmentOf(minimal)).sort()).toEqual([
      'CHANNEL_ARN',
      'KONG_ADMIN_API',
      'NODE_OPTIONS',
      'REDIS_HOST',
      'REDIS_PASSWORD_SECRET_ARN',
      'REDIS_TLS',
      'SOURCE_NAME',
    ]);
  });

  test("lets Node's heap use most of the function's memory, and leaves some for what is not heap", () => {
    const { NODE_OPTIONS } = environmentOf(minimal);
    expect(NODE_OPTIONS).toBe('--max-old-space-size=768 --max-semi-space-size=32');
    minimal.hasResourceProperties('AWS::Lambda::Function', { MemorySize: 1024 });
  });

  test('holds every tuning variable that is given', () => {
    expect(environmentOf(full)).toMatchObject({
      KONG_SUPERADMIN: 'true',
      EXTERNAL_ID: 'external/id',
      SOURCE_NAME: 'eu',
      KONG_PAGE_SIZE: '500',
      KONG_SCAN: 'filtered',
      OVERLAP_SECONDS: '600',
      AUDIT_TTL_SECONDS: '86400',
      TTL_GRACE_SECONDS: '60',
      PUT_CONCURRENCY: '2',
      PUT_CALLS_PER_SECOND: '50',
      DEADLINE_RESERVE_MS: '20000',
      FORWARD_OWN_REQUESTS: 'true',
      IGNORE_METHODS: 'GET,HEAD',
      IGNORE_PATHS: '^/status$,^/metrics',
      DERIVE_ERROR_CODE: 'true',
      EVENT_SOURCE: 'kong.example.com',
      REDACT_KEYS: '+pin,otp',
      LOG_LEVEL: 'DEBUG',
    });
  });

  test('is a configuration the function takes', () => {
    expect(() => loadConfig(resolved(minimal))).not.toThrow();
    expect(loadConfig(resolved(full))).toMatchObject({
      redis: { tls: true, port: 6380 },
      ignorePaths: ['^/status$', '^/metrics'],
      overlapSeconds: 600,
    });
  });

  test('stays under 4 KB with everything given', () => {
    expect(JSON.stringify(resolved(full)).length).toBeLessThan(4096);
  });

  test('holds no secret: what is secret is named by its ARN', () => {
    const environment = environmentOf(full);
    const secrets = Object.keys(full.findResources('AWS::SecretsManager::Secret'));
    expect(JSON.stringify(environment)).not.toMatch(/resolve:secretsmanager|SecretString/);
    expect(
      Object.keys(environment)
        .filter((name) => /TOKEN|PASSWORD|SECRET/.test(name))
        .sort(),
    ).toEqual(['KONG_ADMIN_TOKEN_SECRET_ARN', 'REDIS_PASSWORD_SECRET_ARN']);
    expect(environment['KONG_ADMIN_TOKEN_SECRET_ARN']).toEqual({
      Ref: secrets.find((id) => id.includes('KongAdminToken')),
    });
    expect(environment['REDIS_PASSWORD_SECRET_ARN']).toEqual({ Ref: secrets.find((id) => id.includes('Password')) });
  });
});

describe("the function's egress", () => {
  test("goes to Kong's port in the VPC, to the cache, and to 443, and nowhere else", () => {
    expect(egressOf(minimal)).toEqual([
      { CidrIp: '10.0.0.0/16', Description: 'Admin API of Kong', FromPort: 8444, IpProtocol: 'tcp', ToPort: 8444 },
      {
        CidrIp: '0.0.0.0/0',
        Description: 'CloudTrail, Secrets Manager',
        FromPort: 443,
        IpProtocol: 'tcp',
        ToPort: 443,
      },
    ]);
    expect(only(minimal, 'AWS::EC2::SecurityGroupEgress').properties).toMatchObject({
      ToPort: 6380,
      IpProtocol: 'tcp',
    });
    minimal.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: CACHE_GROUP,
      FromPort: 6380,
    });
  });

  test('names only the services that are called: without a secret, not Secrets Manager', () => {
    expect(egressOf(bare)).toContainEqual(expect.objectContaining({ FromPort: 443, Description: 'CloudTrail' }));
  });

  test('goes to the addresses that are given for Kong', () => {
    expect(egressOf(full)).toContainEqual(expect.objectContaining({ CidrIp: '10.9.0.0/24', FromPort: 8444 }));
    expect(JSON.stringify(egressOf(full))).not.toContain('10.0.0.0/16');
  });

  test("goes only to Kong's security group when that is known, whose ingress is opened", () => {
    const { kongSecurityGroupId } = DEPLOYMENTS.existing;
    existing.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: kongSecurityGroupId,
      FromPort: 8444,
    });
    existing.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: kongSecurityGroupId,
      SourceSecurityGroupId: FUNCTION_GROUP,
      FromPort: 8444,
    });
    expect(JSON.stringify(existing.findResources('AWS::EC2::SecurityGroup'))).not.toContain('10.0.0.0/16');
  });
});

describe("the function's role", () => {
  test('may put audit events into that one channel, and query nothing unless the store is known', () => {
    const actions = (template: Template) =>
      statementsOf(template).filter(({ Action }) => JSON.stringify(Action).includes('cloudtrail'));
    const put = { Effect: 'Allow', Action: 'cloudtrail-data:PutAuditEvents', Resource: CHANNEL_ARN };
    expect(actions(minimal)).toEqual([put]);
    expect(actions(full)).toEqual([
      put,
      {
        Effect: 'Allow',
        Action: ['CancelQuery', 'GetQueryResults', 'StartQuery'].map((name) => `cloudtrail:${name}`),
        Resource: EVENT_DATA_STORE_ARN,
      },
    ]);
    expect(environmentOf(full)).toMatchObject({ EVENT_DATA_STORE_ARN });
  });

  test('may use the key of an encrypted event data store', () => {
    expect(statementsOf(full)).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: KMS_KEY_ARN,
    });
  });

  test('may read the secrets it uses and no other', () => {
    const reading = (template: Template) =>
      statementsOf(template).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'));
    const read = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue' };
    const { logicalId } = only(minimal, 'AWS::SecretsManager::Secret');
    expect(reading(minimal)).toEqual([{ ...read, Resource: { Ref: logicalId } }]);
    expect(reading(existing)).toEqual([
      { ...read, Resource: [KONG_TOKEN_ARN, DEPLOYMENTS.existing.redisPasswordSecretArn] },
    ]);
    expect(reading(bare)).toEqual([]);
  });

  test("may decrypt given secrets with their key, through Secrets Manager only, each where it is and not in the stack's Region", () => {
    const service = (region: string) => ({
      'Fn::Join': ['', [`secretsmanager.${region}.`, { Ref: 'AWS::URLSuffix' }]],
    });
    expect(statementsOf(existing).filter(({ Action }) => Action === 'kms:Decrypt')).toEqual([
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: KMS_KEY_ARN,
        Condition: { StringEquals: { 'kms:ViaService': [service('eu-west-1'), service('us-east-1')] } },
      },
    ]);
  });

  test('may write to its own log group and make none', () => {
    const { logicalId } = only(minimal, 'AWS::Logs::LogGroup');
    const logging = statementsOf(minimal).filter(({ Action }) => JSON.stringify(Action).includes('logs:'));
    expect(logging).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [logicalId, 'Arn'] },
      },
    ]);
  });

  test('lets Lambda, but not the function, manage network interfaces', () => {
    const ec2 = statementsOf(minimal).filter(({ Action }) => JSON.stringify(Action).includes('ec2:'));
    expect(ec2.filter(({ Effect }) => Effect === 'Allow')).toHaveLength(3);
    expect(ec2).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Resource: '*', Condition: { ArnEquals: expect.anything() as object } }),
    );
  });

  test('lets Lambda make network interfaces in subnets that another account shares', () => {
    const subnets = ['arn:', { Ref: 'AWS::Partition' }, ':ec2:', { Ref: 'AWS::Region' }, ':*:subnet/*'];
    expect(statementsOf(minimal)).toContainEqual({
      Effect: 'Allow',
      Action: 'ec2:CreateNetworkInterface',
      Resource: { 'Fn::Join': ['', subnets] },
    });
  });

  test('allows nothing on every resource but what EC2 cannot narrow', () => {
    const everywhere = statementsOf(minimal).filter(({ Effect, Resource }) => Effect === 'Allow' && Resource === '*');
    expect(everywhere.map(({ Action }) => Action)).toEqual([['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets']]);
  });

  test('has no managed policy', () => {
    minimal.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });
});

describe('the schedule', () => {
  test('invokes the function with {} every hour', () => {
    minimal.resourceCountIs('AWS::Scheduler::Schedule', 1);
    minimal.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-cloudtrail-integration',
      GroupName: 'kong-cloudtrail-integration',
      ScheduleExpression: 'rate(1 hour)',
      State: 'ENABLED',
      Target: { Arn: { 'Fn::GetAtt': [only(minimal, 'AWS::Lambda::Function').logicalId, 'Arn'] }, Input: '{}' },
    });
  });

  test('can be another', () => {
    full.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-eu',
      ScheduleExpression: 'cron(0 6,18 * * ? *)',
    });
  });

  test('can have a sweep beside it that rereads everything, not at the same moment', () => {
    full.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-eu-sweep',
      ScheduleExpression: 'rate(7 days)',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 },
      Target: { Input: '{"mode":"backfill"}' },
    });
  });

  test('has a verification of the day before beside it where the sink can be read, when the last entries must have come', () => {
    channel.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-cloudtrail-integration-verify',
      ScheduleExpression: 'cron(30 3 * * ? *)',
      ScheduleExpressionTimezone: 'Etc/UTC',
      Target: { Input: '{"mode":"verify"}' },
    });
    full.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-eu-verify',
      ScheduleExpression: 'cron(0 23 * * ? *)',
    });
    full.resourceCountIs('AWS::Scheduler::Schedule', 3);
  });

  test('retries until the next run is due, then leaves a dead letter', () => {
    minimal.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: {
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [only(minimal, 'AWS::SQS::Queue').logicalId, 'Arn'] } },
      },
    });
  });

  test('has a role that only it can assume, to invoke that function and leave dead letters', () => {
    const [role] = Object.values(
      minimal.findResources('AWS::IAM::Role', { Properties: { Description: Match.stringLikeRegexp('Scheduler') } }),
    );
    const { logicalId: group } = only(minimal, 'AWS::Scheduler::ScheduleGroup');
    expect(role?.['Properties']).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': { 'Fn::GetAtt': [group, 'Arn'] },
              },
            },
          },
        ],
      },
    });
    minimal.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('Schedules'),
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'lambda:InvokeFunction',
            Resource: { 'Fn::GetAtt': [only(minimal, 'AWS::Lambda::Function').logicalId, 'Arn'] },
          },
          {
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': [only(minimal, 'AWS::SQS::Queue').logicalId, 'Arn'] },
          },
        ],
      },
    });
  });

  test('has a queue for dead letters that is encrypted and takes only TLS', () => {
    minimal.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
    minimal.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    });
  });
});

describe("Kong's token", () => {
  test('is not sent unless it is asked for', () => {
    expect(environmentOf(minimal)).not.toHaveProperty('KONG_SUPERADMIN');
    minimal.resourceCountIs('AWS::SecretsManager::Secret', 1);
  });

  test('can be a secret that is there', () => {
    expect(environmentOf(existing)).toMatchObject({
      KONG_SUPERADMIN: 'true',
      KONG_ADMIN_TOKEN_SECRET_ARN: KONG_TOKEN_ARN,
    });
    expect(outputsOf(existing)).not.toHaveProperty('FillKongAdminToken');
  });

  test('can be a secret made empty, and an output says how to fill it', () => {
    const [entry] = Object.entries(channel.findResources('AWS::SecretsManager::Secret')).filter(([id]) =>
      id.includes('KongAdminToken'),
    );
    const [id, secret] = entry ?? [];
    expect(secret?.['Properties']).not.toHaveProperty('GenerateSecretString');
    expect(secret?.['Properties']).not.toHaveProperty('SecretString');
    expect(outputsOf(channel)['FillKongAdminToken']).toEqual({
      'Fn::Join': ['', ['aws secretsmanager put-secret-value --secret-id ', { Ref: id }, " --secret-string '<token>'"]],
    });
  });
});

describe('the channel', () => {
  test('is not made when one is given', () => {
    minimal.resourceCountIs('AWS::CloudTrail::Channel', 0);
    expect(environmentOf(minimal)['CHANNEL_ARN']).toBe(CHANNEL_ARN);
  });

  test('can be made, with an event data store for activity from outside AWS, kept as many days as asked', () => {
    const { logicalId: store } = only(channel, 'AWS::CloudTrail::EventDataStore');
    const { logicalId: id } = only(channel, 'AWS::CloudTrail::Channel');
    channel.hasResourceProperties('AWS::CloudTrail::EventDataStore', {
      AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['ActivityAuditLog'] }] }],
      MultiRegionEnabled: false,
      OrganizationEnabled: false,
      RetentionPeriod: 2557,
      TerminationProtectionEnabled: true,
    });
    channel.hasResourceProperties('AWS::CloudTrail::Channel', {
      Source: 'Custom',
      Destinations: [{ Type: 'EVENT_DATA_STORE', Location: { 'Fn::GetAtt': [store, 'EventDataStoreArn'] } }],
    });
    const arns = {
      ChannelArn: { 'Fn::GetAtt': [id, 'ChannelArn'] },
      EventDataStoreArn: { 'Fn::GetAtt': [store, 'EventDataStoreArn'] },
    };
    expect(environmentOf(channel)).toMatchObject({
      CHANNEL_ARN: arns.ChannelArn,
      EVENT_DATA_STORE_ARN: arns.EventDataStoreArn,
    });
    expect(outputsOf(channel)).toMatchObject(arns);
    expect(statementsOf(channel)).toContainEqual({
      Effect: 'Allow',
      Action: 'cloudtrail-data:PutAuditEvents',
      Resource: arns.ChannelArn,
    });
  });
});

describe('the Lake dashboard', () => {
  const policy = (resource: unknown) => ({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'RefreshDashboard',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 'cloudtrail:StartQuery',
        Resource: resource,
        Condition: {
          StringEquals: {
            'aws:SourceAccount': { Ref: 'AWS::AccountId' },
            'aws:SourceArn': {
              'Fn::Join': [
                '',
                [
                  ...['arn:', { Ref: 'AWS::Partition' }, ':cloudtrail:', { Ref: 'AWS::Region' }, ':'],
                  ...[{ Ref: 'AWS::AccountId' }, ':dashboard/kong-cloudtrail-integration'],
                ],
              ],
            },
          },
        },
      },
    ],
  });

  test('is made only when asked for', () => {
    minimal.resourceCountIs('AWS::CloudTrail::Dashboard', 0);
  });

  test('asks the store the questions that need no answer first, for the times that its reader chooses', () => {
    const { Widgets, Name } = only(full, 'AWS::CloudTrail::Dashboard').properties as {
      Name: string;
      Widgets: readonly { QueryStatement: string; QueryParameters: unknown; ViewProperties: Record<string, string> }[];
    };
    expect(Name).toBe('kong-eu');
    expect(Widgets.length).toBeGreaterThan(6);
    expect(Widgets.length).toBeLessThanOrEqual(10);
    for (const { QueryStatement, QueryParameters, ViewProperties } of Widgets) {
      expect(QueryStatement).toContain(`FROM ${EVENT_DATA_STORE_ARN.split('/')[1] ?? ''}`);
      expect(QueryStatement).toContain("WHERE eventTime >= '?' AND eventTime < '?'");
      expect(QueryStatement).not.toMatch(/\$[A-Z]/);
      // Each would be replaced by a time.
      expect(QueryStatement.split('?')).toHaveLength(3);
      expect(QueryParameters).toEqual(['$StartTime$', '$EndTime$']);
      for (const value of Object.values(ViewProperties)) expect(value).toMatch(/^[a-zA-Z0-9._\- ]{1,128}$/);
    }
  });

  test('may query a store that this app makes', () => {
    const resource = {
      'Fn::GetAtt': [only(channel, 'AWS::CloudTrail::EventDataStore').logicalId, 'EventDataStoreArn'],
    };
    expect(only(channel, 'AWS::CloudTrail::ResourcePolicy').properties).toEqual({
      ResourceArn: resource,
      ResourcePolicy: policy(resource),
    });
  });

  test('leaves the policy of a store that is there already alone, and an output says how to allow it', () => {
    full.resourceCountIs('AWS::CloudTrail::ResourcePolicy', 0);
    const { AllowLakeDashboard } = outputsOf(full);
    const command = (AllowLakeDashboard as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : 'X'))
      .join('');
    const [, arn, json] = /--resource-arn (\S+) --resource-policy '(.*)'$/.exec(command) ?? [];
    expect(arn).toBe(EVENT_DATA_STORE_ARN);
    expect(JSON.parse(json ?? '')).toMatchObject({ Statement: [{ Resource: EVENT_DATA_STORE_ARN }] });
  });
});

describe('names and tags', () => {
  test('of everything follow resourceName', () => {
    full.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'kong-eu' });
    full.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'kong-eu-dead-letters' });
    full.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/aws/lambda/kong-eu' });
    expect(JSON.stringify(full.toJSON())).not.toContain('kong-cloudtrail-integration');
  });

  test('of the dashboard tells the Region, too: dashboards of all Regions share their names', () => {
    const name = ['kong-cloudtrail-integration-', { Ref: 'AWS::Region' }];
    minimal.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: { 'Fn::Join': ['', name] } });
    const { DashboardUrl } = outputsOf(minimal);
    expect(JSON.stringify(DashboardUrl)).toContain('.console.aws.amazon.com/cloudwatch/home?region=');
    expect(JSON.stringify(DashboardUrl)).toContain(only(minimal, 'AWS::CloudWatch::Dashboard').logicalId);
  });

  test('include the project on everything that can be tagged', () => {
    const project = { Key: 'project', Value: 'kong-cloudtrail-integration' };
    for (const type of [
      'AWS::Lambda::Function',
      'AWS::ElastiCache::ReplicationGroup',
      'AWS::SQS::Queue',
      'AWS::IAM::Role',
      'AWS::EC2::SecurityGroup',
    ])
      minimal.allResourcesProperties(type, { Tags: Match.arrayWith([project]) });
  });

  test('can be others', () => {
    full.hasResourceProperties('AWS::Lambda::Function', {
      Tags: [
        { Key: 'stage', Value: 'prod' },
        { Key: 'team', Value: 'platform' },
      ],
    });
  });
});

describe('the outputs', () => {
  test('name the function, commands to paste, the dashboard and the security groups', () => {
    const value = outputsOf(minimal);
    expect(value).toMatchObject({
      FunctionName: 'kong-cloudtrail-integration',
      OpsCheckCommand: 'npm run ops -- check --function kong-cloudtrail-integration',
      OpsStatusCommand: 'npm run ops -- status --function kong-cloudtrail-integration',
      OpsBackfillCommand:
        'npm run ops -- backfill 2026-11-01 2026-11-02 --watch --function kong-cloudtrail-integration',
      CheckCommand:
        'aws lambda invoke --function-name kong-cloudtrail-integration --cli-binary-format raw-in-base64-out --cli-read-timeout 900 --payload \'{"mode":"check"}\' /dev/stdout',
      RunCommand: expect.stringContaining("--payload '{}' /dev/stdout") as string,
      BackfillCommand: expect.stringContaining('"mode":"backfill","after":"') as string,
      ChannelArn: CHANNEL_ARN,
    });
    expect(value['DashboardUrl']).toBeDefined();
    minimal.hasOutput('FunctionSecurityGroupId', { Value: FUNCTION_GROUP });
    minimal.hasOutput('CacheSecurityGroupId', { Value: CACHE_GROUP });
  });

  test('tell where the ledger is, and where its password is, so that an operator gets in', () => {
    const { logicalId } = only(minimal, 'AWS::SecretsManager::Secret');
    expect(outputsOf(minimal)).toMatchObject({
      CacheEndpoint: environmentOf(minimal)['REDIS_HOST'],
      CachePasswordSecretArn: { Ref: logicalId },
    });
    expect(outputsOf(existing)).toMatchObject({
      CacheEndpoint: 'redis.internal:6390',
      CachePasswordSecretArn: DEPLOYMENTS.existing.redisPasswordSecretArn,
    });
    expect(outputsOf(existing)).not.toHaveProperty('CacheSecurityGroupId');
    expect(outputsOf(bare)).not.toHaveProperty('CachePasswordSecretArn');
  });
});

describe('destroying the stack', () => {
  test('leaves what cannot be had again: a snapshot of the ledger, the channel and the event data store', () => {
    const { Resources } = channel.toJSON() as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
    const kept = Object.values(Resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
    expect(kept.map(({ Type, DeletionPolicy }) => `${Type} ${DeletionPolicy ?? ''}`).sort()).toEqual([
      'AWS::CloudTrail::Channel Retain',
      'AWS::CloudTrail::EventDataStore Retain',
      'AWS::ElastiCache::ReplicationGroup Snapshot',
    ]);
  });
});

test('an upgrade from 1.0.0 keeps what holds something, or has a name that only one thing can have: its logical ID is the same', () => {
  const ids = Object.keys((channel.toJSON() as { Resources: object }).Resources);
  expect(ids).toEqual(
    expect.arrayContaining([
      'CachePassword81962705',
      'CacheReplicationGroupBFE59FF3',
      'CacheSecurityGroup79A9F160',
      'ChannelD7F05D8A',
      'ChannelEventDataStoreE6A728E4',
      'ForwarderFunctionB3355642',
      'ForwarderKongAdminTokenD6DBDF3F',
      'ForwarderLog54888438',
      'ForwarderSecurityGroupAB9E974C',
      'ForwarderSchedulesDeadLettersA86CDA3B',
      'ForwarderSchedulesGroup0659599D',
      'ForwarderSchedulesScheduleAE101108',
      'ForwarderAlarmsErrorsD8F93E88',
      'ForwarderAlarmsNoCompleteRun6FE9F9B9',
      'ForwarderAlarmsLag4D4BBA34',
      'ForwarderAlarmsQuarantine23A0237E',
      'ForwarderAlarmsPurgeHeadroomC65836AB',
      'ForwarderAlarmsThrottlesEBAAD1A6',
      'ForwarderAlarmsDeadLettersAFF3CC18',
      'ForwarderDashboard5AB4A88A',
    ]),
  );
  // A group with another description is another group.
  channel.hasResourceProperties('AWS::EC2::SecurityGroup', {
    GroupDescription: 'kong-cloudtrail-integration: out to Kong, the ledger and HTTPS; nothing in',
  });
});

describe('the VPC', () => {
  const env = { account: '111122223333', region: 'eu-west-1' };
  const nothingGiven = { subnetIds: undefined, availabilityZones: undefined, vpcCidr: undefined };
  const subnets = (...ids: string[]) =>
    ids.map((subnetId, index) => ({
      subnetId,
      availabilityZone: `eu-west-1${'abc'.charAt(index)}`,
      routeTableId: `rtb-${index}`,
      cidr: `10.7.${index}.0/24`,
    }));
  const privateGroup = (...ids: string[]) => ({ name: 'Private', type: 'Private', subnets: subnets(...ids) });
  const firewalled = { name: 'Firewalled', type: 'Isolated', subnets: subnets('subnet-0000001a', 'subnet-0000001b') };
  /** As the CDK CLI keeps in cdk.context.json what it looked up. */
  const lookedUp = (...subnetGroups: object[]) => ({
    [`vpc-provider:account=${env.account}:filter.vpc-id=${MINIMAL.vpcId}:region=${env.region}:returnAsymmetricSubnets=true`]:
      {
        vpcId: MINIMAL.vpcId,
        vpcCidrBlock: '10.7.0.0/16',
        ownerAccountId: env.account,
        availabilityZones: [],
        subnetGroups,
      },
  });
  const found = lookedUp(
    privateGroup('subnet-0000000a', 'subnet-0000000b', 'subnet-0000000c'),
    { name: 'Public', type: 'Public', subnets: subnets('subnet-0000000d', 'subnet-0000000e', 'subnet-0000000f') },
    firewalled,
  );
  const usesSubnets = (template: Template, SubnetIds: readonly string[]) => {
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds } });
    template.hasResourceProperties('AWS::ElastiCache::SubnetGroup', { SubnetIds });
  };

  test('is looked up when only its ID is given, and its private subnets with egress are used', () => {
    const template = synthesize({ ...nothingGiven, ...found }, env);
    usesSubnets(template, ['subnet-0000000a', 'subnet-0000000b', 'subnet-0000000c']);
    expect(egressOf(template)).toContainEqual(expect.objectContaining({ CidrIp: '10.7.0.0/16', FromPort: 8444 }));
  });

  test.each([
    ['private ones', ['subnet-0000000a', 'subnet-0000000c']],
    ['whatever kind of route they have', ['subnet-0000001a', 'subnet-0000001b']],
  ])('is looked up when only some of its subnets are given, and those are used: %s', (_, subnetIds) => {
    usesSubnets(synthesize({ ...nothingGiven, ...found, subnetIds }, env), subnetIds);
  });

  test('is looked up, and may have nothing but isolated subnets where endpoints are made', () => {
    const toLogs = { ...nothingGiven, ...lookedUp(firewalled), channelArn: undefined, createLogGroup: true };
    const template = synthesize({ ...toLogs, endpoints: 'create' }, env);
    usesSubnets(template, ['subnet-0000001a', 'subnet-0000001b']);
    template.allResourcesProperties('AWS::EC2::VPCEndpoint', { SubnetIds: ['subnet-0000001a', 'subnet-0000001b'] });
  });

  test('is looked up, and a subnet it does not have is refused', () => {
    const subnetIds = 'subnet-0000000a,subnet-0000000b,subnet-00000099';
    expect(() => synthesize({ ...nothingGiven, ...found, subnetIds }, env)).toThrow(
      `subnetIds must be subnets of ${MINIMAL.vpcId}, got subnet-00000099; it has subnet-0000000a, subnet-0000000b,`,
    );
  });

  test('is looked up, and must have subnets in two zones for a cache', () => {
    expect(() => synthesize({ ...nothingGiven, ...lookedUp(privateGroup('subnet-0000000a')) }, env)).toThrow(
      'vpcSubnets must be in at least two zones, got eu-west-1a: the cache has a primary and a replica',
    );
  });

  test('is another one until the CDK CLI has looked it up, to which the given subnets are not held', () => {
    const context = { ...MINIMAL, ...nothingGiven, subnetIds: MINIMAL.subnetIds };
    expect(() => createApp({ context, code: placeholderCode(), env, outdir: scratch('cdk.out') })).not.toThrow();
  });

  test('cannot be looked up without an account and Region', () => {
    const problem =
      /vpcId cannot be looked up: that needs credentials .* or give subnetIds, availabilityZones and vpcCidr/;
    expect(() => synthesize(nothingGiven)).toThrow(ContextError);
    expect(() => synthesize(nothingGiven)).toThrow(problem);
    expect(() => synthesize({ ...nothingGiven, subnetIds: MINIMAL.subnetIds }, { region: 'eu-west-1' })).toThrow(
      problem,
    );
  });

  test('that cannot be looked up is told together with what else is wrong', () => {
    expect(() => synthesize({ ...nothingGiven, cacheEngine: 'memcached' })).toThrow('The context has 2 problem(s)');
  });
});
