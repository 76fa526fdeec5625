import { expect } from 'vitest';
import { LedgerError } from '../../../lambda/errors.ts';
import type { Ledger } from '../../../lambda/ledger/ledger.ts';
import { createRedisLedger, type RedisLedgerOptions } from '../../../lambda/ledger/redis/ledger.ts';
import { type RedisServer, type RedisServerOptions } from '../../support/redis-server.ts';
import { seen } from '../harness.ts';

/** What the keys of `ledgerOn` begin with. */
export const prefix = 'kong-audit:{kong}:';

/** A ledger on that server, closed at the end of its block. */
export function ledgerOn(
  server: { readonly host?: string; readonly port: number },
  options: Partial<RedisLedgerOptions> = {},
) {
  const ledger = createRedisLedger({
    host: '127.0.0.1',
    port: server.port,
    db: 0,
    tls: false,
    source: 'kong',
    ...options,
  });
  return Object.assign(ledger, { [Symbol.asyncDispose]: () => ledger.close() });
}

/** The error `promise` rejects with, a LedgerError. */
export async function failure(promise: Promise<unknown>): Promise<LedgerError> {
  const error = await promise.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LedgerError);
  return error as LedgerError;
}

/** How often the server gave this error, e.g. LOADING. */
export async function refusals(server: RedisServer, code: string): Promise<number> {
  const stats = String(await server.cli('INFO', 'errorstats'));
  return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(stats)?.[1] ?? 0);
}

/** The ledger's connections that stand now. */
export async function connectionsOf(server: RedisServer): Promise<number> {
  return String(await server.cli('CLIENT', 'LIST')).split('name=kong-audit-forwarder ').length - 1;
}

/** Connections the server ever saw, without those of this question and earlier ones. */
export function connectionCount(server: RedisServer): () => Promise<number> {
  let questions = 0;
  return async () => {
    const stats = String(await server.cli('INFO', 'stats'));
    questions += 1;
    return Number(/total_connections_received:(\d+)/.exec(stats)?.[1]) - questions;
  };
}

/** For a server that takes long to load 400 keys, and answers LOADING meanwhile. */
export const SLOW_TO_LOAD: RedisServerOptions = {
  config: ['key-load-delay 1000', 'loading-process-events-interval-bytes 1024'],
};

/** Ends the server with 400 ids in it, and starts it again. @returns that it has loaded them */
export async function reload(server: RedisServer, ledger: Pick<Ledger, 'mark'>): Promise<{ loaded: Promise<void> }> {
  await ledger.mark(Array.from({ length: 400 }, (_, at) => seen(`id-${at}`)));
  await server.cli('SAVE');
  await server.kill();
  return { loaded: server.restart() };
}
