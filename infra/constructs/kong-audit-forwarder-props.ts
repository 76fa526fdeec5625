import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { AwsEndpoints } from './aws-endpoints.ts';
import type { LedgerCache } from './ledger-cache.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';
import type { ForwarderTuning } from './tuning.ts';

export interface KongAuditForwarderProps extends ForwarderTuning {
  /** Where it reads, such as `new KongSource({ adminApi })`. */
  readonly source: Source;

  /** Where it sends, such as `new CloudWatchLogsSink({ logGroup })`. */
  readonly sink: Sink;

  /** The VPC from which the source and the cache are reached. */
  readonly vpc: ec2.IVpc;

  /** The ledger. Forwarders that share one need different `sourceName`s. */
  readonly cache: LedgerCache;

  /**
   * Subnets of the function. They need a way out on port 443, unless there are `endpoints`.
   *
   * @default - the VPC's private subnets with egress
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Interface endpoints through which AWS is called, and nothing else on port 443. What the sink calls must have one.
   *
   * @default - AWS is called at whatever address the VPC's DNS gives
   */
  readonly endpoints?: AwsEndpoints;

  /**
   * When to run: a rate or cron, at least every three days.
   *
   * @default ScheduleExpression.rate(Duration.hours(1))
   */
  readonly schedule?: ScheduleExpression;

  /**
   * When to reread everything that the source retains, on top of what is new.
   *
   * @default - never
   */
  readonly sweepSchedule?: ScheduleExpression;

  /**
   * When to compare what source and sink have of the day before, in UTC; `none` for never.
   *
   * @default - daily, where the sink can be read and runs are less than 22 hours apart
   */
  readonly verifySchedule?: ScheduleExpression | 'none';

  /**
   * Name of the function; prefix of the names of schedules, queue and alarms. 3 to 50 letters, digits and hyphens.
   *
   * @default 'kong-cloudtrail-integration'
   */
  readonly resourceName?: string;

  /**
   * Name of this source: namespace in the ledger and dimension of the metrics. Changing it forgets what was forwarded.
   *
   * @default 'kong'
   */
  readonly sourceName?: string;

  /**
   * Where alarms, and their end, are told.
   *
   * @default - alarms without action
   */
  readonly alarmTopics?: readonly sns.ITopic[];

  /**
   * So many denied calls (401, 403) in an interval raise an alarm; 0 for none.
   *
   * @default 20
   */
  readonly deniedAlarmThreshold?: number;

  /**
   * Whether any write by nobody raises an alarm.
   *
   * @default - where the source wants a token
   */
  readonly anonymousWritesAlarm?: boolean;

  /**
   * PEM of authorities that the function trusts besides those of Node.js, for every connection: of a private Redis, or of what inspects the way to AWS.
   *
   * @default - none
   */
  readonly extraCaCerts?: string;

  /**
   * Whether AWS is called at its FIPS endpoints, where the Region has them.
   *
   * @default false
   */
  readonly useFipsEndpoint?: boolean;

  /**
   * Whether runs are traced with X-Ray.
   *
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * How long the function's own log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * The function's code.
   *
   * @default - `lambda/handler.ts`, bundled
   */
  readonly code?: lambda.Code;
}
