import { parentPort } from 'node:worker_threads';
import { handler } from '../../lambda/handler.ts';
import type { LocalOutcome } from './local-function.ts';

/*
 * The other end of `localFunction`: a thread that stands in for Lambda.
 */

parentPort?.on('message', ({ requestId, payload }: { requestId: string; payload: unknown }) => {
  void invoke(requestId, payload).then((outcome) => parentPort?.postMessage(outcome));
});

async function invoke(requestId: string, payload: unknown): Promise<LocalOutcome> {
  try {
    return { requestId, answer: await handler(payload, { awsRequestId: requestId }) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { requestId, errorType: name, errorMessage: message };
  }
}
