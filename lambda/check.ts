import { isIP, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import * as z from 'zod';
import { checkpointFix, ConnectError, credentialsFix, endpointFix, kongFix, ledgerFix } from './check-fix.ts';
import type { Channel } from './cloudtrail/client.ts';
import { KongResponseError, KongUnreachableError, SecretError } from './errors.ts';
import { strategyOf } from './kong/capabilities.ts';
import type { Kong } from './kong/client.ts';
import { AUDIT_REQUESTS, fetchPage } from './kong/page.ts';
import type { Ledger } from './ledger/ledger.ts';

/** What `check` found of one thing a run depends on. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; empty when there is nothing to do. */
  readonly fix: string;
}

export interface CheckReport {
  readonly status: 'ok' | 'failed';
  readonly checks: readonly Check[];
}

export interface CheckDeps {
  readonly kong: Kong;
  readonly ledger: Pick<Ledger, 'diagnose' | 'loadCheckpoint' | 'quarantineSize'>;
  readonly channel: Pick<Channel, 'credentials' | 'endpoint'>;
  /** Time limit for the connection to CloudTrail. @default 5000 */
  readonly connectTimeoutMs?: number;
}

export const toCheckReport = (checks: readonly Check[]): CheckReport => ({
  status: checks.every(({ ok }) => ok) ? 'ok' : 'failed',
  checks,
});

/** Tries everything a run depends on. Never throws for what it finds, writes nothing, sends no event. */
export async function check(deps: CheckDeps): Promise<CheckReport> {
  const [kong, ledger, credentials, endpoint] = await Promise.all([
    checkKong(deps.kong),
    checkLedger(deps.ledger),
    checkCredentials(deps.channel),
    checkEndpoint(deps),
  ]);
  return toCheckReport([...kong, ...ledger, credentials, endpoint]);
}

const rootSchema = z.object({ version: z.string().min(1) });

async function checkKong(kong: Kong): Promise<Check[]> {
  const root = await attempt('kong', kongFix('/'), async () => {
    const answer = rootSchema.safeParse(await kong.get('/'));
    if (!answer.success)
      throw new KongResponseError(`Expected a "version" from GET ${kong.adminApi}/, got JSON without it.`, 200);
    const { version } = answer.data;
    const strategy = strategyOf(version);
    return `${kong.adminApi} answers as Kong ${version}; the audit log is read with ${strategy ?? 'a strategy found by a probe'}`;
  });
  if (root.error instanceof KongUnreachableError || root.error instanceof SecretError) return [root.check];
  const audit = await attempt('kong-audit-log', kongFix(AUDIT_REQUESTS), async () => {
    const { entries } = await fetchPage(kong, { size: 1 });
    return entries.length > 0
      ? `GET ${AUDIT_REQUESTS} gives audit entries`
      : `GET ${AUDIT_REQUESTS} answers, without any entry yet; if that stays so, set audit_log=on on every control plane node`;
  });
  // The audit log alone decides whether a run fails.
  const survivable = audit.check.ok && !root.check.ok;
  return [
    survivable
      ? { ...root.check, ok: true, detail: `${root.check.detail} Runs go on without version and hostname.` }
      : root.check,
    audit.check,
  ];
}

async function checkLedger(ledger: CheckDeps['ledger']): Promise<Check[]> {
  const name = 'redis';
  const redis = await ledger.diagnose().then((found): Check => ({ name, ...found }), failed(name, ledgerFix));
  if (!redis.ok) return [redis];
  const checkpoint = await attempt('checkpoint', checkpointFix, async () => {
    const stored = await ledger.loadCheckpoint();
    if (stored === null) return 'none yet: the first scheduled run reads everything Kong retains';
    return `planned up to ${stored.planned ?? 'nothing yet'}, ${stored.pending.length} window(s) pending, ${await ledger.quarantineSize()} in quarantine`;
  });
  return [redis, checkpoint.check];
}

async function checkCredentials(channel: CheckDeps['channel']): Promise<Check> {
  const { check } = await attempt('aws-credentials', credentialsFix, async () => {
    await channel.credentials();
    return 'the credential chain gives credentials; whether they may put events shows with the first event';
  });
  return check;
}

async function checkEndpoint({ channel, connectTimeoutMs = 5000 }: CheckDeps): Promise<Check> {
  const { check } = await attempt('cloudtrail', endpointFix, async () => {
    const endpoint = await channel.endpoint();
    await openConnection(endpoint, connectTimeoutMs);
    return `${endpoint.origin} accepts ${endpoint.protocol === 'https:' ? 'TLS' : 'plain'} connections`;
  });
  return check;
}

async function openConnection(endpoint: URL, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  const secure = endpoint.protocol === 'https:';
  const port = Number(endpoint.port || (secure ? 443 : 80));
  const socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
    : connectTcp({ host, port });
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    resolve(undefined);
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    const said = [error.code, error.message].filter(Boolean).join(': ');
    reject(new ConnectError(`no connection to ${endpoint.origin}: ${said}`, { cause: error }));
  });
  // Counts from here, the time to find the address included.
  const timer = setTimeout(() => {
    reject(new ConnectError(`no connection to ${endpoint.origin} within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function attempt(
  name: string,
  fixFor: (error: unknown) => string,
  find: () => Promise<string>,
): Promise<{ check: Check; error: unknown }> {
  try {
    return { check: { name, ok: true, detail: await find(), fix: '' }, error: null };
  } catch (error) {
    return { check: failed(name, fixFor)(error), error };
  }
}

const failed =
  (name: string, fixFor: (error: unknown) => string) =>
  (error: unknown): Check => {
    const detail = error instanceof Error ? error.message || error.name : String(error);
    return { name, ok: false, detail, fix: fixFor(error) };
  };
