import { randomUUID } from 'node:crypto';
import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { awsProblem, isProblem } from './aws-problem.ts';
import {
  cloudTrailModel,
  EXAMPLE_CHANNEL_ARN,
  type AcceptedEvent,
  type CloudTrailModel,
  type CloudTrailModelOptions,
  type CloudTrailSettings,
  type PutFault,
  type PutResult,
} from './cloudtrail-model.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

/** "Up to 1 MB" per request; what counts is not documented, so all of the body does. */
const MAX_BODY_BYTES = 1_000_000;

/** What goes wrong in CloudTrail or on the way to it. `reset` at `before-headers` stores the events first. */
export type CloudTrailFault = WireFault | PutFault;

/** The signature must be scoped to the region of the first channel, unless `region` says otherwise. */
export interface CloudTrailOptions extends Partial<CloudTrailModelOptions>, AwsEndpointOptions {}

/** A running CloudTrail Data endpoint. `env` has the `CHANNEL_ARN`, too. */
export interface CloudTrailSimulator extends AwsEndpoint<CloudTrailFault> {
  readonly channelArn: string;
  /** In the order of acceptance, whether or not the answer arrived. */
  readonly accepted: readonly AcceptedEvent[];
  readonly acceptedCount: () => number;
  /** May be changed while it runs. */
  readonly settings: CloudTrailSettings;
}

/** Starts a CloudTrail on a free port of 127.0.0.1. */
export async function startCloudTrail(options: CloudTrailOptions = {}): Promise<CloudTrailSimulator> {
  const { credentials, region, verifySignatures, latencyMs, tls, quiet, ...modelOptions } = options;
  const model = cloudTrailModel({ now: () => Date.now() / 1000, ...modelOptions });
  const channelArn = model.settings.channels[0]?.arn ?? EXAMPLE_CHANNEL_ARN;
  const endpoint = await awsEndpoint<PutFault>({
    ...{ credentials, verifySignatures, latencyMs, tls, quiet },
    region: region ?? channelArn.split(':')[3],
    service: 'cloudtrail-data',
    endpointVariable: 'AWS_ENDPOINT_URL_CLOUDTRAIL_DATA',
    handle: (request, fault) => restJson(call(model, request, fault)),
    refuse: restJson,
  });
  return {
    ...endpoint,
    channelArn,
    accepted: model.accepted,
    acceptedCount: model.acceptedCount,
    settings: model.settings,
    env: { ...endpoint.env, CHANNEL_ARN: channelArn },
  };
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
  if (!isProblem(outcome)) return { status: 200, headers, body: outcome };
  const { status, code, message } = outcome;
  return { status, headers: { ...headers, 'x-amzn-errortype': code }, body: { message } };
}
