import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Channel } from './cloudtrail/client.ts';
import { KongAuthError, KongResponseError } from './errors.ts';
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

async function checkKong(kong: Kong): Promise<Check[]> {
  const root = await attempt('kong', async () => {
    const { version } = (await kong.get('/')) as { version?: unknown };
    const strategy = typeof version === 'string' ? strategyOf(version) : null;
    return `${kong.adminApi} answers as Kong ${String(version)}; the audit log is read with ${strategy ?? 'a strategy found by a probe'}`;
  });
  const refusedOnlyRoot = (check: Check, error: unknown) =>
    !check.ok && error instanceof KongAuthError && error.status === 403;
  const audit = await attempt('kong-audit-log', async () => {
    const { entries } = await fetchPage(kong, { size: 1 });
    return entries.length > 0
      ? `GET ${AUDIT_REQUESTS} gives audit entries`
      : `GET ${AUDIT_REQUESTS} answers, without any entry yet; if that stays so, set audit_log=on on every control plane node`;
  });
  // Without its permission on "/" a run goes on, with version and hostname unknown.
  const survivable = audit.check.ok && refusedOnlyRoot(root.check, root.error);
  return [
    survivable
      ? { ...root.check, ok: true, detail: `${root.check.detail} Runs go on without version and hostname.` }
      : root.check,
    audit.check,
  ];
}

async function checkLedger(ledger: CheckDeps['ledger']): Promise<Check[]> {
  const redis = { name: 'redis', ...(await ledger.diagnose()) };
  if (!redis.ok) return [redis];
  const checkpoint = await attempt('checkpoint', async () => {
    const stored = await ledger.loadCheckpoint();
    if (stored === null) return 'none yet: the first scheduled run reads everything Kong retains';
    return `planned up to ${stored.planned ?? 'nothing yet'}, ${stored.pending.length} window(s) pending, ${await ledger.quarantineSize()} in quarantine`;
  });
  return [redis, checkpoint.check];
}

async function checkCredentials(channel: CheckDeps['channel']): Promise<Check> {
  const { check } = await attempt('aws-credentials', async () => {
    await channel.credentials();
    return 'the credential chain gives credentials; whether they may put events shows with the first event';
  });
  return check.ok
    ? check
    : { ...check, fix: 'Give the function a role with cloudtrail-data:PutAuditEvents on the channel.' };
}

async function checkEndpoint({ channel, connectTimeoutMs = 5000 }: CheckDeps): Promise<Check> {
  const { check } = await attempt('cloudtrail', async () => {
    const endpoint = await channel.endpoint();
    await openConnection(endpoint, connectTimeoutMs);
    return `${endpoint.origin} accepts ${endpoint.protocol === 'https:' ? 'TLS' : 'plain'} connections`;
  });
  if (check.ok) return check;
  const fix =
    'There is no PrivateLink endpoint for cloudtrail-data: the subnets need a NAT or another way out on 443, and the security group must allow it.';
  return { ...check, fix };
}

async function openConnection(endpoint: URL, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  const secure = endpoint.protocol === 'https:';
  const port = Number(endpoint.port || (secure ? 443 : 80));
  const socket = secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    resolve(undefined);
  });
  socket.once('error', reject);
  socket.setTimeout(timeoutMs, () => {
    reject(new Error(`no connection to ${endpoint.origin} within ${timeoutMs} ms`));
  });
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}

async function attempt(name: string, find: () => Promise<string>): Promise<{ check: Check; error: unknown }> {
  try {
    return { check: { name, ok: true, detail: await find(), fix: '' }, error: null };
  } catch (error) {
    const detail = error instanceof Error ? error.message || error.name : String(error);
    return { check: { name, ok: false, detail, fix: fixFor(error) }, error };
  }
}

function fixFor(error: unknown): string {
  if (error instanceof KongAuthError) {
    if (/licen[cs]e/i.test(error.message)) return 'Renew the Kong Enterprise licence.';
    return error.status === 401
      ? 'Set KONG_SUPERADMIN=true and put a valid RBAC token into KONG_ADMIN_TOKEN or its secret.'
      : `Give the token's RBAC role read permission on ${AUDIT_REQUESTS} (needed) and / (for version and hostname).`;
  }
  if (error instanceof KongResponseError && error.status === 404)
    return 'Set audit_log=on in kong.conf on every control plane node and restart Kong; the Admin API must be Kong Gateway Enterprise.';
  return 'See detail.';
}
