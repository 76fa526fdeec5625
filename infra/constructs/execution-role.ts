import { type Acknowledgment, Aws, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { networkInterfacePolicy } from './network-interface-policy.ts';

export interface ExecutionRoleProps {
  /** Name of the one function that has this role. */
  readonly functionName: string;

  /** What its source and its sink let it do. */
  readonly statements: readonly iam.PolicyStatement[];

  /** Findings of cdk-nag about `statements` that are as they should be. */
  readonly acknowledgements: readonly Acknowledgment[];

  /** Where it writes its log. */
  readonly logGroup: logs.ILogGroup;

  /** What it reads. */
  readonly secrets: readonly secretsmanager.ISecret[];

  /** Whether it is traced with X-Ray; Lambda then adds what that needs. */
  readonly tracing: boolean;
}

/** What one forwarder's function may do: what its source and sink need, read its secrets, write its log. No managed policy. */
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
    for (const statement of props.statements) this.role.addToPolicy(statement);
    Validations.of(this.role).acknowledge(...props.acknowledgements);
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
