import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** A security group that is there already, where one is given. */
export function securityGroupOf(
  scope: Construct,
  id: string,
  securityGroupId: string | undefined,
): ec2.ISecurityGroup | undefined {
  return securityGroupId === undefined ? undefined : ec2.SecurityGroup.fromSecurityGroupId(scope, id, securityGroupId);
}
