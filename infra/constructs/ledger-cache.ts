import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** A Redis that can keep the ledger of one or several forwarders. */
export interface LedgerCache {
  /** `host:port` of the node that takes writes. */
  readonly redisHost: string;

  /** Whether connections are TLS. */
  readonly tls: boolean;

  /**
   * Holds the password.
   *
   * @default - no password
   */
  readonly password?: secretsmanager.ISecret;

  /**
   * User of the password, where Redis has users.
   *
   * @default - Redis' default user
   */
  readonly username?: string;

  /**
   * Number of the database.
   *
   * @default 0
   */
  readonly db?: number;

  /** Where it is; a forwarder opens its egress to here, and the ingress where the security group is known. */
  readonly connections: ec2.Connections;

  /**
   * Percent of its memory in use, on the fullest node.
   *
   * @default - not shown
   */
  readonly memoryUsage?: cloudwatch.IMetric;

  /**
   * Its alarm, for the dashboards of its forwarders.
   *
   * @default - none
   */
  readonly memoryAlarm?: cloudwatch.IAlarm;
}
