import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { addAlarm, type AlarmOptions } from './alarm.ts';

/** Percent of its memory in use, on the fullest node. The nodes of a group with cluster mode off are called `<group>-001`, `<group>-002`. */
export function fullestNode(replicationGroupId: string): cloudwatch.IMetric {
  const node = (number: string) =>
    new cloudwatch.Metric({
      namespace: 'AWS/ElastiCache',
      metricName: 'DatabaseMemoryUsagePercentage',
      dimensionsMap: { CacheClusterId: `${replicationGroupId}-${number}`, CacheNodeId: '0001' },
      statistic: 'Maximum',
      period: Duration.minutes(5),
    });
  return new cloudwatch.MathExpression({
    expression: 'MAX([first, second])',
    label: 'Cache memory, fullest node (%)',
    usingMetrics: { first: node('001'), second: node('002') },
    period: Duration.minutes(5),
  });
}

/** The alarm of a cache that this app made; one, however many forwarders share it. */
export function watchCacheMemory(
  scope: Construct,
  memoryUsage: cloudwatch.IMetric,
  options: AlarmOptions,
): cloudwatch.IAlarm {
  return addAlarm(scope, 'Memory', 'cache-memory', options, {
    metric: memoryUsage,
    description:
      'The ledger uses over 80 % of its memory. When it is full it refuses writes and runs fail; nothing is evicted. First: deploy a larger ' +
      "node type (context key cacheNodeType). Check that auditTtlSeconds is Kong's audit_log_record_ttl.",
    threshold: 80,
    evaluationPeriods: 3,
    treatMissingData: cloudwatch.TreatMissingData.IGNORE,
  });
}
