import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { CloudTrailLakeSink } from '../constructs/cloudtrail-lake-sink.ts';
import { CloudWatchLogsSink } from '../constructs/cloudwatch-logs-sink.ts';
import { given } from '../constructs/given.ts';
import { KongAuditChannel } from '../constructs/kong-audit-channel.ts';
import { KongAuditLogGroup } from '../constructs/kong-audit-log-group.ts';
import { LakeDashboard } from '../constructs/lake-dashboard.ts';
import type { Sink } from '../constructs/sink.ts';
import { type AuditQuery, KUBERNETES_QUERIES, QUERIES } from '../queries.ts';
import { logRetention } from './log-retention.ts';
import type { DeploymentConfig } from './schema.ts';

/** The sink that `config` asks for, made where it is to be made. */
export function sinkOf(scope: Construct, config: DeploymentConfig): Sink {
  const { logGroupArn, createLogGroup } = config;
  if (createLogGroup) return new CloudWatchLogsSink({ logGroup: newLogGroup(scope, config) });
  if (logGroupArn !== undefined)
    return new CloudWatchLogsSink({ logGroup: logs.LogGroup.fromLogGroupArn(scope, 'GivenAuditLog', logGroupArn) });
  return lakeSink(scope, config);
}

function newLogGroup(scope: Construct, config: DeploymentConfig): logs.ILogGroup {
  const { resourceName, retentionDays, logGroupKmsKeyArn } = config;
  return new KongAuditLogGroup(scope, 'AuditLog', {
    name: resourceName,
    queries: queriesFor(config),
    ...given({
      retention: logRetention(retentionDays),
      encryptionKey:
        logGroupKmsKeyArn === undefined ? undefined : kms.Key.fromKeyArn(scope, 'AuditLogKey', logGroupKmsKeyArn),
    }),
  }).logGroup;
}

/** The questions that the events of this source can answer. */
function queriesFor({ kongAdminApi, sourceFormat }: DeploymentConfig): readonly AuditQuery[] {
  if (kongAdminApi !== undefined) return QUERIES;
  const common = QUERIES.filter(({ name }) => OF_ANY_SOURCE.has(name));
  return sourceFormat === 'kubernetes-audit' ? [...KUBERNETES_QUERIES, ...common] : common;
}

/** They ask for nothing which only Kong's entries have. */
const OF_ANY_SOURCE: ReadonlySet<AuditQuery['name']> = new Set(['duplicates', 'events-per-hour', 'user-activity']);

function lakeSink(scope: Construct, config: DeploymentConfig): Sink {
  const { resourceName, retentionDays, lakeDashboard } = config;
  const made = config.createChannel
    ? new KongAuditChannel(scope, 'Channel', {
        name: resourceName,
        ...given({ retention: retentionDays === undefined ? undefined : Duration.days(retentionDays) }),
      })
    : undefined;
  const channelArn = made?.channelArn ?? config.channelArn;
  if (channelArn === undefined) throw new Error('The context has no sink, which its rules should have told');
  const eventDataStoreArn = made?.eventDataStoreArn ?? config.eventDataStoreArn;
  if (lakeDashboard && eventDataStoreArn !== undefined) {
    const { policyCommand } = new LakeDashboard(scope, 'LakeDashboard', {
      name: resourceName,
      eventDataStoreArn,
      queries: queriesFor(config),
      ownsStore: made !== undefined,
    });
    if (policyCommand !== undefined)
      new CfnOutput(scope, 'AllowLakeDashboard', {
        description: 'Run this once, or the Lake dashboard stays empty. It replaces a policy that the store may have',
        value: policyCommand,
      });
  }
  return new CloudTrailLakeSink({
    channelArn,
    ...given({
      externalId: config.externalId,
      eventDataStoreArn,
      eventDataStoreKeyArn: config.eventDataStoreKmsKeyArn,
    }),
  });
}
