import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { ContextError } from '../../infra/config.ts';
import { loadConfig } from '../../lambda/config.ts';
import {
  CHANNEL_ARN,
  environmentOf,
  KONG_TOKEN_ARN,
  MINIMAL,
  only,
  placeholderCode,
  REDIS_PASSWORD_ARN,
  scratch,
  synthesize,
} from './support.ts';

/** The stack with nothing but what is required. */
let minimal: Template;
beforeAll(() => {
  minimal = synthesize();
});

const FUNCTION_GROUP = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ForwarderSecurityGroup'), 'GroupId'] };
const CACHE_GROUP = { 'Fn::GetAtt': [Match.stringLikeRegexp('^CacheSecurityGroup'), 'GroupId'] };

/** Every statement of every policy of the function's role. */
function statementsOf(template: Template): Record<string, unknown>[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(
    ([id]) => !id.includes('Schedules'),
  );
  return policies.flatMap(
    ([, { Properties }]) => (Properties as { PolicyDocument: { Statement: [] } }).PolicyDocument.Statement,
  );
}

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
    expect(environmentOf(synthesize({ redisDb: 3 }))).toMatchObject({ REDIS_DB: '3' });
  });

  test('can be larger, and Redis OSS', () => {
    const template = synthesize({ cacheEngine: 'redis', cacheNodeType: 'cache.m7g.large' });
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      Engine: 'redis',
      CacheNodeType: 'cache.m7g.large',
    });
    template.hasResourceProperties('AWS::ElastiCache::ParameterGroup', { CacheParameterGroupFamily: 'redis7' });
  });
});

describe('an existing Redis', () => {
  const redis = {
    redis: 'redis.internal:6390',
    redisSecurityGroupId: 'sg-00000000000000001',
    redisPasswordSecretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:redis/password-AbCdEf',
  };

  test('is used instead of a new one', () => {
    const template = synthesize({ ...redis, redisUsername: 'forwarder', redisDb: 3 });
    template.resourceCountIs('AWS::ElastiCache::ReplicationGroup', 0);
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
    expect(environmentOf(template)).toMatchObject({
      REDIS_HOST: 'redis.internal:6390',
      REDIS_TLS: 'true',
      REDIS_USERNAME: 'forwarder',
      REDIS_DB: '3',
      REDIS_PASSWORD_SECRET_ARN: redis.redisPasswordSecretArn,
    });
  });

  test('gets an ingress rule in its security group, and egress goes only there', () => {
    const template = synthesize(redis);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: redis.redisSecurityGroupId,
      SourceSecurityGroupId: FUNCTION_GROUP,
      FromPort: 6390,
      ToPort: 6390,
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: redis.redisSecurityGroupId,
      FromPort: 6390,
    });
  });

  test("is looked for in the VPC's CIDR when its security group is not given", () => {
    const template = synthesize({ redis: 'redis.internal:6379' });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '10.0.0.0/16', FromPort: 6379, ToPort: 6379 })]),
    });
  });

  test('may be without TLS and password', () => {
    const environment = environmentOf(synthesize({ redis: 'redis.internal:6379', redisTls: false }));
    expect(environment).toMatchObject({ REDIS_HOST: 'redis.internal:6379', REDIS_TLS: 'false' });
    expect(environment).not.toHaveProperty('REDIS_PASSWORD_SECRET_ARN');
  });
});

