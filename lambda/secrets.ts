import { SecretError } from './errors.ts';

/** A secret given in the environment, or the Secrets Manager ARN it is read from. */
export type SecretSource = { readonly value: string } | { readonly secretArn: string };

/** A secret that may change while the function stays warm. */
export interface Secret {
  /** True when reading it again can give another value. */
  readonly rotates: boolean;
  /** The value: kept from the last reading, or with `fresh` read again. @throws {SecretError} also when `signal` aborts */
  read(options?: { readonly fresh?: boolean; readonly signal?: AbortSignal }): Promise<string>;
}

/**
 * Makes `source` readable. A value from the environment is given as it is; an ARN is read from Secrets Manager on first use.
 * The stored secret may be plain text, or a JSON object whose `field`, or whose only member, is the value.
 */
export function toSecret(source: SecretSource, field: string): Secret {
  if ('value' in source) return { rotates: false, read: () => Promise.resolve(source.value) };
  let kept: Promise<string> | null = null;
  return {
    rotates: true,
    read({ fresh = false, signal } = {}) {
      if (fresh) kept = null;
      kept ??= fetchSecret(source.secretArn, field, signal).catch((error: unknown) => {
        kept = null;
        throw error;
      });
      return kept;
    },
  };
}

/** Asks the secret's own Region, whichever Region the function runs in. */
async function fetchSecret(arn: string, field: string, abortSignal?: AbortSignal): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({
    ...regionOf(arn),
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  let text: string | undefined;
  try {
    const command = new GetSecretValueCommand({ SecretId: arn });
    text = (await client.send(command, { ...(abortSignal && { abortSignal }) })).SecretString;
  } catch (cause) {
    throw new SecretError(`The secret ${arn} could not be read: ${reason(cause)}.`, { fix: advice(cause, arn), cause });
  } finally {
    client.destroy();
  }
  const value = valueIn(text ?? '', field);
  if (value) return value;
  throw new SecretError(`Expected a non-empty text, or JSON with "${field}", in the secret ${arn}, got neither.`, {
    fix: fill(arn),
  });
}

function regionOf(arn: string): { region?: string } {
  const region = arn.split(':')[3];
  return region ? { region } : {};
}

function valueIn(text: string, field: string): string | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return trimmed;
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(trimmed) as Record<string, unknown>;
  } catch {
    return trimmed;
  }
  const values = Object.values(members);
  const value = members[field] ?? (values.length === 1 ? values[0] : undefined);
  return typeof value === 'string' ? value.trim() : null;
}

const reason = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

function advice(error: unknown, arn: string): string {
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  switch (name) {
    case 'ResourceNotFoundException':
      return `Check the ARN; a secret that was created empty must be filled first. ${fill(arn)}`;
    case 'InvalidRequestException':
      return 'It is probably marked for deletion: restore it, or give the ARN of another one.';
    case 'AccessDeniedException':
    case 'DecryptionFailure':
      return "Allow secretsmanager:GetSecretValue (and kms:Decrypt on the secret's own key) to the function's role.";
    case 'CredentialsProviderError':
      return 'Give the function a role that may read it.';
    default:
      return $metadata?.httpStatusCode === undefined
        ? 'The function needs a way out on 443 to Secrets Manager: a NAT or a VPC endpoint.'
        : 'Secrets Manager answered with this; the next run tries again.';
  }
}

const fill = (arn: string): string =>
  `Fill it: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string <value>`;

/** The secret that a variable gives directly or by its ARN; null when neither is set. */
export function secretSource(value: string | undefined, arn: string | undefined): SecretSource | null {
  if (arn !== undefined) return { secretArn: arn };
  return value === undefined ? null : { value };
}
