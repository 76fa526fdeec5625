import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { given } from '../constructs/given.ts';
import type { DeploymentConfig } from './schema.ts';

const KEY_ID = 'SecretKey';

/** A secret that is there already, with the key that all such secrets of `config` have. */
export function secretOf(
  scope: Construct,
  id: string,
  { secretKmsKeyArn }: DeploymentConfig,
  secretCompleteArn: string | undefined,
): secretsmanager.ISecret | undefined {
  if (secretCompleteArn === undefined) return undefined;
  const encryptionKey =
    secretKmsKeyArn === undefined
      ? undefined
      : ((scope.node.tryFindChild(KEY_ID) as kms.IKey | undefined) ??
        kms.Key.fromKeyArn(scope, KEY_ID, secretKmsKeyArn));
  return secretsmanager.Secret.fromSecretAttributes(scope, id, given({ secretCompleteArn, encryptionKey }));
}
