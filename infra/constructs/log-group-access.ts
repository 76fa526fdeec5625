import { type Acknowledgment, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';

/** In place of the ARN of a log group that is read or written and that only the deployment knows. */
export const standInLogGroupArn = (use: 'read' | 'written') =>
  `arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/${use}/${'x'.repeat(64)}`;

/** What the function may do with one log group, and why cdk-nag need not mind the `:*` at the end of its ARN. */
export interface LogGroupAccess {
  readonly statements: readonly iam.PolicyStatement[];
  readonly acknowledgements: readonly Acknowledgment[];
}

/** The group's ARN without the `:*` that CDK puts at its end, where that is known now. */
export function bareArn({ logGroupArn }: logs.ILogGroup): string {
  return Token.isUnresolved(logGroupArn) ? logGroupArn : logGroupArn.replace(/:\*$/, '');
}

/**
 * `actions` on `logGroup` and its streams. "Use the ARN with the trailing :* in IAM policies" for everything but the few actions that name a group
 * by its ARN (CloudWatch Logs user guide, "Log group ARN formats").
 */
export function accessTo(logGroup: logs.ILogGroup, actions: readonly string[]): LogGroupAccess {
  const { logGroupArn } = logGroup;
  return {
    statements: [new iam.PolicyStatement({ actions: [...actions], resources: [logGroupArn] })],
    acknowledgements: Token.isUnresolved(logGroupArn)
      ? []
      : [
          {
            id: `AwsSolutions-IAM5[Resource::${logGroupArn}]`,
            reason: 'This is one log group: IAM wants the :* at the end of its ARN, which stands for its streams.',
          },
        ],
  };
}
