import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  type InvokeCommandInput,
} from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import { cloudWatchLogsModel } from './cloudwatch-logs-model.ts';
import type { LambdaHandler } from './lambda-function.ts';
import { startLambda, type LambdaOptions } from './lambda-invoke.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

/** A function, with AWS's own client. */
async function start(handler: LambdaHandler, options: Omit<LambdaOptions, 'handler'> = {}) {
  const lambda = await startLambda({ handler, ...options });
  const client = (credentials: Credentials = EXAMPLE_CREDENTIALS) =>
    new LambdaClient({ endpoint: lambda.url, region: 'eu-central-1', credentials, maxAttempts: 1 });
  const aws = client();
  const invoke = async (payload?: unknown, input: Partial<InvokeCommandInput> = {}, from = aws) => {
    const answer = await from.send(
      new InvokeCommand({
        FunctionName: lambda.functionName,
        ...(payload !== undefined && { Payload: JSON.stringify(payload) }),
        ...input,
      }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString('utf8');
    return { ...answer, result: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  return { ...lambda, client, aws, invoke };
}

const echo: LambdaHandler = (event) => Promise.resolve({ event });

/** A handler that waits until the test lets it go on. */
function gate() {
  const opened = Promise.withResolvers<unknown>();
  const entered = Promise.withResolvers<undefined>();
  const began = { times: 0, first: entered.promise };
  const handler = (): Promise<unknown> => {
    began.times += 1;
    entered.resolve(undefined);
    return opened.promise;
  };
  return { handler, open: opened.resolve, began };
}

describe('a synchronous invocation', () => {
  test('answers what the handler returns', async () => {
    await using lambda = await start(echo);
    expect(await lambda.invoke({ mode: 'status' })).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      result: { event: { mode: 'status' } },
    });
    expect((await lambda.invoke()).result).toEqual({ event: {} });
    expect((await lambda.invoke('é')).result).toEqual({ event: 'é' });
    await using silent = await start(() => Promise.resolve(undefined));
    expect((await silent.invoke()).result).toBeNull();
  });

  test('has the context of Node’s runtime', async () => {
    await using lambda = await start((_, context) =>
      Promise.resolve({ ...context, remaining: context.getRemainingTimeInMillis() }),
    );
    const { result, $metadata } = await lambda.invoke(undefined);
    expect(result).toMatchObject({
      functionName: 'kong-audit',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:kong-audit',
      awsRequestId: $metadata.requestId,
      logGroupName: '/aws/lambda/kong-audit',
      memoryLimitInMB: '1024',
    });
    const { remaining } = result as { readonly remaining: number };
    expect(remaining).toBeLessThanOrEqual(900_000);
    expect(remaining).toBeGreaterThan(0);
  });

  test('answers 200 with an error object when the handler throws', async () => {
    class LockError extends Error {
      override readonly name = 'LockError';
    }
    await using lambda = await start(() => Promise.reject(new LockError('another run')));
    const answer = await lambda.invoke();
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(answer.result).toMatchObject({ errorType: 'LockError', errorMessage: 'another run' });
    expect((answer.result as { readonly trace: readonly string[] }).trace[0]).toBe('LockError: another run');
    await using odd = await start(() => {
      throw 'text' as unknown as Error;
    });
    expect((await odd.invoke()).result).toEqual({ errorType: 'string', errorMessage: 'text', trace: [] });
  });

  test('ends at the time limit of the function', async () => {
    await using lambda = await start(() => new Promise<never>(() => undefined), { timeoutSeconds: 0.01 });
    expect(await lambda.invoke()).toMatchObject({
      FunctionError: 'Unhandled',
      result: {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringContaining('Task timed out after 0.01 seconds') as string,
      },
    });
  });

  test('takes and gives 6 MB', async () => {
    await using lambda = await start((event) => Promise.resolve(event));
    const payload = (bytes: number) => 'x'.repeat(bytes - 2);
    const most = 6 * 1_048_576;
    expect((await lambda.invoke(payload(most))).result).toHaveLength(most - 2);
    await expect(lambda.invoke(payload(most + 1))).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
    await using large = await start(() => Promise.resolve(payload(most + 1)));
    expect(await large.invoke()).toMatchObject({
      FunctionError: 'Unhandled',
      result: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });

  test('brings the end of its log where it is asked for', async () => {
    await using lambda = await start(async () => {
      lambda.log('x'.repeat(5000));
      await Promise.resolve();
      lambda.log('nearly done');
    });
    expect((await lambda.invoke()).LogResult).toBeUndefined();
    const { LogResult = '', $metadata } = await lambda.invoke(undefined, { LogType: 'Tail' });
    const tail = Buffer.from(LogResult, 'base64');
    expect(tail.length).toBe(4096);
    expect(tail.toString()).toMatch(
      new RegExp(`^x+\nnearly done\nEND RequestId: (.*)\nREPORT RequestId: \\1\tDuration: .* ms\t`),
    );
    expect(tail.toString()).toContain($metadata.requestId);
    expect(() => {
      lambda.log('outside');
    }).toThrow('needs an invocation');
  });
});

describe('an asynchronous invocation', () => {
  test('is answered before it ends, and runs in the background', async () => {
    const { handler, open } = gate();
    await using lambda = await start(handler);
    const answer = await lambda.invoke({ mode: 'backfill' }, { InvocationType: 'Event' });
    expect(answer).toMatchObject({ StatusCode: 202, result: undefined });
    expect(lambda.invocations).toMatchObject([
      { type: 'Event', event: { mode: 'backfill' }, requestId: answer.$metadata.requestId, outcomes: [] },
    ]);
    open('done');
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcomes: [{ payload: '"done"' }] }]);
  });

  test('that fails is tried again as often as the function says: never, unless told otherwise', async () => {
    await using lambda = await start(() => Promise.reject(new Error('no')));
    await lambda.invoke({}, { InvocationType: 'Event' });
    await lambda.idle();
    expect(lambda.invocations[0]?.outcomes).toHaveLength(1);
    lambda.settings.retryAttempts = 2;
    await lambda.invoke({}, { InvocationType: 'Event' });
    await lambda.idle();
    expect(lambda.invocations[1]?.outcomes).toHaveLength(3);
  });

  test('takes 1 MB', async () => {
    await using lambda = await start(echo);
    const send = (bytes: number) => lambda.invoke('x'.repeat(bytes - 2), { InvocationType: 'Event' });
    await send(1_048_576);
    await expect(send(1_048_577)).rejects.toMatchObject({ name: 'RequestTooLargeException' });
    await lambda.idle();
  });

  test('waits where the function runs as often as it may, while a synchronous one is refused', async () => {
    const { handler, open, began } = gate();
    await using lambda = await start(handler, { reservedConcurrency: 1 });
    const first = lambda.invoke();
    await began.first;
    await lambda.invoke({}, { InvocationType: 'Event' });
    await expect(lambda.invoke()).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      $metadata: { httpStatusCode: 429 },
      retryAfterSeconds: '1',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    expect(lambda.invocations).toHaveLength(2);
    expect(began.times).toBe(1);
    open('done');
    await first;
    await lambda.idle();
    expect(lambda.invocations.map(({ outcomes }) => outcomes.length)).toEqual([1, 1]);
  });
});

test('a dry run runs nothing', async () => {
  await using lambda = await start(echo);
  expect(await lambda.invoke({}, { InvocationType: 'DryRun' })).toMatchObject({ StatusCode: 204 });
  expect(lambda.invocations).toEqual([]);
});

describe('the function', () => {
  test('is known by its name, its ARN and parts of it, and no other is', async () => {
    await using lambda = await start(echo);
    const { functionArn } = lambda;
    const names = ['kong-audit', 'kong-audit:$LATEST', '111122223333:function:kong-audit', functionArn];
    for (const FunctionName of [...names, `${functionArn}:$LATEST`]) {
      expect(await lambda.invoke({}, { FunctionName })).toMatchObject({ StatusCode: 200 });
    }
    const others = ['other', 'kong-audit:7', functionArn.replace('eu-', 'us-'), functionArn.replace('1111', '2222')];
    for (const FunctionName of others) {
      await expect(lambda.invoke({}, { FunctionName })).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: `Function not found: ${FunctionName}`,
        $metadata: { httpStatusCode: 404 },
      });
    }
    await expect(lambda.invoke({}, { Qualifier: 'live' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('shows its environment and where it logs', async () => {
    await using lambda = await start(echo, { environment: { SOURCE_NAME: 'kong' } });
    const expected = {
      FunctionName: 'kong-audit',
      FunctionArn: lambda.functionArn,
      Timeout: 900,
      State: 'Active',
      Environment: { Variables: { SOURCE_NAME: 'kong' } },
      LoggingConfig: { LogGroup: '/aws/lambda/kong-audit' },
    };
    const FunctionName = lambda.functionName;
    expect(await lambda.aws.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject(expected);
    const whole = await lambda.aws.send(new GetFunctionCommand({ FunctionName }));
    expect(whole.Configuration).toMatchObject(expected);
  });

  test('logs into a group where FilterLogEvents finds it', async () => {
    const logs = cloudWatchLogsModel({ now: () => Date.now() / 1000 });
    await using lambda = await start(
      () => {
        lambda.log('{"level":"ERROR"}');
        return Promise.reject(new Error('no lock'));
      },
      { logs },
    );
    const { $metadata } = await lambda.invoke();
    const find = (filterPattern: string) =>
      logs.filterLogEvents({ logGroupName: lambda.logGroupName, filterPattern }) as {
        readonly events: readonly { readonly message: string }[];
      };
    expect(find('ERROR').events.map(({ message }) => message)).toEqual([
      '{"level":"ERROR"}',
      expect.stringContaining('"errorMessage":"no lock"'),
    ]);
    expect(find(`"RequestId: ${$metadata.requestId ?? ''}"`).events).toHaveLength(3);
  });
});

describe('callers', () => {
  test('are known by their signature', async () => {
    await using lambda = await start(echo);
    const wrong = lambda.client({ ...EXAMPLE_CREDENTIALS, secretAccessKey: 'wrong' });
    await expect(lambda.invoke({}, {}, wrong)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('are told what they may not do, and not to hurry', async () => {
    await using lambda = await start(echo, { denied: ['Invoke'] });
    await expect(lambda.invoke({})).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('lambda:InvokeFunction') as string,
      $metadata: { httpStatusCode: 403 },
    });
    lambda.settings.denied = [];
    lambda.settings.callsPerSecond = 0;
    await expect(lambda.invoke({})).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'CallerRateLimitExceeded',
    });
  });

  test('are refused what is no JSON, no invocation type and no operation', async () => {
    await using lambda = await start(echo, { verifySignatures: false });
    const path = '/2015-03-31/functions/kong-audit';
    const send = async (method: string, rest: string, body?: string, headers: Record<string, string> = {}) => {
      const init = { method, headers, ...(body !== undefined && { body }) };
      const response = await fetch(`${lambda.url}${path}${rest}`, init);
      return `${response.status} ${response.headers.get('x-amzn-errortype') ?? ''}`;
    };
    expect(await send('POST', '/invocations', '{')).toBe('400 InvalidRequestContentException');
    const later = { 'x-amz-invocation-type': 'Later' };
    expect(await send('POST', '/invocations', '{}', later)).toBe('400 InvalidParameterValueException');
    expect(await send('GET', '/invocations')).toBe('400 UnknownOperationException');
    expect(await send('DELETE', '')).toBe('400 UnknownOperationException');
    expect(lambda.invocations).toEqual([]);
  });
});

describe('faults', () => {
  test.each([
    ['TooManyRequestsException', 429],
    ['ServiceException', 500],
    ['ResourceConflictException', 409],
  ])('answer %s', async (code, status) => {
    await using lambda = await start(echo);
    lambda.faults.next({ fault: 'error', code });
    await expect(lambda.invoke({})).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
    expect(lambda.invocations).toEqual([]);
  });

  test('run the function and lose the answer', async () => {
    await using lambda = await start(echo);
    lambda.faults.next({ fault: 'reset', at: 'before-headers' });
    await expect(lambda.invoke({})).rejects.toThrow();
    await lambda.idle();
    expect(lambda.invocations).toHaveLength(1);
  });
});
