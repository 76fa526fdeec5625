import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type AuditQuery, exampleValues, fillQuery } from '../queries.ts';

export interface KongAuditLogGroupProps {
  /** Name of the deployment: the group is called `/kong-audit/<name>`, and saved queries stand under `<name>/`. */
  readonly name: string;

  /**
   * How long the events are kept, judged by the time of the log line. With less than two weeks, the older entries of a first run go to quarantine.
   *
   * @default RetentionDays.TEN_YEARS
   */
  readonly retention?: logs.RetentionDays;

  /**
   * Customer-managed key. Its policy must let CloudWatch Logs use it for this group (docs/deploy-cloudwatch-logs.md).
   *
   * @default - a key of CloudWatch Logs
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Questions that are saved in Logs Insights, for this group.
   *
   * @default - none
   */
  readonly queries?: readonly AuditQuery[];
}

/** "Custom data source names cannot start with aws or amazon" (CloudWatch Logs user guide, "Custom sources"). */
const DATA_SOURCE = { 'cw:datasource:name': 'kong', 'cw:datasource:type': 'audit' } as const;

/**
 * A log group for audit events, protected from deletion. It outlives the stack: it holds the evidence, and a deployment after it can go on with the
 * same group.
 */
export class KongAuditLogGroup extends Construct {
  readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: KongAuditLogGroupProps) {
    super(scope, id);
    const { name, encryptionKey, queries = [] } = props;
    this.logGroup = new logs.LogGroup(this, 'Resource', {
      logGroupName: logGroupNameOf(name),
      logGroupClass: logs.LogGroupClass.STANDARD,
      retention: props.retention ?? logs.RetentionDays.TEN_YEARS,
      deletionProtectionEnabled: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(encryptionKey && { encryptionKey }),
    });
    for (const [key, value] of Object.entries(DATA_SOURCE)) Tags.of(this.logGroup).add(key, value);
    for (const query of queries)
      new logs.CfnQueryDefinition(this, query.name, {
        name: `${name}/${query.name}`,
        queryString: fillQuery(query.insights, exampleValues(query)),
        logGroupNames: [this.logGroup.logGroupName],
      });
  }
}

/** What the group of the deployment `name` is called. */
export const logGroupNameOf = (name: string): string => `/kong-audit/${name}`;
