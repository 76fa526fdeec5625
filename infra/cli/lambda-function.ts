import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { awsProblem, isLostAnswer } from './aws-problem.ts';
import { FunctionError, UnreachableError } from './errors.ts';
import type { OperatedFunction } from './operated-function.ts';
import type { AwsSettings } from './target.ts';

/** A run lasts at most 15 minutes; a connection that is silent for longer is dead. */
const ANSWER_WITHIN_MS = 16 * 60_000;

/** As Lambda gives an error that a function threw, or its own: `Task timed out`, `Runtime.ExitError`. */
const failureSchema = z.looseObject({ errorType: z.string().default('Error'), errorMessage: z.string().default('') });

/**
 * The deployed function, by name or ARN.
 *
 * What writes is not asked for twice: should the first answer be lost, a second invocation would find the lock taken and say
 * `skipped` of work that is under way.
 */
export function lambdaFunction(functionName: string, settings: AwsSettings): OperatedFunction {
  const requestHandler = { requestTimeout: ANSWER_WITHIN_MS, throwOnRequestTimeout: true, connectionTimeout: 10_000 };
  const repeating = new LambdaClient({ ...settings, requestHandler });
  const once = new LambdaClient({ ...settings, requestHandler, maxAttempts: 1 });
  const call = {
    action: 'lambda:InvokeFunction',
    on: `the function ${functionName}${settings.region === undefined ? '' : ` in ${settings.region}`}`,
    whenMissing: 'No such function there: name it with --function or --stack, and check --region and --profile.',
  };

  const send = async (
    client: LambdaClient,
    command: InvokeCommand,
    signal?: AbortSignal,
  ): Promise<InvokeCommandOutput> => {
    try {
      return await client.send(command, signal && { abortSignal: signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!isLostAnswer(error)) throw awsProblem(error, call);
      throw new UnreachableError(
        `The connection to ${call.on} was lost before the answer came. What was asked for goes on in AWS; see status and logs.`,
        { cause: error },
      );
    }
  };

  return {
    name: `${functionName}${settings.region === undefined ? '' : ` in ${settings.region}`}`,
    async invoke(payload, { repeatable = false, signal } = {}) {
      const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) });
      const { FunctionError: failed, Payload } = await send(repeatable ? repeating : once, command, signal);
      const answer = parse(Payload?.transformToString() ?? '');
      if (failed === undefined) return answer;
      const { errorType, errorMessage } = failureSchema.catch({ errorType: failed, errorMessage: '' }).parse(answer);
      throw new FunctionError(errorType, errorMessage, answer);
    },
    async start(payload) {
      const { $metadata } = await send(
        repeating,
        new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }),
      );
      return { requestId: $metadata.requestId ?? 'unknown', failure: () => null };
    },
    close() {
      repeating.destroy();
      once.destroy();
    },
  };
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
