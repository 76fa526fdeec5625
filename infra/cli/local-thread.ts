import { parentPort } from 'node:worker_threads';
import { handler } from '../../lambda/handler.ts';
import type { LocalOutcome, LocalRequest } from './local-function.ts';

/*
 * The other end of `localFunction`: a thread that stands in for Lambda.
 */

/** As long as Lambda lets a function run at most. */
const LASTS_MS = 15 * 60_000;

let isEnding = false;

parentPort?.on('message', (request: LocalRequest) => {
  if (request === 'end') isEnding = true;
  else void invoke(request.requestId, request.payload).then((outcome) => parentPort?.postMessage(outcome));
});

async function invoke(requestId: string, payload: unknown): Promise<LocalOutcome> {
  const endsAt = performance.now() + LASTS_MS;
  const getRemainingTimeInMillis = () => (isEnding ? 0 : endsAt - performance.now());
  try {
    return { requestId, answer: await handler(payload, { awsRequestId: requestId, getRemainingTimeInMillis }) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { requestId, errorType: name, errorMessage: message };
  }
}
