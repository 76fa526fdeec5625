import { inspect } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { connectKong, type Kong, type KongOptions } from '../../../lambda/sources/kong/client.ts';
import type { Secret } from '../../../lambda/secrets.ts';
import type { KongSimulator } from '../../simulators/kong.ts';
import type { WireFault } from '../../simulators/wire-fault.ts';

export const TOKEN = 'the-token-nobody-may-see';
export const AUDIT = '/audit/requests';
export const admin = (token = TOKEN) => [{ token, name: 'forwarder', id: 'b1f34145-705a-4a0a-b4d4-dd3ea4c2dc6f' }];
export const secret = (value = TOKEN): Secret => ({ rotates: false, read: () => Promise.resolve(value) });

/** A client that waits only milliseconds before it tries again. */
export function connect(to: Pick<KongSimulator, 'url'>, options: Partial<KongOptions> = {}): Kong {
  const kong = connectKong({
    adminApi: to.url,
    token: null,
    signal: new AbortController().signal,
    retryDelayMs: 1,
    ...options,
  });
  onTestFinished(() => kong.close());
  return kong;
}

/** What `get` rejects with; everything one could print of it is searched for the token. */
export async function failure(answer: Promise<unknown>): Promise<Error> {
  const error: unknown = await answer.then(
    (body) => new Error(`expected a rejection, got ${JSON.stringify(body)}`),
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(TOKEN);
  return error as Error;
}

/** Something in front of Kong answers with JSON. */
export const answer = (status: number, body: unknown, headers: Record<string, string> = {}): WireFault => ({
  fault: 'answer',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
});
