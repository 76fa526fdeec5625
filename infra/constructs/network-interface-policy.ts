import { Aws, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Lambda uses the role to attach the function to the VPC; the function's own code has no business there. */
export function networkInterfacePolicy(scope: Construct, role: iam.Role, functionName: string): iam.Policy {
  const manage = [
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'AssignPrivateIpAddresses',
    'UnassignPrivateIpAddresses',
  ];
  const describe = ['DescribeNetworkInterfaces', 'DescribeSubnets'];
  const actions = (names: readonly string[]) => names.map((name) => `ec2:${name}`);
  const inThisRegion = `arn:${Aws.PARTITION}:ec2:${Aws.REGION}:${Aws.ACCOUNT_ID}:*/*`;
  // The ARN of a subnet that another account shares has that account in it.
  const sharedSubnets = `arn:${Aws.PARTITION}:ec2:${Aws.REGION}:*:subnet/*`;
  const thisFunction = `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionName}`;

  const policy = new iam.Policy(scope, 'NetworkInterfaces', {
    roles: [role],
    statements: [
      new iam.PolicyStatement({ actions: actions(manage), resources: [inThisRegion] }),
      new iam.PolicyStatement({ actions: ['ec2:CreateNetworkInterface'], resources: [sharedSubnets] }),
      new iam.PolicyStatement({ actions: actions(describe), resources: ['*'] }),
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: actions([...manage, ...describe]),
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': thisFunction } },
      }),
    ],
  });
  Validations.of(policy).acknowledge(
    {
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:*/*]',
      reason:
        'Lambda makes network interfaces whose IDs nobody knows beforehand; without all IDs "your function may not be able to ' +
        'access the VPC" (Lambda developer guide). The function itself is denied these actions.',
    },
    {
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:*:subnet/*]',
      reason:
        'A subnet of a shared VPC belongs to an account that this app is not told. Only Lambda can make an interface with this, ' +
        "and only in the subnets of the function's configuration; the function itself is denied it.",
    },
    {
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'EC2 knows no resources for Describe actions; the other statement on * is a Deny.',
    },
  );
  return policy;
}
