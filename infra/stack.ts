import { Aws, CfnOutput, Stack, type StackProps, Tags, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { KongAuditForwarder } from './constructs/kong-audit-forwarder.ts';
import { KongAuditCache } from './constructs/kong-audit-cache.ts';
import { KongAuditChannel } from './constructs/kong-audit-channel.ts';
import { ContextError, type DeploymentConfig } from './context/read-context.ts';
import { given } from './constructs/given.ts';
import { existingCache, type LedgerCache } from './constructs/ledger-cache.ts';
import { pickTuning } from './constructs/tuning.ts';
import type { Construct } from 'constructs';

export interface KongAuditStackProps extends StackProps {
  readonly config: DeploymentConfig;

  /**
   * The function's code.
   *
   * @default - `lambda/handler.ts`, bundled
   */
  readonly code?: lambda.Code;
}

/** One forwarder with its ledger, and its channel if that is to be made, in a VPC that is there already. */
export class KongAuditStack extends Stack {
  constructor(scope: Construct, id: string, { config, code, ...props }: KongAuditStackProps) {
    super(scope, id, props);
    for (const [key, value] of Object.entries(config.tags)) Tags.of(this).add(key, value);

    const vpc = network(this, config);
    const vpcSubnets = subnetsOf(vpc, config);
    const alarmTopics = topics(this, config);
    const secretKey =
      config.secretKmsKeyArn === undefined ? undefined : kms.Key.fromKeyArn(this, 'SecretKey', config.secretKmsKeyArn);
    const secret = (secretId: string, secretCompleteArn: string | undefined) =>
      secretCompleteArn === undefined
        ? undefined
        : secretsmanager.Secret.fromSecretAttributes(
            this,
            secretId,
            given({ secretCompleteArn, encryptionKey: secretKey }),
          );

    const cache: LedgerCache =
      config.redis === 'create'
        ? new KongAuditCache(this, 'Cache', {
            vpc,
            vpcSubnets,
            name: config.resourceName,
            alarmTopics,
            ...given({ nodeType: config.cacheNodeType, engine: config.cacheEngine, db: config.redisDb }),
          })
        : existingCache({
            ...hostAndPort(config.redis),
            peer: ec2.Peer.ipv4(vpc.vpcCidrBlock),
            ...given({
              securityGroup: importedGroup(this, 'RedisSecurityGroup', config.redisSecurityGroupId),
              password: secret('RedisPassword', config.redisPasswordSecretArn),
              username: config.redisUsername,
              db: config.redisDb,
              tls: config.redisTls,
            }),
          });

    const channel = config.createChannel
      ? new KongAuditChannel(this, 'Channel', {
          name: config.resourceName,
          ...given({ retentionDays: config.retentionDays }),
        })
      : undefined;

    const forwarder = new KongAuditForwarder(this, 'Forwarder', {
      kongAdminApi: config.kongAdminApi,
      vpc,
      vpcSubnets,
      channelArn: channel?.channelArn ?? config.channelArn ?? '',
      cache,
      schedule: config.schedule.expression,
      resourceName: config.resourceName,
      sourceName: config.sourceName,
      tracing: config.tracing,
      alarmTopics,
      ...given({
        kongSuperadmin: config.kongSuperadmin,
        kongAdminToken: secret('KongAdminToken', config.kongAdminTokenSecretArn),
        kongRootCa: config.kongRootCa,
        kongSecurityGroup: importedGroup(this, 'KongSecurityGroup', config.kongSecurityGroupId),
        kongCidr: config.kongCidr,
        externalId: config.externalId,
        sweepSchedule: config.sweepSchedule?.expression,
        code,
      }),
      ...pickTuning(config),
    });
    this.tell(forwarder, cache, channel);
  }

  private tell(forwarder: KongAuditForwarder, cache: LedgerCache, channel: KongAuditChannel | undefined) {
    const output = (id: string, description: string, value: string | undefined) => {
      if (value !== undefined) new CfnOutput(this, id, { description, value });
    };
    const day = { after: '2026-11-01T00:00:00Z', before: '2026-11-02T00:00:00Z' };
    output('FunctionName', 'The function', forwarder.resourceName);
    output(
      'FillKongAdminToken',
      'Run this once with the RBAC token: the secret is empty, and until then every run fails',
      forwarder.secretToFill &&
        `aws secretsmanager put-secret-value --secret-id ${forwarder.secretToFill.secretArn} --secret-string '<token>'`,
    );
    output(
      'CheckCommand',
      'Says whether everything the forwarder needs is there, and what to do if not',
      forwarder.invokeCommand({ mode: 'check' }),
    );
    output('RunCommand', 'A scheduled run, now', forwarder.invokeCommand({}));
    output(
      'BackfillCommand',
      'Reads a stretch of time again, with your own times',
      forwarder.invokeCommand({ mode: 'backfill', ...day }),
    );
    output(
      'DashboardUrl',
      'The dashboard',
      `https://${this.region}.${consoleOf(this.region)}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${forwarder.dashboardName}`,
    );
    output(
      'FunctionSecurityGroupId',
      'Allow it where Kong, or an existing Redis, is',
      forwarder.securityGroup.securityGroupId,
    );
    if (cache instanceof KongAuditCache) {
      output('CacheSecurityGroupId', 'The security group of the ledger', cache.securityGroup.securityGroupId);
    }
    output('ChannelArn', 'The channel; it stays when the stack is destroyed', channel?.channelArn);
    output(
      'EventDataStoreArn',
      'The event data store; it stays when the stack is destroyed',
      channel?.eventDataStoreArn,
    );
  }
}

/** The domain of the management console in the Region's partition. */
function consoleOf(region: string): string {
  if (region.startsWith('cn-')) return 'console.amazonaws.cn';
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : 'console.aws.amazon.com';
}

/** With subnets, zones and CIDR given nothing is looked up, and the app can be synthesised without credentials. */
function network(scope: Construct, config: DeploymentConfig): ec2.IVpc {
  const { vpcId, subnetIds, availabilityZones, vpcCidr } = config;
  if (!subnetIds || !availabilityZones || vpcCidr === undefined) return ec2.Vpc.fromLookup(scope, 'Vpc', { vpcId });
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId,
    vpcCidrBlock: vpcCidr,
    availabilityZones,
    privateSubnetIds: subnetIds,
  });
  Validations.of(vpc).acknowledge({
    id: '@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'Nothing here reads or changes route tables.',
  });
  return vpc;
}

