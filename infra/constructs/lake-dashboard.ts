import { Aws, Fn } from 'aws-cdk-lib';
import * as cloudtrail from 'aws-cdk-lib/aws-cloudtrail';
import { Construct } from 'constructs';
import { type AuditQuery, fillQuery } from '../queries.ts';

export interface LakeDashboardProps {
  /** Name of the dashboard; one in the account has it. */
  readonly name: string;

  /** ARN of the event data store that is asked. It must be in this account. */
  readonly eventDataStoreArn: string;

  /**
   * Whether the store's resource policy is this app's to set, as that of a store which it makes. It would replace any other.
   *
   * @default false - `policyCommand` is to be run by hand
   */
  readonly ownsStore?: boolean;

  /** Ten at most; a query with parameters of its own cannot be asked by a dashboard. */
  readonly queries: readonly AuditQuery[];
}

/** "A custom dashboard can have a maximum of ten widgets" (CloudFormation, AWS::CloudTrail::Dashboard). */
const MAX_WIDGETS = 10;

/**
 * A dashboard in CloudTrail Lake, filled when somebody refreshes it: each refresh runs every query and is billed by what they read, so there is no refresh
 * schedule. CloudTrail must be allowed to query the store for it, by the store's resource policy.
 */
export class LakeDashboard extends Construct {
  /** Allows the refresh, where the store's policy is not this app's to set. It replaces a policy that the store may have. */
  readonly policyCommand?: string;

  constructor(scope: Construct, id: string, { name, eventDataStoreArn, queries, ownsStore }: LakeDashboardProps) {
    super(scope, id);
    const fitting = queries.filter(({ parameters }) => parameters.length === 0).slice(0, MAX_WIDGETS);
    const eventDataStoreId = Fn.select(1, Fn.split('/', eventDataStoreArn));
    new cloudtrail.CfnDashboard(this, 'Resource', {
      name,
      widgets: fitting.map(({ lake, question }) => ({
        // CloudTrail puts the dashboard's times in place of the question marks, in their order.
        queryStatement: fillQuery(lake, { EDS_ID: eventDataStoreId, START: '?', END: '?' }),
        queryParameters: ['$StartTime$', '$EndTime$'],
        viewProperties: { Title: toTitle(question), View: 'Table', Height: '2', Width: '4' },
      })),
    });
    const resourcePolicy = refreshPolicy(name, eventDataStoreArn);
    if (ownsStore)
      new cloudtrail.CfnResourcePolicy(this, 'MayRefresh', { resourceArn: eventDataStoreArn, resourcePolicy });
    else
      this.policyCommand = `aws cloudtrail put-resource-policy --resource-arn ${eventDataStoreArn} --resource-policy '${JSON.stringify(resourcePolicy)}'`;
  }
}

/** CloudTrail user guide, "Example: Allow CloudTrail to run queries to refresh a dashboard". */
function refreshPolicy(dashboard: string, eventDataStoreArn: string) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'RefreshDashboard',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 'cloudtrail:StartQuery',
        Resource: eventDataStoreArn,
        Condition: {
          StringEquals: {
            'aws:SourceAccount': Aws.ACCOUNT_ID,
            'aws:SourceArn': `arn:${Aws.PARTITION}:cloudtrail:${Aws.REGION}:${Aws.ACCOUNT_ID}:dashboard/${dashboard}`,
          },
        },
      },
    ],
  };
}

/** What CloudTrail takes in the values of a widget's properties (CloudTrail API reference, RequestWidget). */
const toTitle = (question: string): string => question.replaceAll(/[^a-zA-Z0-9._\- ]/g, '');
