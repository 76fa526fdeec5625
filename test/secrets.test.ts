import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SecretError } from '../lambda/errors.ts';
import { toSecret } from '../lambda/secrets.ts';
import { type SecretValue, type SecretsManagerSimulator, startSecretsManager } from './simulators/secrets-manager.ts';
import { stubAwsEnvironment } from './support/aws-environment.ts';
import { freePort } from './support/redis-server.ts';

const VALUE = 'the-value-nobody-may-see';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The secret `name`, as a function finds it whose environment leads to this Secrets Manager. */
function secretOf(secrets: SecretsManagerSimulator, env: Readonly<Record<string, string>> = {}) {
  stubAwsEnvironment({ ...secrets.env, ...env });
  return toSecret({ secretArn: secrets.arn('kong/token') }, 'token');
}

const start = (value: SecretValue) => startSecretsManager({ secrets: { 'kong/token': value } });

async function failure(reading: Promise<string>): Promise<Error> {
  const error: unknown = await reading.then(
    () => new Error('expected a rejection'),
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(VALUE);
  return error as Error;
}

describe('a value from the environment', () => {
  test('is given as it is and never changes', async () => {
    const secret = toSecret({ value: '{"token":"x"} ' }, 'token');
    expect([secret.rotates, await secret.read(), await secret.read({ fresh: true })]).toEqual([
      false,
      '{"token":"x"} ',
      '{"token":"x"} ',
    ]);
  });
});

describe('a secret in Secrets Manager', () => {
  test.each([
    ['plain text', VALUE],
    ['plain text with a line end, as an editor leaves it', ` ${VALUE}\n`],
    ['JSON with the field', JSON.stringify({ user: 'kong', token: VALUE })],
    ['JSON with a single member of another name', JSON.stringify({ 'Kong-Admin-Token': VALUE })],
    ['JSON with white space around the value', JSON.stringify({ token: ` ${VALUE}\n` })],
  ])('may be %s', async (_, stored) => {
    await using secrets = await start(stored);
    const secret = secretOf(secrets);
    expect([secret.rotates, await secret.read()]).toEqual([true, VALUE]);
  });

  test('that merely begins like JSON is plain text', async () => {
    await using secrets = await start('{not json');
    expect(await secretOf(secrets).read()).toBe('{not json');
  });

  test.each([
    ['white space', ' \n'],
    ['an empty object', '{}'],
    ['several members of other names', JSON.stringify({ user: VALUE, password: VALUE })],
    ['an empty field', JSON.stringify({ token: '', other: VALUE })],
    ['a field that is no text', JSON.stringify({ token: 5, other: VALUE })],
    ['a field that is null', JSON.stringify({ token: null })],
    ['bytes', { binary: Buffer.from(VALUE) }],
  ] as const)('that is %s is an error that says how to fill it', async (_, stored) => {
    await using secrets = await start(stored);
    const error = await failure(secretOf(secrets).read());
    expect(error).toBeInstanceOf(SecretError);
    expect(error).toMatchObject({ code: 'SECRET_UNREADABLE' });
    expect(error.message).toContain(secrets.arn('kong/token'));
    expect(error.message).toMatch(/JSON with "token".+aws secretsmanager put-secret-value/);
  });

  test('is read in its own Region, whichever Region the function runs in', async () => {
    await using secrets = await start(VALUE);
    expect(await secretOf(secrets, { AWS_REGION: 'us-east-1' }).read()).toBe(VALUE);
  });

  test('is read through AWS_ENDPOINT_URL as well', async () => {
    await using secrets = await start(VALUE);
    const { AWS_ENDPOINT_URL_SECRETS_MANAGER: url = '', ...env } = secrets.env;
    stubAwsEnvironment({ ...env, AWS_ENDPOINT_URL: url });
    expect(await toSecret({ secretArn: secrets.arn('kong/token') }, 'token').read()).toBe(VALUE);
  });
});

describe('a secret that cannot be read', () => {
  test.each([
    ['that does not exist', undefined, /ResourceNotFoundException.+Check the ARN.+put-secret-value/],
    ['that the role may not read', { denied: true }, /AccessDeniedException.+secretsmanager:GetSecretValue/],
  ] as const)('%s: says what to do', async (_, value, words) => {
    await using secrets = await start(VALUE);
    secrets.set('kong/token', value);
    const error = await failure(secretOf(secrets).read());
    expect(error).toBeInstanceOf(SecretError);
    expect(error.message).toMatch(words);
    expect(error.message).toContain(secrets.arn('kong/token'));
  });

  test.each([
    ['InvalidRequestException', /restore it/],
    ['DecryptionFailure', /kms:Decrypt/],
  ])('because of %s: says what to do', async (code, words) => {
    await using secrets = await start(VALUE);
    secrets.faults.always(() => ({
      fault: 'answer',
      status: 400,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: { __type: code, message: 'no' },
    }));
    const error = await failure(secretOf(secrets).read());
    expect(error.message).toMatch(code);
    expect(error.message).toMatch(words);
  });

  test('because there are no credentials, or wrong ones: never shows them', async () => {
    await using secrets = await start(VALUE);
    const wrong = await failure(secretOf(secrets, { AWS_SECRET_ACCESS_KEY: VALUE }).read());
    expect(wrong).toBeInstanceOf(SecretError);
    stubAwsEnvironment({ AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url });
    const none = await failure(toSecret({ secretArn: secrets.arn('kong/token') }, 'token').read());
    expect(none.message).toMatch(/CredentialsProviderError.+role/);
  });

  test('because nobody answers: names the way out', async () => {
    await using secrets = await start(VALUE);
    const nowhere = { AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${await freePort()}` };
    const error = await failure(secretOf(secrets, nowhere).read());
    expect(error).toBeInstanceOf(SecretError);
    expect(error.message).toMatch(/ECONNREFUSED.+VPC endpoint/);
  });

  test('is asked for again when the failure passes', async () => {
    await using secrets = await start(VALUE);
    secrets.faults.next({ fault: 'answer', status: 503 });
    secrets.faults.next({ fault: 'reset', at: 'before-headers' });
    expect(await secretOf(secrets).read()).toBe(VALUE);
    expect(secrets.requests).toHaveLength(3);
  });
});

describe('reading again', () => {
  test('gives the value kept from the first reading, even to those who ask at once', async () => {
    await using secrets = await start(VALUE);
    const secret = secretOf(secrets);
    expect(secrets.requests).toEqual([]);
    expect(await Promise.all([secret.read(), secret.read()])).toEqual([VALUE, VALUE]);
    secrets.set('kong/token', 'rotated');
    expect(await secret.read()).toBe(VALUE);
    expect(secrets.requests).toHaveLength(1);
  });

  test('fresh gives what the secret is now, and keeps that', async () => {
    let rotations = 0;
    await using secrets = await start(() => `value-${rotations}`);
    const secret = secretOf(secrets);
    expect(await secret.read()).toBe('value-0');
    rotations = 1;
    expect(await secret.read({ fresh: true })).toBe('value-1');
    rotations = 2;
    expect(await secret.read()).toBe('value-1');
    expect(secrets.requests).toHaveLength(2);
  });

  test('tries anew after a failure', async () => {
    await using secrets = await start({ denied: true });
    const secret = secretOf(secrets);
    expect(await failure(secret.read())).toBeInstanceOf(SecretError);
    secrets.set('kong/token', VALUE);
    expect(await secret.read()).toBe(VALUE);
  });
});
