import { startCloudFormation } from '../../simulators/cloudformation.ts';
import { startCloudWatchLogs } from '../../simulators/cloudwatch-logs.ts';
import type { CloudWatchLogsModel } from '../../simulators/cloudwatch-logs-model.ts';
import { type LambdaSimulator, startLambda } from '../../simulators/lambda-invoke.ts';

/** What a function of the tests is: Lambda's handler, told how it was invoked. */
export type Handler = (event: unknown, context: InvocationContext) => Promise<unknown>;

export interface InvocationContext {
  readonly awsRequestId: string;
  readonly invocationType: 'RequestResponse' | 'Event';
}

/** One line of the function's log. */
export interface LogLine {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

export interface AwsServerOptions {
  readonly handler: Handler;
  /** Default `kong-cloudtrail-integration`. */
  readonly functionName?: string;
  readonly log?: readonly LogLine[];
  /** Outputs of the one stack, `KongAudit`. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** The three AWS services that the command line calls. */
export interface AwsServer extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly lambda: LambdaSimulator;
  readonly logs: CloudWatchLogsModel;
  /** Invocations so far. */
  invoked(): { readonly payload: Record<string, unknown>; readonly type: string }[];
}

const region = 'eu-west-1';

export async function startAws(options: AwsServerOptions): Promise<AwsServer> {
  const { functionName = 'kong-cloudtrail-integration', log = [], outputs = {} } = options;
  const logs = await startCloudWatchLogs({ region });
  const lambda: LambdaSimulator = await startLambda({
    region,
    functionName,
    logs: logs.model,
    handler: (event, { awsRequestId }) =>
      options.handler(event, { awsRequestId, invocationType: typeOf(lambda, awsRequestId) }),
  });
  const cloudFormation = await startCloudFormation({ region, stacks: [{ name: 'KongAudit', outputs }] });
  logs.model.deliver(log.map((line) => ({ ...line, logGroupName: lambda.logGroupName, logStreamName: 'one' })));
  return {
    env: { ...lambda.env, ...logs.env, ...cloudFormation.env },
    lambda,
    logs: logs.model,
    invoked: () => lambda.invocations.map(({ event, type }) => ({ payload: event as Record<string, unknown>, type })),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([lambda.close(), logs.close(), cloudFormation.close()]);
    },
  };
}

function typeOf({ invocations }: LambdaSimulator, awsRequestId: string): InvocationContext['invocationType'] {
  return invocations.find(({ requestId }) => requestId === awsRequestId)?.type ?? 'RequestResponse';
}
