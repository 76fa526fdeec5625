import { randomUUID } from 'node:crypto';
import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { injected, isProblem, type ErrorFault } from './aws-problem.ts';
import { callBudget } from './call-budget.ts';
import type { CloudWatchLogsModel } from './cloudwatch-logs-model.ts';
import { executor, type Executor, type ExecutorSettings, type Invocation } from './lambda-executor.ts';
import type { LambdaFunction, LambdaHandler } from './lambda-function.ts';
import { functionLog } from './lambda-log.ts';
import { isSameFunction } from './lambda-name.ts';
import { lambdaProblem, refuse } from './lambda-problem.ts';
import { readInvoke, readLambdaCall, type LambdaOperation } from './lambda-request.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

/** How the function is set up; may be changed while it runs. */
export interface LambdaSettings extends ExecutorSettings {
  environment: Readonly<Record<string, string>>;
  /** Calls beyond it answer `TooManyRequestsException`. Default: no limit. */
  callsPerSecond: number;
  /** Operations the caller may not use: `AccessDeniedException`. Default none. */
  denied: readonly LambdaOperation[];
}

export interface LambdaOptions extends Partial<LambdaSettings>, AwsEndpointOptions {
  readonly handler: LambdaHandler;
  /** Default `kong-audit`. */
  readonly functionName?: string;
  /** Default `111122223333`. */
  readonly accountId?: string;
  /** Default 900. */
  readonly timeoutSeconds?: number;
  /** Default 1024. */
  readonly memoryMb?: number;
  /** Default `/aws/lambda/<function name>`. */
  readonly logGroupName?: string;
  /** Where the log can be found with FilterLogEvents. Default: nowhere. */
  readonly logs?: CloudWatchLogsModel;
  /** The clock of the log, epoch seconds. Default: real time. */
  readonly now?: () => number;
}

/** A running Lambda endpoint with one function. */
export interface LambdaSimulator extends AwsEndpoint<WireFault | ErrorFault> {
  readonly functionName: string;
  readonly functionArn: string;
  readonly logGroupName: string;
  /** In the order of the calls. */
  readonly invocations: readonly Invocation[];
  /** May be changed while it runs. */
  readonly settings: LambdaSettings;
  /** Writes a line into the log of the invocation in which it is called, as `console.log` does in Lambda. @throws outside of one */
  readonly log: (line: string) => void;
  /** Resolves when no invocation waits or runs any more, asynchronous ones and their retries included. */
  readonly idle: () => Promise<void>;
}

/** Starts a Lambda on a free port of 127.0.0.1 (REST-JSON) that runs `handler` in this process. */
export async function startLambda(options: LambdaOptions): Promise<LambdaSimulator> {
  const { credentials, verifySignatures, latencyMs, tls, quiet, region = 'eu-central-1' } = options;
  const { handler, functionName = 'kong-audit', accountId = '111122223333', now = () => Date.now() / 1000 } = options;
  const { timeoutSeconds = 900, memoryMb = 1024, logGroupName = `/aws/lambda/${functionName}`, logs } = options;
  const settings: LambdaSettings = {
    reservedConcurrency: options.reservedConcurrency ?? Infinity,
    retryAttempts: options.retryAttempts ?? 0,
    environment: options.environment ?? {},
    callsPerSecond: options.callsPerSecond ?? Infinity,
    denied: options.denied ?? [],
  };
  const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  const lambda: LambdaFunction = { handler, name: functionName, arn: functionArn, timeoutSeconds, memoryMb };
  const log = functionLog(logGroupName, now, logs);
  const runs = executor(lambda, log, settings);
  const takeCall = callBudget(
    () => Date.now() / 1000,
    () => settings.callsPerSecond,
  );

  async function handle(request: WireRequest, fault: ErrorFault | undefined): Promise<WireAnswer> {
    if (!takeCall()) return refuse(lambdaProblem('TooManyRequestsException', 'Rate exceeded'));
    const call = readLambdaCall(request);
    if (isProblem(call)) return refuse(call);
    if (settings.denied.includes(call.operation)) {
      const action = call.operation === 'Invoke' ? 'InvokeFunction' : call.operation;
      const message = `User is not authorized to perform: lambda:${action} on resource: ${functionArn}`;
      return refuse(lambdaProblem('AccessDeniedException', message));
    }
    if (fault !== undefined) return refuse(injected(fault, lambdaProblem));
    if (!isSameFunction(functionArn, call.functionName, call.qualifier)) {
      const message = `Function not found: ${call.functionName}${call.qualifier ? `:${call.qualifier}` : ''}`;
      return refuse(lambdaProblem('ResourceNotFoundException', message));
    }
    if (call.operation === 'Invoke') return await invoke(runs, request);
    const configuration = {
      FunctionName: functionName,
      FunctionArn: functionArn,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: timeoutSeconds,
      MemorySize: memoryMb,
      Version: '$LATEST',
      State: 'Active',
      LastUpdateStatus: 'Successful',
      PackageType: 'Zip',
      Environment: { Variables: settings.environment },
      LoggingConfig: { LogFormat: 'Text', LogGroup: logGroupName },
    };
    const body = call.operation === 'GetFunction' ? { Configuration: configuration, Tags: {} } : configuration;
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  const endpoint = await awsEndpoint<ErrorFault>({
    ...{ credentials, region, verifySignatures, latencyMs, tls, quiet },
    service: 'lambda',
    endpointVariable: 'AWS_ENDPOINT_URL_LAMBDA',
    handle,
    refuse,
  });
  const { invocations, idle } = runs;
  return { ...endpoint, functionName, functionArn, logGroupName, invocations, settings, log: log.write, idle };
}

async function invoke(runs: Executor, request: WireRequest): Promise<WireAnswer> {
  const invocation = readInvoke(request);
  if (isProblem(invocation)) return refuse(invocation);
  const { type, event, tail } = invocation;
  if (type === 'DryRun') return { status: 204, headers: { 'x-amzn-requestid': randomUUID() }, body: undefined };
  if (type === 'Event') {
    return { status: 202, headers: { 'x-amzn-requestid': runs.enqueue(event) }, body: undefined };
  }
  const run = runs.call(event);
  if (run === undefined) {
    return refuse(lambdaProblem('TooManyRequestsException', 'The function runs as often as it may.'));
  }
  const { payload, functionError, logResult } = await run.outcome;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': run.requestId,
      'x-amz-executed-version': '$LATEST',
      ...(functionError !== undefined && { 'x-amz-function-error': functionError }),
      ...(tail && { 'x-amz-log-result': logResult }),
    },
    body: payload,
  };
}