describe('the function', () => {
  test('runs the ES module on Node.js 24 and Graviton', () => {
    minimal.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'kong-cloudtrail-integration',
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

  test('is not retried by Lambda, and forgets an invocation when the next is due', () => {
    minimal.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 3600,
    });
    synthesize({ schedule: 'rate(5 minutes)' }).hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumEventAgeInSeconds: 300,
    });
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
    const traced = synthesize({ tracing: true });
    traced.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    expect(statementsOf(traced).flatMap(({ Action }) => Action)).toContain('xray:PutTraceSegments');
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

  const EVERYTHING = {
    kongSuperadmin: true,
    kongRootCa: 'infra/example/kong-root-ca.pem',
    externalId: 'external/id',
    sourceName: 'prod',
    kongPageSize: 500,
    kongScan: 'filtered',
    overlapSeconds: 600,
    auditTtlSeconds: 604_800,
    ttlGraceSeconds: 60,
    putConcurrency: 2,
    putCallsPerSecond: 50,
    deadlineReserveMs: 20_000,
    forwardOwnRequests: true,
    deriveErrorCode: true,
    eventSource: 'kong.example.com',
    redactKeys: '+pin,otp',
    logLevel: 'DEBUG',
  };

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
    expect(NODE_OPTIONS).toBe('--enable-source-maps --max-old-space-size=768 --max-semi-space-size=32');
    const [code] = Object.values(minimal.findResources('AWS::Lambda::Function'));
    expect(code).toHaveProperty('Properties.MemorySize', 1024);
  });

  test('holds every tuning variable that is given', () => {
    expect(environmentOf(synthesize(EVERYTHING))).toMatchObject({
      KONG_SUPERADMIN: 'true',
      EXTERNAL_ID: 'external/id',
      SOURCE_NAME: 'prod',
      KONG_PAGE_SIZE: '500',
      KONG_SCAN: 'filtered',
      OVERLAP_SECONDS: '600',
      AUDIT_TTL_SECONDS: '604800',
      TTL_GRACE_SECONDS: '60',
      PUT_CONCURRENCY: '2',
      PUT_CALLS_PER_SECOND: '50',
      DEADLINE_RESERVE_MS: '20000',
      FORWARD_OWN_REQUESTS: 'true',
      DERIVE_ERROR_CODE: 'true',
      EVENT_SOURCE: 'kong.example.com',
      REDACT_KEYS: '+pin,otp',
      LOG_LEVEL: 'DEBUG',
    });
  });

  test('is a configuration the function takes', () => {
    expect(() => loadConfig(resolved(minimal))).not.toThrow();
    expect(loadConfig(resolved(synthesize(EVERYTHING)))).toMatchObject({
      kong: { pageSize: 500, scan: 'filtered', rootCa: expect.stringContaining('BEGIN CERTIFICATE') as string },
      redis: { tls: true, port: 6380 },
      channel: { arn: CHANNEL_ARN, externalId: 'external/id' },
    });
  });

  test('stays under 4 KB with everything given', () => {
    expect(JSON.stringify(resolved(synthesize(EVERYTHING))).length).toBeLessThan(4096);
  });

  test('holds no secret: what is secret is named by its ARN', () => {
    const template = synthesize(EVERYTHING);
    const environment = environmentOf(template);
    const secrets = Object.keys(template.findResources('AWS::SecretsManager::Secret'));
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
  const egress = (template: Template) =>
    (only(template, 'AWS::EC2::SecurityGroupEgress'), template).findResources('AWS::EC2::SecurityGroup', {
      Properties: { GroupDescription: Match.stringLikeRegexp('out to Kong') },
    });

  test("goes to Kong's port in the VPC, to the cache, and to 443, and nowhere else", () => {
    const [group] = Object.values(egress(minimal));
    expect((group?.['Properties'] as { SecurityGroupEgress: unknown[] }).SecurityGroupEgress).toEqual([
      { CidrIp: '10.0.0.0/16', Description: 'Admin API of Kong', FromPort: 8444, IpProtocol: 'tcp', ToPort: 8444 },
      {
        CidrIp: '0.0.0.0/0',
        Description: 'CloudTrail, Secrets Manager',
        FromPort: 443,
        IpProtocol: 'tcp',
        ToPort: 443,
      },
    ]);
    minimal.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: CACHE_GROUP,
      FromPort: 6380,
      ToPort: 6380,
      IpProtocol: 'tcp',
    });
  });

  test.each([
    ['https://kong.internal:8444/_api', 8444],
    ['http://kong.internal:8001', 8001],
    ['https://kong.internal', 443],
    ['http://kong.internal', 80],
  ])('to %s is to port %i', (kongAdminApi, port) => {
    synthesize({ kongAdminApi, kongCidr: '10.9.0.0/24' }).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '10.9.0.0/24', FromPort: port, ToPort: port })]),
    });
  });

  test("goes only to Kong's security group when that is known, whose ingress is opened", () => {
    const kongSecurityGroupId = 'sg-00000000000000002';
    const template = synthesize({ kongSecurityGroupId });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: kongSecurityGroupId,
      FromPort: 8444,
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: kongSecurityGroupId,
      SourceSecurityGroupId: FUNCTION_GROUP,
      FromPort: 8444,
    });
    expect(JSON.stringify(template.findResources('AWS::EC2::SecurityGroup'))).not.toContain('10.0.0.0/16');
  });
});

