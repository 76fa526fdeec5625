import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '../../infra/cli/cli.ts';
import { execute } from '../../lambda/commands/execute.ts';
import { compose } from '../../lambda/compose.ts';
import type { Env } from '../../lambda/environment.ts';
import { type Invocation, toInvocation } from '../../lambda/invocation.ts';
import { createMemoryLedger } from '../../lambda/ledger/memory.ts';
import type { Log } from '../../lambda/log.ts';
import { startDeadline } from '../../lambda/pipeline/deadline.ts';
import type { Summary } from '../../lambda/pipeline/report.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { print } from './print.ts';

/** The function as it is deployed, but for its ledger where there is no Redis. */
export interface DemoForwarder {
  /** One scheduled run. @throws what the invocation would fail with */
  run(): Promise<Summary>;
  /** What the ledger says of each of `ids`; null where it says nothing. */
  lookup(ids: readonly string[]): Promise<readonly (string | null)[]>;
  /** One command of the operator's command line, on this forwarder. */
  ops(...command: readonly string[]): Promise<void>;
}

const quiet: Log = { info: () => undefined, warn: print, error: print };
const remainingMs = () => 60_000;

export function composeForwarder(env: Env, redis: RedisServer | null): DemoForwarder {
  const server = redis ? `${redis.host}:${redis.port}` : 'none';
  const deployment = compose({ ...env, REDIS_HOST: server, SOURCE_NAME: 'demo' });
  const ledger = redis ? undefined : createMemoryLedger();
  const call = { deployment, log: quiet, requestId: 'demo', remainingMs, ...(ledger && { ledger }) };
  const invoke = (invocation: Invocation) => execute(invocation, { ...call, startedAt: Date.now() });

  return {
    run: async () => (await invoke({ mode: 'scheduled' })) as Summary,
    async lookup(ids) {
      using deadline = startDeadline(remainingMs, 0);
      const connected = await deployment.connectLedger({ ...call, deadline });
      try {
        return await connected.lookup(ids);
      } finally {
        await connected.close();
      }
    },
    async ops(...command) {
      const { stdin, stdout, stderr, env } = process;
      await runCli(command, {
        ...{ stdin, stdout, stderr, env },
        now: () => Math.floor(Date.now() / 1000),
        pause: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
        onInterrupt: () => () => undefined,
        connect: () => ({
          name: 'the forwarder in this process',
          invoke: (payload) => invoke(toInvocation(payload)),
          start: () => Promise.reject(new Error('The demo waits for each answer.')),
          close: () => undefined,
        }),
      });
    },
  };
}
