import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { startSecretsManager, type SecretsManagerSimulator } from './secrets-manager.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

/** AWS's own client, so that the verification of signatures is proven against the real signer. */
function client(
  { url }: SecretsManagerSimulator,
  credentials: Credentials = EXAMPLE_CREDENTIALS,
): SecretsManagerClient {
  return new SecretsManagerClient({ endpoint: url, region: 'eu-central-1', credentials, maxAttempts: 1 });
}

const read = (from: SecretsManagerClient, SecretId: string) => from.send(new GetSecretValueCommand({ SecretId }));

describe('startSecretsManager', () => {
  test('gives a secret by name and by ARN', async () => {
    await using secrets = await startSecretsManager({ secrets: { 'kong/token': 's3cret' } });
    const byName = await read(client(secrets), 'kong/token');
    expect(byName).toMatchObject({ SecretString: 's3cret', ARN: secrets.arn('kong/token'), Name: 'kong/token' });
    expect((await read(client(secrets), secrets.arn('kong/token'))).SecretString).toBe('s3cret');
  });

  test('gives what the secret is now', async () => {
    await using secrets = await startSecretsManager({ secrets: { token: 'old' } });
    const arn = secrets.set('token', 'new');
    expect((await read(client(secrets), arn)).SecretString).toBe('new');
    secrets.set('token', { binary: Buffer.from('raw') });
    expect(Buffer.from((await read(client(secrets), arn)).SecretBinary ?? []).toString()).toBe('raw');
    secrets.set('token', undefined);
    await expect(read(client(secrets), arn)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('refuses those who may not read it, and those it does not know', async () => {
    await using secrets = await startSecretsManager({ secrets: { token: { denied: true }, other: 'x' } });
    await expect(read(client(secrets), 'token')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const stranger = client(secrets, { ...EXAMPLE_CREDENTIALS, secretAccessKey: 'wrong' });
    await expect(read(stranger, 'other')).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    const visitor = client(secrets, { ...EXAMPLE_CREDENTIALS, sessionToken: 'none of ours' });
    await expect(read(visitor, 'other')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  test('knows temporary credentials', async () => {
    const temporary = { ...EXAMPLE_CREDENTIALS, sessionToken: 'a/session+token==' };
    await using secrets = await startSecretsManager({ secrets: { token: 'x' }, credentials: [temporary] });
    expect((await read(client(secrets, temporary), 'token')).SecretString).toBe('x');
    await expect(read(client(secrets), 'token')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });
});
