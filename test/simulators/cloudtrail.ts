import { randomUUID } from 'node:crypto';
import { makeCertificates } from '../support/certificates.ts';
import {
  awsProblem,
  cloudTrailModel,
  EXAMPLE_CHANNEL_ARN,
  type AcceptedEvent,
  type CloudTrailModel,
  type CloudTrailModelOptions,
  type CloudTrailSettings,
  type PutFault,
  type PutResult,
} from './cloudtrail-model.ts';
import { EXAMPLE_CREDENTIALS, signatureProblem, type AwsProblem, type Credentials } from './sigv4.ts';
import { faults, type Faults, type WireFault } from './wire-fault.ts';
import { wireServer, type LoggedRequest, type WireAnswer, type WireRequest } from './wire-server.ts';

/** "Up to 1 MB" per request; what counts is not documented, so all of the body does. */
const MAX_BODY_BYTES = 1_000_000;

/** What goes wrong in CloudTrail or on the way to it. `reset` at `before-headers` stores the events first. */
export type CloudTrailFault = WireFault | PutFault;

export interface CloudTrailOptions extends Partial<CloudTrailModelOptions> {
  /** Who may sign. Default: `EXAMPLE_CREDENTIALS`. */
  readonly credentials?: readonly Credentials[];
  /** What the signature must be scoped to. Default: the region of the first channel. */
  readonly region?: string;
  /** Off only for benchmarks. Default true. */
  readonly verifySignatures?: boolean;
  /** Added to each answer, milliseconds. Default 0. */
  readonly latencyMs?: number;
  readonly tls?: boolean;
  /** Do not log requests. Default false. */
  readonly quiet?: boolean;
}

/** A running CloudTrail Data endpoint. */
export interface CloudTrailSimulator extends AsyncDisposable {
  readonly url: string;
  readonly channelArn: string;
  /** In the order of acceptance, whether or not the answer arrived. */
  readonly accepted: readonly AcceptedEvent[];
  readonly acceptedCount: () => number;
  /** May be changed while it runs. */
  readonly settings: CloudTrailSettings;
  readonly requests: LoggedRequest[];
  readonly faults: Faults<WireRequest, CloudTrailFault>;
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined;
  /** The environment in which an AWS client finds this endpoint and may call it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts a CloudTrail on a free port of 127.0.0.1. Signatures are always judged by real time, as clients make them. */
export async function startCloudTrail(options: CloudTrailOptions = {}): Promise<CloudTrailSimulator> {
  const {
    credentials = [EXAMPLE_CREDENTIALS],
    verifySignatures = true,
    latencyMs = 0,
    tls = false,
    quiet = false,
    region: givenRegion,
    ...modelOptions
  } = options;
  const model = cloudTrailModel({ now: () => Date.now() / 1000, ...modelOptions });
  const channelArn = model.settings.channels[0]?.arn ?? EXAMPLE_CHANNEL_ARN;
  const region = givenRegion ?? channelArn.split(':')[3] ?? '';
  const hooks = faults<WireRequest, CloudTrailFault>();
  const inside = new WeakMap<WireRequest, PutFault>();
  const identity = tls ? await makeCertificates() : undefined;

  const handle = (request: WireRequest): WireAnswer => {
    const verifier = { credentials, region, service: 'cloudtrail-data', now: Date.now() / 1000 };
    const refusal = verifySignatures ? signatureProblem(request, verifier) : null;
    return restJson(refusal ?? call(model, request, inside.get(request)));
  };

  const server = await wireServer({
    handle,
    faults: {
      ...hooks,
      take: (request) => {
        const fault = hooks.take(request);
        if (fault === undefined || !isPutFault(fault)) return fault;
        inside.set(request, fault);
        return undefined;
      },
    },
    latencyMs: () => latencyMs,
    quiet,
    ...(identity === undefined ? {} : { certificate: identity }),
  });
  return {
    url: server.url,
    channelArn,
    accepted: model.accepted,
    acceptedCount: model.acceptedCount,
    settings: model.settings,
    requests: server.requests,
    faults: hooks,
    ca: identity?.ca,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials[0]?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: credentials[0]?.secretAccessKey ?? '',
      ...(credentials[0]?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials[0].sessionToken }),
      AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: server.url,
      CHANNEL_ARN: channelArn,
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function isPutFault(fault: CloudTrailFault): fault is PutFault {
  return fault.fault === 'events' || fault.fault === 'omit' || fault.fault === 'error';
}

function call(model: CloudTrailModel, request: WireRequest, fault: PutFault | undefined): PutResult | AwsProblem {
  const { pathname, searchParams } = new URL(request.path, 'http://service');
  if (request.method !== 'POST' || pathname !== '/PutAuditEvents') {
    return awsProblem('UnknownOperationException', `No operation at ${request.method} ${pathname}`);
  }
  const unknown = [...searchParams.keys()].filter((name) => name !== 'channelArn' && name !== 'externalId');
  if (unknown.length > 0) return awsProblem('ValidationException', `Unknown parameter ${unknown.join(', ')}`);
  if (request.headers['content-type'] !== 'application/json') {
    return awsProblem('SerializationException', 'Content-Type must be application/json');
  }
  if (request.body.length > MAX_BODY_BYTES) {
    return awsProblem('RequestEntityTooLargeException', `The body has more than ${MAX_BODY_BYTES} bytes`);
  }
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString('utf8'));
  } catch {
    return awsProblem('SerializationException', 'The body is not JSON');
  }
  const [channelArn] = searchParams.getAll('channelArn');
  return model.put({ channelArn, externalId: searchParams.get('externalId') ?? undefined, body }, fault);
}

/** AWS's REST-JSON protocol: the error's name travels in a header. */
function restJson(outcome: PutResult | AwsProblem): WireAnswer {
  const headers = {
    'content-type': 'application/json',
    date: new Date().toUTCString(),
    'x-amzn-requestid': randomUUID(),
  };
  if (!('code' in outcome)) return { status: 200, headers, body: outcome };
  const { status, code, message } = outcome;
  return { status, headers: { ...headers, 'x-amzn-errortype': code }, body: { message } };
}
