import { makeCertificates } from '../support/certificates.ts';
import { EXAMPLE_CREDENTIALS, signatureProblem, type AwsProblem, type Credentials } from './sigv4.ts';
import { faults, type Faults, type WireFault } from './wire-fault.ts';
import { wireServer, type LoggedRequest, type WireAnswer, type WireRequest } from './wire-server.ts';

/** What every simulated AWS service can be told. */
export interface AwsEndpointOptions {
  /** Who may sign. Default: `EXAMPLE_CREDENTIALS`. */
  readonly credentials?: readonly Credentials[] | undefined;
  /** What the signature must be scoped to. Default `eu-central-1`. */
  readonly region?: string | undefined;
  /** Off only for benchmarks. Default true. */
  readonly verifySignatures?: boolean | undefined;
  /** Added to each answer, milliseconds. Default 0. */
  readonly latencyMs?: number | undefined;
  readonly tls?: boolean | undefined;
  /** Do not log requests. Default false. */
  readonly quiet?: boolean | undefined;
}

/** What every running AWS service has. */
export interface AwsEndpoint<Fault> extends AsyncDisposable {
  readonly url: string;
  /** Every request, in the order of arrival, those that ran into a fault too. */
  readonly requests: LoggedRequest[];
  readonly faults: Faults<WireRequest, Fault>;
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined;
  /** The environment in which an AWS client finds this endpoint and may call it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface AwsService<ServiceFault> extends AwsEndpointOptions {
  /** The name in the signature's scope. */
  readonly service: string;
  /** The SDK's variable for this service's endpoint, such as `AWS_ENDPOINT_URL_LAMBDA`. */
  readonly endpointVariable: string;
  /** Answers a request whose signature is good. `fault` is what goes wrong inside the service, if anything. */
  readonly handle: (request: WireRequest, fault: ServiceFault | undefined) => WireAnswer | Promise<WireAnswer>;
  /** Says in the service's protocol why a request is refused. */
  readonly refuse: (problem: AwsProblem) => WireAnswer;
}

/** Starts an AWS service on a free port of 127.0.0.1. Signatures are always judged by real time, as clients make them. */
export async function awsEndpoint<ServiceFault extends { readonly fault: string }>(
  options: AwsService<ServiceFault>,
): Promise<AwsEndpoint<WireFault | ServiceFault>> {
  const { service, credentials = [EXAMPLE_CREDENTIALS], region = 'eu-central-1', verifySignatures = true } = options;
  const { latencyMs = 0, tls = false, quiet = false } = options;
  const hooks = faults<WireRequest, WireFault | ServiceFault>();
  const inside = new WeakMap<WireRequest, ServiceFault>();
  const identity = tls ? await makeCertificates() : undefined;

  const server = await wireServer({
    handle: (request) => {
      const verifier = { credentials, region, service, now: Date.now() / 1000 };
      const refusal = verifySignatures ? signatureProblem(request, verifier) : null;
      return refusal === null ? options.handle(request, inside.get(request)) : options.refuse(refusal);
    },
    faults: {
      ...hooks,
      take: (request) => {
        const fault = hooks.take(request);
        if (fault === undefined || isWireFault(fault)) return fault;
        inside.set(request, fault);
        return undefined;
      },
    },
    latencyMs: () => latencyMs,
    quiet,
    ...(identity === undefined ? {} : { certificate: identity }),
  });
  const [caller] = credentials;
  return {
    url: server.url,
    requests: server.requests,
    faults: hooks,
    ca: identity?.ca,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: caller?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: caller?.secretAccessKey ?? '',
      ...(caller?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: caller.sessionToken }),
      [options.endpointVariable]: server.url,
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const ON_THE_WIRE: Readonly<Record<WireFault['fault'], true>> = {
  answer: true,
  reset: true,
  hang: true,
  truncate: true,
  slow: true,
  delay: true,
  rewrite: true,
};

function isWireFault(fault: { readonly fault: string }): fault is WireFault {
  return Object.hasOwn(ON_THE_WIRE, fault.fault);
}
