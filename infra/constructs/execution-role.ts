import { Aws, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface ExecutionRoleProps {
  /** Name of the one function that has this role. */
  readonly functionName: string;

  /** The channel it sends to. */
  readonly channelArn: string;

  /** Where it writes its log. */
  readonly logGroup: logs.ILogGroup;

  /** What it reads. */
  readonly secrets: readonly secretsmanager.ISecret[];

  /** Whether it is traced with X-Ray; Lambda then adds what that needs. */
  readonly tracing: boolean;
}

/** What one forwarder's function may do: send to its channel, read its secrets, write its log. No managed policy. */
export class ExecutionRole extends Construct {
  readonly role: iam.Role;

  /** Lambda looks for these permissions when it makes the function, which must depend on them. */
  readonly networkInterfaces: iam.Policy;

  constructor(scope: Construct, id: string, props: ExecutionRoleProps) {
    super(scope, id);
    this.role = new iam.Role(this, 'Resource', {
      description: `Execution role of ${props.functionName}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    this.role.addToPolicy(
      new iam.PolicyStatement({ actions: ['cloudtrail-data:PutAuditEvents'], resources: [props.channelArn] }),
    );
    props.logGroup.grantWrite(this.role);
    grantSecrets(this.role, props.secrets);
    this.networkInterfaces = networkInterfacePolicy(this, this.role, props.functionName);

    if (props.tracing) {
      Validations.of(this.role).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'X-Ray knows no resources for PutTraceSegments and PutTelemetryRecords.',
      });
    }
  }
}

function grantSecrets(role: iam.Role, secrets: readonly secretsmanager.ISecret[]) {
  if (secrets.length === 0) return;
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      // An ARN ends in six characters of Secrets Manager's own; a secret imported by its name comes without them.
      resources: secrets.map(({ secretArn, secretFullArn }) => secretFullArn ?? `${secretArn}-??????`),
    }),
  );
  for (const keyArn of new Set(secrets.flatMap(({ encryptionKey }) => encryptionKey?.keyArn ?? []))) {
    // A secret is read in the Region that its ARN names, which need not be the stack's.
    const regions = secrets
      .filter(({ encryptionKey }) => encryptionKey?.keyArn === keyArn)
      .map(({ env }) => env.region);
    const services = [...new Set(regions)].map((region) => `secretsmanager.${region}.${Aws.URL_SUFFIX}`);
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [keyArn],
        conditions: { StringEquals: { 'kms:ViaService': services } },
      }),
    );
  }
}

/** Lambda uses the role to attach the function to the VPC; the function's own code has no business there. */
function networkInterfacePolicy(scope: Construct, role: iam.Role, functionName: string): iam.Policy {
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
