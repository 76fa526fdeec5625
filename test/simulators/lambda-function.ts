import pTimeout from 'p-timeout';
import type { FunctionLog } from './lambda-log.ts';

/** What a handler gets beside the event, as Node's runtime makes it. */
export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly callbackWaitsForEmptyEventLoop: boolean;
  readonly getRemainingTimeInMillis: () => number;
}

export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

/** The function as it is set up. */
export interface LambdaFunction {
  readonly handler: LambdaHandler;
  readonly name: string;
  readonly arn: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
}

/** What came of one run of the handler. */
export interface LambdaOutcome {
  /** JSON text: the result, or the error object. */
  readonly payload: string;
  /** Lambda calls every error of a handler unhandled. */
  readonly functionError?: 'Unhandled';
  /** Base64 of the last 4 kB of the log. */
  readonly logResult: string;
}

/** 6 MB, which Lambda's documentation counts as 1,024 kB each. */
export const MAX_SYNC_BYTES = 6 * 1_048_576;
const LOG_TAIL_BYTES = 4096;

/** Runs the handler once, with Lambda's own lines around what it logs. Never throws. */
export async function runHandler(
  { handler, name, arn, timeoutSeconds, memoryMb }: LambdaFunction,
  event: unknown,
  requestId: string,
  log: FunctionLog,
): Promise<LambdaOutcome> {
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  const context: LambdaContext = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: String(memoryMb),
    awsRequestId: requestId,
    logGroupName: log.groupName,
    logStreamName: log.streamName,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => timeoutSeconds * 1000 - elapsedMs(),
  };
  return await log.collect(async (lines) => {
    log.write(`START RequestId: ${requestId} Version: $LATEST`);
    const { error, payload } = await settle(handler, event, context, timeoutSeconds);
    if (error !== undefined) {
      log.write(`${new Date().toISOString()}\t${requestId}\tERROR\tInvoke Error \t${JSON.stringify(error)}`);
    }
    const ms = elapsedMs();
    log.write(`END RequestId: ${requestId}`);
    log.write(
      `REPORT RequestId: ${requestId}\tDuration: ${ms.toFixed(2)} ms\tBilled Duration: ${Math.ceil(ms)} ms\t` +
        `Memory Size: ${memoryMb} MB\tMax Memory Used: ${memoryMb} MB`,
    );
    const logResult = Buffer.from(lines.join('\n')).subarray(-LOG_TAIL_BYTES).toString('base64');
    if (error === undefined) return { payload, logResult };
    return { payload: JSON.stringify(error), functionError: 'Unhandled', logResult };
  });
}

/** Lambda's error object: a handler's error has a trace, Lambda's own have none. */
interface FunctionErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

type Settled =
  | { readonly payload: string; readonly error?: undefined }
  | { readonly payload?: undefined; readonly error: FunctionErrorPayload };

async function settle(
  handler: LambdaHandler,
  event: unknown,
  context: LambdaContext,
  timeoutSeconds: number,
): Promise<Settled> {
  try {
    const result = await pTimeout(
      (async () => await handler(event, context))().then((value) => ({ value })),
      { milliseconds: timeoutSeconds * 1000, fallback: () => undefined },
    );
    if (result === undefined) {
      const errorMessage = `RequestId: ${context.awsRequestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
      return { error: { errorType: 'Sandbox.Timedout', errorMessage } };
    }
    // JSON has no undefined, and the runtime answers null.
    const payload = (JSON.stringify(result.value) as string | undefined) ?? 'null';
    if (Buffer.byteLength(payload) <= MAX_SYNC_BYTES) return { payload };
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_SYNC_BYTES} bytes).`;
    return { error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage } };
  } catch (thrown) {
    if (!(thrown instanceof Error)) {
      return { error: { errorType: typeof thrown, errorMessage: String(thrown), trace: [] } };
    }
    return {
      error: { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') },
    };
  }
}
