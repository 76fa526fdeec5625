import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** Lambda's side of a function: gives the program that asks one invocation, and takes its answer. */
export interface RuntimeApi extends AsyncDisposable {
  /** For `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Waits until the program has asked for the invocation. */
  readonly begun: Promise<void>;
  /** What the program answered. Rejects with the error that it reported instead. */
  readonly answer: Promise<unknown>;
}

export interface Invocation {
  readonly event: unknown;
  readonly functionArn: string;
  readonly remainingMs: number;
}

const BASE = '/2018-06-01/runtime';

/**
 * Starts the Runtime API on 127.0.0.1 (AWS Lambda developer guide, "Using the Lambda runtime API"). A second request for an invocation
 * is never answered, as in Lambda when there is none: the program waits, and its figures can be read.
 */
export async function startRuntimeApi({ event, functionArn, remainingMs }: Invocation): Promise<RuntimeApi> {
  const id = randomUUID();
  const begun = Promise.withResolvers<undefined>();
  const answer = Promise.withResolvers<unknown>();
  // Whoever has no use for one of the two need not look at it.
  answer.promise.catch(() => undefined);
  let isGiven = false;

  const routes: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void> | void>> =
    {
      [`GET ${BASE}/invocation/next`]: (_request, response) => {
        if (isGiven) return;
        isGiven = true;
        response.writeHead(200, {
          'Content-Type': 'application/json',
          'Lambda-Runtime-Aws-Request-Id': id,
          'Lambda-Runtime-Deadline-Ms': String(Date.now() + remainingMs),
          'Lambda-Runtime-Invoked-Function-Arn': functionArn,
        });
        response.end(JSON.stringify(event));
        begun.resolve(undefined);
      },
      [`POST ${BASE}/invocation/${id}/response`]: async (request, response) => {
        answer.resolve(await json(request));
        accept(response);
      },
      [`POST ${BASE}/invocation/${id}/error`]: async (request, response) => {
        answer.reject(reported(await json(request)));
        accept(response);
      },
      [`POST ${BASE}/init/error`]: async (request, response) => {
        answer.reject(reported(await json(request)));
        accept(response);
      },
    };

  const server = createServer((request, response) => {
    const route = routes[`${request.method} ${request.url}`];
    if (route) {
      Promise.resolve(route(request, response)).catch(answer.reject);
      return;
    }
    answer.reject(new Error(`The program asked for ${request.method} ${request.url}, which the Runtime API has not.`));
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    begun: begun.promise,
    answer: answer.promise,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
}

/** The body of a reported error: `{ errorType, errorMessage, stackTrace }`. */
function reported(body: unknown): Error {
  const { errorType, errorMessage } = body as { readonly errorType?: string; readonly errorMessage?: string };
  return new Error(`The program reported ${errorType ?? 'an error'}: ${errorMessage ?? JSON.stringify(body)}`);
}
