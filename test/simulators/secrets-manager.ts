import { EXAMPLE_CREDENTIALS, signatureProblem, type AwsProblem, type Credentials } from './sigv4.ts';
import { faults, type Faults, type WireFault } from './wire-fault.ts';
import { wireServer, type LoggedRequest, type WireAnswer, type WireRequest } from './wire-server.ts';

/** What `GetSecretValue` gives; a function is asked at each call, so that values can rotate. */
export type SecretValue = string | { readonly binary: Uint8Array } | { readonly denied: true } | (() => string);

export interface SecretsManagerOptions {
  /** By name or whole ARN. */
  readonly secrets?: Readonly<Record<string, SecretValue>>;
  /** Default: `EXAMPLE_CREDENTIALS`. */
  readonly credentials?: readonly Credentials[];
  /** Default `eu-central-1`. */
  readonly region?: string;
}

/** A running Secrets Manager that knows one operation, `GetSecretValue`. */
export interface SecretsManagerSimulator extends AsyncDisposable {
  readonly url: string;
  /** Adds or rotates a secret, or with `undefined` deletes it. Returns its ARN. */
  set(id: string, value: SecretValue | undefined): string;
  /** The ARN of a secret given by name; an ARN is returned as it is. */
  arn(id: string): string;
  readonly requests: LoggedRequest[];
  readonly faults: Faults<WireRequest, WireFault>;
  /** The environment in which an AWS client finds this endpoint and may call it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts a Secrets Manager on a free port of 127.0.0.1 (AWS JSON 1.1, signatures verified). */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<SecretsManagerSimulator> {
  const { secrets = {}, credentials = [EXAMPLE_CREDENTIALS], region = 'eu-central-1' } = options;
  const arn = (id: string): string =>
    id.startsWith('arn:') ? id : `arn:aws:secretsmanager:${region}:111122223333:secret:${id}-AbCdEf`;
  const values = new Map(Object.entries(secrets).map(([id, value]) => [arn(id), value]));
  const hooks = faults<WireRequest, WireFault>();

  const handle = (request: WireRequest): WireAnswer => {
    const verifier = { credentials, region, service: 'secretsmanager', now: Date.now() / 1000 };
    return awsJson(signatureProblem(request, verifier) ?? secretFor(request, (id) => [arn(id), values.get(arn(id))]));
  };
  const server = await wireServer({ handle, faults: hooks });
  return {
    url: server.url,
    set: (id, value) => {
      if (value === undefined) values.delete(arn(id));
      else values.set(arn(id), value);
      return arn(id);
    },
    arn,
    requests: server.requests,
    faults: hooks,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials[0]?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: credentials[0]?.secretAccessKey ?? '',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function secretFor(
  request: WireRequest,
  find: (id: string) => readonly [arn: string, value: SecretValue | undefined],
): AwsProblem | { readonly body: unknown } {
  const refuse = (code: string, message: string): AwsProblem => ({ status: 400, code, message });
  if (request.method !== 'POST' || request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    return refuse('UnknownOperationException', 'Only GetSecretValue is known here');
  }
  const id = secretId(request.body);
  if (id === undefined) return refuse('ValidationException', "Value at 'secretId' failed to satisfy constraint");
  const [arn, value] = find(id);
  if (value === undefined) {
    return refuse('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  const common = {
    ARN: arn,
    Name: arn
      .split(':')
      .at(-1)
      ?.replace(/-[^-]{6}$/, ''),
    VersionStages: ['AWSCURRENT'],
  };
  if (typeof value === 'string') return { body: { ...common, SecretString: value } };
  if (typeof value === 'function') return { body: { ...common, SecretString: value() } };
  if ('binary' in value) return { body: { ...common, SecretBinary: Buffer.from(value.binary).toString('base64') } };
  return refuse('AccessDeniedException', `User is not authorized to perform: secretsmanager:GetSecretValue on ${arn}`);
}

function secretId(body: Buffer): string | undefined {
  try {
    const { SecretId } = JSON.parse(body.toString('utf8')) as { readonly SecretId?: unknown };
    return typeof SecretId === 'string' && SecretId !== '' && SecretId.length <= 2048 ? SecretId : undefined;
  } catch {
    return undefined;
  }
}

/** The AWS JSON 1.1 protocol: the error's name travels in the body. */
function awsJson(outcome: AwsProblem | { readonly body: unknown }): WireAnswer {
  const headers = { 'content-type': 'application/x-amz-json-1.1', date: new Date().toUTCString() };
  if (!('code' in outcome)) return { status: 200, headers, body: outcome.body };
  return { status: outcome.status, headers, body: { __type: outcome.code, message: outcome.message } };
}
