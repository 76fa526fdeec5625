import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { awsJson, readJsonCall } from './aws-json.ts';
import { awsProblem, isProblem, type ErrorFault } from './aws-problem.ts';
import {
  cloudWatchLogsModel,
  type CloudWatchLogsModel,
  type CloudWatchLogsModelOptions,
  type Operation,
} from './cloudwatch-logs-model.ts';
import type { LogsOperation } from './cloudwatch-logs-settings.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

export interface CloudWatchLogsOptions extends Partial<Omit<CloudWatchLogsModelOptions, 'region'>>, AwsEndpointOptions {
  /** A model that others use, too, such as the one a simulated function logs to; then the model's own options do not count. */
  readonly model?: CloudWatchLogsModel;
}

/** What goes wrong in CloudWatch Logs or on the way to it. `reset` at `before-headers` stores the events first. */
export type CloudWatchLogsFault = WireFault | ErrorFault;

/** A running CloudWatch Logs; what the model offers works while it runs. */
export interface CloudWatchLogsSimulator extends AwsEndpoint<CloudWatchLogsFault> {
  readonly model: CloudWatchLogsModel;
}

/** Starts a CloudWatch Logs on a free port of 127.0.0.1 (AWS JSON 1.1). Without `now` it lives in real time. */
export async function startCloudWatchLogs(options: CloudWatchLogsOptions = {}): Promise<CloudWatchLogsSimulator> {
  const { credentials, region, verifySignatures, latencyMs, tls, quiet, model: given, ...modelOptions } = options;
  const model = given ?? cloudWatchLogsModel({ now: () => Date.now() / 1000, region, ...modelOptions });
  const endpoint = await awsEndpoint<ErrorFault>({
    ...{ credentials, region, verifySignatures, latencyMs, tls, quiet },
    service: 'logs',
    endpointVariable: 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
    handle: (request, fault) => handle(model, request, fault),
    refuse: awsJson,
  });
  return { ...endpoint, model };
}

function handle(model: CloudWatchLogsModel, request: WireRequest, fault: ErrorFault | undefined): WireAnswer {
  const operations: Readonly<Record<LogsOperation, Operation<object>>> = {
    CreateLogStream: model.createLogStream,
    PutLogEvents: model.putLogEvents,
    FilterLogEvents: model.filterLogEvents,
    DescribeLogGroups: model.describeLogGroups,
    DescribeLogStreams: model.describeLogStreams,
  };
  const call = readJsonCall(request, 'Logs_20140328');
  if (isProblem(call)) return awsJson(call);
  const { operation, input } = call;
  if (!Object.hasOwn(operations, operation)) {
    return awsJson(awsProblem('UnknownOperationException', `${operation} is not simulated`));
  }
  const outcome = operations[operation as LogsOperation](input, fault);
  const answer = awsJson(outcome);
  // CreateLogStream has no output, and an empty body says so.
  return operation === 'CreateLogStream' && !isProblem(outcome) ? { ...answer, body: undefined } : answer;
}