describe("the function's role", () => {
  test('may put audit events into that one channel', () => {
    expect(statementsOf(minimal)).toContainEqual({
      Effect: 'Allow',
      Action: 'cloudtrail-data:PutAuditEvents',
      Resource: CHANNEL_ARN,
    });
  });

  test('may read the secrets it uses and no other', () => {
    const template = synthesize({ kongAdminTokenSecretArn: KONG_TOKEN_ARN });
    const { logicalId } = only(template, 'AWS::SecretsManager::Secret');
    const reading = statementsOf(template).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'));
    expect(reading).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: [KONG_TOKEN_ARN, { Ref: logicalId }] },
    ]);
  });

  test('may decrypt given secrets with their key, through Secrets Manager only', () => {
    const secretKmsKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef';
    const statements = statementsOf(synthesize({ kongAdminTokenSecretArn: KONG_TOKEN_ARN, secretKmsKeyArn }));
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: secretKmsKeyArn,
      Condition: {
        StringEquals: {
          'kms:ViaService': [{ 'Fn::Join': ['', ['secretsmanager.eu-west-1.', { Ref: 'AWS::URLSuffix' }]] }],
        },
      },
    });
  });

  test("may decrypt each of them where it is, not in the stack's Region", () => {
    const statements = statementsOf(
      synthesize({
        kongAdminTokenSecretArn: KONG_TOKEN_ARN,
        redis: 'redis.internal:6379',
        redisPasswordSecretArn: REDIS_PASSWORD_ARN.replace('eu-west-1', 'us-east-1'),
        secretKmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef',
      }),
    );
    const service = (region: string) => ({
      'Fn::Join': ['', [`secretsmanager.${region}.`, { Ref: 'AWS::URLSuffix' }]],
    });
    expect(statements.filter(({ Action }) => Action === 'kms:Decrypt')).toMatchObject([
      { Condition: { StringEquals: { 'kms:ViaService': [service('eu-west-1'), service('us-east-1')] } } },
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

  test.each(['rate(5 minutes)', 'cron(0 6,18 * * ? *)'])('can be %s', (schedule) => {
    synthesize({ schedule }).hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: schedule });
  });

  test('can have a sweep beside it that rereads everything, not at the same moment', () => {
    const template = synthesize({ sweepSchedule: 'rate(7 days)' });
    template.resourceCountIs('AWS::Scheduler::Schedule', 2);
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'kong-cloudtrail-integration-sweep',
      ScheduleExpression: 'rate(7 days)',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 },
      Target: { Input: '{"mode":"backfill"}' },
    });
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
    const template = synthesize({ kongAdminTokenSecretArn: KONG_TOKEN_ARN });
    expect(environmentOf(template)).toMatchObject({
      KONG_SUPERADMIN: 'true',
      KONG_ADMIN_TOKEN_SECRET_ARN: KONG_TOKEN_ARN,
    });
    expect(Object.keys(template.findOutputs('*'))).not.toContain('FillKongAdminToken');
  });

  test('can be a secret made empty, and an output says how to fill it', () => {
    const template = synthesize({ kongSuperadmin: true });
    const [entry] = Object.entries(template.findResources('AWS::SecretsManager::Secret')).filter(([id]) =>
      id.includes('KongAdminToken'),
    );
    const [id, secret] = entry ?? [];
    expect(secret?.['Properties']).not.toHaveProperty('GenerateSecretString');
    expect(secret?.['Properties']).not.toHaveProperty('SecretString');
    template.hasOutput('FillKongAdminToken', {
      Value: {
        'Fn::Join': [
          '',
          ['aws secretsmanager put-secret-value --secret-id ', { Ref: id }, " --secret-string '<token>'"],
        ],
      },
    });
  });
});

