import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { awsJson, readJsonCall } from './aws-json.ts';
import { awsProblem, isProblem } from './aws-problem.ts';
import { lakeQueryModel, type LakeQueryModel, type LakeQueryModelOptions } from './cloudtrail-lake-query-model.ts';
import type { LakeFault, LakeOperation } from './cloudtrail-lake-query-settings.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

/** The signature must be scoped to the Region of the event data store, unless `region` says otherwise. */
export interface CloudTrailLakeOptions extends Omit<LakeQueryModelOptions, 'now'>, AwsEndpointOptions {
  /** Epoch seconds. Default: real time. */
  readonly now?: () => number;
}

/** A running CloudTrail endpoint with Lake's query API. `env` has the `EVENT_DATA_STORE_ARN`, too. */
export interface CloudTrailLakeSimulator extends AwsEndpoint<WireFault | LakeFault> {
  readonly model: LakeQueryModel;
  readonly eventDataStoreArn: string;
}

/** Starts a CloudTrail Lake on a free port of 127.0.0.1 (AWS JSON 1.1). It holds what a simulated CloudTrail accepted. */
export async function startCloudTrailLake(options: CloudTrailLakeOptions): Promise<CloudTrailLakeSimulator> {
  const { credentials, region, verifySignatures, latencyMs, tls, quiet, ...modelOptions } = options;
  const model = lakeQueryModel({ now: () => Date.now() / 1000, ...modelOptions });
  const { eventDataStoreArn } = model;
  const endpoint = await awsEndpoint<LakeFault>({
    ...{ credentials, verifySignatures, latencyMs, tls, quiet },
    region: region ?? eventDataStoreArn.split(':')[3],
    service: 'cloudtrail',
    endpointVariable: 'AWS_ENDPOINT_URL_CLOUDTRAIL',
    handle: (request, fault) => handle(model, request, fault),
    refuse: awsJson,
  });
  return { ...endpoint, model, eventDataStoreArn, env: { ...endpoint.env, EVENT_DATA_STORE_ARN: eventDataStoreArn } };
}

/** The service model's own, and what AWS's JavaScript client makes of it. */
const TARGETS = ['com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101', 'CloudTrail_20131101'];

type Call = (input: unknown, fault?: LakeFault) => object | AwsProblem;

function handle(model: LakeQueryModel, request: WireRequest, fault: LakeFault | undefined): WireAnswer {
  const operations: Readonly<Record<LakeOperation, Call>> = {
    StartQuery: model.startQuery,
    DescribeQuery: model.describeQuery,
    GetQueryResults: model.getQueryResults,
    CancelQuery: model.cancelQuery,
  };
  const call = readJsonCall(request, ...TARGETS);
  if (isProblem(call)) return awsJson(call);
  if (!Object.hasOwn(operations, call.operation)) {
    return awsJson(awsProblem('UnknownOperationException', `${call.operation} is not simulated`));
  }
  return awsJson(operations[call.operation as LakeOperation](call.input, fault));
}
