import * as z from 'zod';
import { KongResponseError, KongUnreachableError, SecretError } from '../../errors.ts';
import { attempt, type Check } from '../../pipeline/check.ts';
import { strategyOf } from './capabilities.ts';
import type { Kong } from './client.ts';
import { AUDIT_REQUESTS, fetchPage } from './pages.ts';

const rootSchema = z.object({ version: z.string().min(1) });

/** Is Kong reachable, is the token good, is the audit log on and readable? */
export async function diagnoseKong(kong: Kong): Promise<readonly Check[]> {
  const root = await attempt('kong', () => describeRoot(kong), kongFix);
  if (root.error instanceof KongUnreachableError || root.error instanceof SecretError) return [root.check];
  const audit = await attempt('kong-audit-log', () => describeLog(kong), kongFix);
  // The audit log alone decides whether a run fails.
  const isSurvivable = audit.check.ok && !root.check.ok;
  return [
    isSurvivable
      ? { ...root.check, ok: true, detail: `${root.check.detail} Runs go on without version and hostname.` }
      : root.check,
    audit.check,
  ];
}

async function describeRoot(kong: Kong): Promise<string> {
  const answer = rootSchema.safeParse(await kong.get('/'));
  if (!answer.success)
    throw new KongResponseError(`Expected a "version" from GET ${kong.adminApi}/, got JSON without it.`, 200, {
      fix: 'Make KONG_ADMIN_API the URL of the Admin API itself, path prefix included.',
    });
  const { version } = answer.data;
  return `${kong.adminApi} answers as Kong ${version}; the audit log is read with ${strategyOf(version) ?? 'a strategy found by a probe'}`;
}

async function describeLog(kong: Kong): Promise<string> {
  const { rows } = await fetchPage(kong, { size: 1 });
  return rows.length > 0
    ? `GET ${AUDIT_REQUESTS} gives audit entries`
    : `GET ${AUDIT_REQUESTS} answers, without any entry yet; if that stays so, set audit_log=on on every control plane node`;
}

/** What the error itself does not know: the time was up. */
function kongFix(error: Error): string | undefined {
  if (error.name !== 'DeadlineReached') return undefined;
  return 'Kong takes the connection and does not answer: look at its load and its database, and at what stands between.';
}
