import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { BindingOutput } from './binding.ts';
import type { ForwarderScope } from './forwarder-scope.ts';

/** A secret for the RBAC token, made empty: what generates a value for lack of one would hide that it is to be filled. */
export function kongAdminToken(forwarder: ForwarderScope): {
  readonly secret: secretsmanager.ISecret;
  readonly output: BindingOutput;
} {
  const secret = new secretsmanager.CfnSecret(forwarder, 'KongAdminToken', {
    description: `RBAC token with which ${forwarder.resourceName} reads Kong's audit log`,
  });
  secret.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'Kong issues this token, and only an administrator of Kong can change it. A new value is read by the next run.',
  });
  return {
    secret: secretsmanager.Secret.fromSecretCompleteArn(forwarder, 'KongAdminTokenSecret', secret.ref),
    output: {
      id: 'FillKongAdminToken',
      description: 'Run this once with the RBAC token: the secret is empty, and until then every run fails',
      value: `aws secretsmanager put-secret-value --secret-id ${secret.ref} --secret-string '<token>'`,
    },
  };
}