/** The given subnets, of whatever kind: one whose way out is a firewall or a VPN counts as isolated in a look-up. */
function subnetsOf(vpc: ec2.IVpc, { vpcId, subnetIds, availabilityZones }: DeploymentConfig): ec2.SubnetSelection {
  // Until the CDK CLI has looked it up, another VPC stands in.
  const pending = vpc.vpcId !== vpcId;
  if (!subnetIds || availabilityZones || pending) return { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };
  const all = [...vpc.privateSubnets, ...vpc.isolatedSubnets, ...vpc.publicSubnets];
  const unknown = subnetIds.filter((id) => !all.some(({ subnetId }) => subnetId === id));
  if (unknown.length > 0)
    throw new ContextError([
      `subnetIds must be subnets of ${vpcId}, got ${unknown.join(', ')}; it has ${all.map(({ subnetId }) => subnetId).join(', ')}`,
    ]);
  return { subnets: all.filter(({ subnetId }) => subnetIds.includes(subnetId)) };
}

function topics(scope: Construct, { alarmEmail, alarmTopicArn, resourceName }: DeploymentConfig): sns.ITopic[] {
  const all: sns.ITopic[] = [];
  if (alarmTopicArn !== undefined) all.push(sns.Topic.fromTopicArn(scope, 'GivenAlarmTopic', alarmTopicArn));
  if (alarmEmail !== undefined) {
    const topic = new sns.Topic(scope, 'AlarmTopic', { topicName: `${resourceName}-alarms`, enforceSSL: true });
    topic.addSubscription(new EmailSubscription(alarmEmail));
    // A topic with a policy of its own has lost the default one, which let the account's alarms publish.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    all.push(topic);
  }
  return all;
}

function importedGroup(
  scope: Construct,
  id: string,
  securityGroupId: string | undefined,
): ec2.ISecurityGroup | undefined {
  return securityGroupId === undefined ? undefined : ec2.SecurityGroup.fromSecurityGroupId(scope, id, securityGroupId);
}

function hostAndPort(redis: string): { readonly host: string; readonly port: number } {
  const colon = redis.lastIndexOf(':');
  return { host: redis.slice(0, colon), port: Number(redis.slice(colon + 1)) };
}