describe('the channel', () => {
  const created = { channelArn: undefined, createChannel: true };

  test('is not made when one is given', () => {
    minimal.resourceCountIs('AWS::CloudTrail::Channel', 0);
    expect(environmentOf(minimal)['CHANNEL_ARN']).toBe(CHANNEL_ARN);
  });

  test('can be made, with an event data store for activity from outside AWS', () => {
    const template = synthesize(created);
    const { logicalId: store } = only(template, 'AWS::CloudTrail::EventDataStore');
    const { logicalId: channel } = only(template, 'AWS::CloudTrail::Channel');
    template.hasResourceProperties('AWS::CloudTrail::EventDataStore', {
      AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['ActivityAuditLog'] }] }],
      MultiRegionEnabled: false,
      OrganizationEnabled: false,
      RetentionPeriod: 366,
      TerminationProtectionEnabled: true,
    });
    template.hasResourceProperties('AWS::CloudTrail::Channel', {
      Source: 'Custom',
      Destinations: [{ Type: 'EVENT_DATA_STORE', Location: { 'Fn::GetAtt': [store, 'EventDataStoreArn'] } }],
    });
    const channelArn = { 'Fn::GetAtt': [channel, 'ChannelArn'] };
    expect(environmentOf(template)['CHANNEL_ARN']).toEqual(channelArn);
    expect(statementsOf(template)).toContainEqual({
      Effect: 'Allow',
      Action: 'cloudtrail-data:PutAuditEvents',
      Resource: channelArn,
    });
    template.hasOutput('ChannelArn', { Value: channelArn });
    template.hasOutput('EventDataStoreArn', {});
  });

  test('keeps events for as many days as asked', () => {
    synthesize({ ...created, retentionDays: 2557 }).hasResourceProperties('AWS::CloudTrail::EventDataStore', {
      RetentionPeriod: 2557,
    });
  });

  test('asks for the external ID that is given', () => {
    expect(environmentOf(synthesize({ externalId: 'abc-1' }))).toMatchObject({ EXTERNAL_ID: 'abc-1' });
  });
});

describe('names and tags', () => {
  test('of everything follow resourceName', () => {
    const template = synthesize({ resourceName: 'kong-eu', sourceName: 'eu' });
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'kong-eu' });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { Name: 'kong-eu' });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'kong-eu-dead-letters' });
    template.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/aws/lambda/kong-eu' });
    expect(JSON.stringify(template.toJSON())).not.toContain('kong-cloudtrail-integration-');
  });

  test('of the dashboard tells the Region, too: dashboards of all Regions share their names', () => {
    const name = ['kong-cloudtrail-integration-', { Ref: 'AWS::Region' }];
    minimal.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: { 'Fn::Join': ['', name] } });
    const { Outputs } = minimal.toJSON() as { Outputs: Record<string, { Value: unknown }> };
    expect(Outputs['DashboardUrl']?.Value).toEqual({
      'Fn::Join': [
        '',
        [
          'https://',
          { Ref: 'AWS::Region' },
          '.console.aws.amazon.com/cloudwatch/home?region=',
          { Ref: 'AWS::Region' },
          '#dashboards/dashboard/kong-cloudtrail-integration-',
          { Ref: 'AWS::Region' },
        ],
      ],
    });
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
    synthesize({ tags: 'team=platform,stage=prod' }).hasResourceProperties('AWS::Lambda::Function', {
      Tags: [
        { Key: 'stage', Value: 'prod' },
        { Key: 'team', Value: 'platform' },
      ],
    });
  });
});

describe('the outputs', () => {
  test('name the function, commands to paste, the dashboard and the security groups', () => {
    const value = (id: string) =>
      (minimal.toJSON() as { Outputs: Record<string, { Value: unknown }> }).Outputs[id]?.Value;
    expect(value('FunctionName')).toBe('kong-cloudtrail-integration');
    expect(value('CheckCommand')).toBe(
      'aws lambda invoke --function-name kong-cloudtrail-integration --cli-binary-format raw-in-base64-out --cli-read-timeout 900 --payload \'{"mode":"check"}\' /dev/stdout',
    );
    expect(value('RunCommand')).toContain("--payload '{}' /dev/stdout");
    expect(value('BackfillCommand')).toContain('"mode":"backfill","after":"');
    expect(value('DashboardUrl')).toBeDefined();
    minimal.hasOutput('FunctionSecurityGroupId', { Value: FUNCTION_GROUP });
    minimal.hasOutput('CacheSecurityGroupId', { Value: CACHE_GROUP });
  });
});

