import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { awsJson, readJsonCall } from './aws-json.ts';
import { awsProblem, injected, isProblem, type ErrorFault } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireRequest } from './wire-server.ts';

/** What `GetSecretValue` gives; a function is asked at each call, so that values can rotate. */
export type SecretValue = string | { readonly binary: Uint8Array } | { readonly denied: true } | (() => string);

export interface SecretsManagerOptions extends AwsEndpointOptions {
  /** By name or whole ARN. */
  readonly secrets?: Readonly<Record<string, SecretValue>>;
}

/** A running Secrets Manager that knows one operation, `GetSecretValue`. */
export interface SecretsManagerSimulator extends AwsEndpoint<WireFault | ErrorFault> {
  /** Adds or rotates a secret, or with `undefined` deletes it. Returns its ARN. */
  set(id: string, value: SecretValue | undefined): string;
  /** The ARN of a secret given by name; an ARN is returned as it is. */
  arn(id: string): string;
}

/** Starts a Secrets Manager on a free port of 127.0.0.1 (AWS JSON 1.1, signatures verified). */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<SecretsManagerSimulator> {
  const { secrets = {}, region = 'eu-central-1' } = options;
  const arn = (id: string): string =>
    id.startsWith('arn:') ? id : `arn:aws:secretsmanager:${region}:111122223333:secret:${id}-AbCdEf`;
  const values = new Map(Object.entries(secrets).map(([id, value]) => [arn(id), value]));
  const endpoint = await awsEndpoint<ErrorFault>({
    ...options,
    service: 'secretsmanager',
    endpointVariable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    handle: (request, fault) => {
      if (fault !== undefined) return awsJson(injected(fault));
      return awsJson(secretFor(request, (id) => [arn(id), values.get(arn(id))]));
    },
    refuse: awsJson,
  });
  return {
    ...endpoint,
    set: (id, value) => {
      if (value === undefined) values.delete(arn(id));
      else values.set(arn(id), value);
      return arn(id);
    },
    arn,
  };
}

function secretFor(
  request: WireRequest,
  find: (id: string) => readonly [arn: string, value: SecretValue | undefined],
): AwsProblem | object {
  const call = readJsonCall(request, 'secretsmanager');
  if (isProblem(call)) return call;
  if (call.operation !== 'GetSecretValue') {
    return awsProblem('UnknownOperationException', 'Only GetSecretValue is known here');
  }
  const id = secretId(call.input);
  if (id === undefined) return awsProblem('ValidationException', "Value at 'secretId' failed to satisfy constraint");
  const [arn, value] = find(id);
  if (value === undefined) {
    return awsProblem('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  const common = {
    ARN: arn,
    Name: arn
      .split(':')
      .at(-1)
      ?.replace(/-[^-]{6}$/, ''),
    VersionStages: ['AWSCURRENT'],
  };
  if (typeof value === 'string') return { ...common, SecretString: value };
  if (typeof value === 'function') return { ...common, SecretString: value() };
  if ('binary' in value) return { ...common, SecretBinary: Buffer.from(value.binary).toString('base64') };
  const denied = `User is not authorized to perform: secretsmanager:GetSecretValue on ${arn}`;
  return awsProblem('AccessDeniedException', denied);
}

function secretId(input: unknown): string | undefined {
  const { SecretId } = (input ?? {}) as { readonly SecretId?: unknown };
  return typeof SecretId === 'string' && SecretId !== '' && SecretId.length <= 2048 ? SecretId : undefined;
}