describe('destroying the stack', () => {
  test('leaves what cannot be had again: a snapshot of the ledger, the channel and the event data store', () => {
    const template = synthesize({
      channelArn: undefined,
      createChannel: true,
      kongSuperadmin: true,
      alarmEmail: 'a@example.com',
    });
    const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
    const kept = Object.values(Resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
    expect(kept.map(({ Type, DeletionPolicy }) => `${Type} ${DeletionPolicy ?? ''}`).sort()).toEqual([
      'AWS::CloudTrail::Channel Retain',
      'AWS::CloudTrail::EventDataStore Retain',
      'AWS::ElastiCache::ReplicationGroup Snapshot',
    ]);
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
  /** As the CDK CLI keeps in cdk.context.json what it looked up. */
  const lookedUp = {
    [`vpc-provider:account=${env.account}:filter.vpc-id=${MINIMAL.vpcId}:region=${env.region}:returnAsymmetricSubnets=true`]:
      {
        vpcId: MINIMAL.vpcId,
        vpcCidrBlock: '10.7.0.0/16',
        ownerAccountId: env.account,
        availabilityZones: [],
        subnetGroups: [
          {
            name: 'Private',
            type: 'Private',
            subnets: subnets('subnet-0000000a', 'subnet-0000000b', 'subnet-0000000c'),
          },
          { name: 'Public', type: 'Public', subnets: subnets('subnet-0000000d', 'subnet-0000000e', 'subnet-0000000f') },
          { name: 'Firewalled', type: 'Isolated', subnets: subnets('subnet-0000001a', 'subnet-0000001b') },
        ],
      },
  };

  test('is looked up when only its ID is given, and its private subnets with egress are used', () => {
    const template = synthesize({ ...nothingGiven, ...lookedUp }, env);
    const SubnetIds = ['subnet-0000000a', 'subnet-0000000b', 'subnet-0000000c'];
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds } });
    template.hasResourceProperties('AWS::ElastiCache::SubnetGroup', { SubnetIds });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '10.7.0.0/16', FromPort: 8444 })]),
    });
  });

  test('is looked up when only some of its subnets are given, and those are used', () => {
    const template = synthesize({ ...nothingGiven, ...lookedUp, subnetIds: 'subnet-0000000a,subnet-0000000c' }, env);
    const SubnetIds = ['subnet-0000000a', 'subnet-0000000c'];
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds } });
    template.hasResourceProperties('AWS::ElastiCache::SubnetGroup', { SubnetIds });
  });

  test('is looked up, and the given subnets are used, whatever kind of route they have', () => {
    const subnetIds = ['subnet-0000001a', 'subnet-0000001b'];
    const template = synthesize({ ...nothingGiven, ...lookedUp, subnetIds }, env);
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds: subnetIds } });
    template.hasResourceProperties('AWS::ElastiCache::SubnetGroup', { SubnetIds: subnetIds });
  });

  test('is looked up, and a subnet it does not have is refused', () => {
    const subnetIds = 'subnet-0000000a,subnet-0000000b,subnet-00000099';
    expect(() => synthesize({ ...nothingGiven, ...lookedUp, subnetIds }, env)).toThrow(
      `subnetIds must be subnets of ${MINIMAL.vpcId}, got subnet-00000099; it has subnet-0000000a, subnet-0000000b,`,
    );
  });

  test('is looked up, and must have subnets in two zones for a cache', () => {
    const [key = '', vpc] = Object.entries(lookedUp)[0] ?? [];
    const narrow = {
      ...vpc,
      subnetGroups: [{ name: 'Private', type: 'Private', subnets: subnets('subnet-0000000a') }],
    };
    expect(() => synthesize({ ...nothingGiven, [key]: narrow }, env)).toThrow(
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
