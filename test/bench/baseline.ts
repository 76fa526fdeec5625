import { CloudTrailDataClient, PutAuditEventsCommand } from '@aws-sdk/client-cloudtrail-data';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';
import { toAuditEvent } from '../../lambda/sinks/cloudtrail-lake/event.ts';
import { createRedactor } from '../../lambda/redact/redactor.ts';
import { type AuditEntry, toEntry } from '../../lambda/sources/kong/entry.ts';

/*
 * What this forwarder is measured against: the published algorithm of Kong's own integration (Kong/kong-cloudtrails-integration,
 * last changed February 2023), written anew. The whole table every time, 100 entries per page, `GET /` after every page, one page
 * after the other, one put per page, one Redis key per request id.
 *
 * It gets what makes it faster than the original: this forwarder's mapping, AWS client and HTTP client, kept-alive connections,
 * and pipelined Redis commands (the original's are, too).
 */

export interface BaselineInvocation {
  /** Stop after this many pages; null reads to the end. */
  readonly maxPages: number | null;
}

export interface BaselineSummary {
  readonly forwarded: number;
  readonly duplicates: number;
  /** True when the last page was read. */
  readonly finished: boolean;
  /** What each page took, from its request to its marks. */
  readonly pageMs: readonly number[];
}

interface Page {
  readonly data: readonly unknown[];
  readonly offset?: string;
}

const PAGE_SIZE = 100;

export async function handler({ maxPages }: BaselineInvocation): Promise<BaselineSummary> {
  const adminApi = variable('KONG_ADMIN_API');
  const channelArn = variable('CHANNEL_ARN');
  const [host = '', port = ''] = variable('REDIS_HOST').split(':');
  const redis = new Redis({ host, port: Number(port), db: Number(process.env['REDIS_DB'] ?? 0) });
  const client = new CloudTrailDataClient({ region: channelArn.split(':')[3] ?? '' });
  const dispatcher = new Agent();
  const get = async (path: string): Promise<unknown> => (await request(adminApi + path, { dispatcher })).body.json();
  const redactor = createRedactor([]);

  let forwarded = 0;
  let duplicates = 0;
  const pageMs: number[] = [];
  let offset: string | undefined;
  do {
    const startedAt = performance.now();
    const query = new URLSearchParams({ size: String(PAGE_SIZE), ...(offset !== undefined && { offset }) });
    const page = (await get(`/audit/requests?${query.toString()}`)) as Page;
    const { version } = (await get('/')) as { version: string };
    const entries = page.data.map(toEntry).filter((entry) => entry.valid);
    const fresh = await unknown(entries);
    duplicates += entries.length - fresh.length;
    if (fresh.length > 0) {
      const context = { kongVersion: version, hostname: adminApi, accountId: channelArn.split(':')[4] ?? '', redactor };
      const settings = { ...context, eventSource: 'kong-gateway', deriveErrorCode: false };
      const auditEvents = fresh.map((entry) => toAuditEvent(entry, settings));
      const { successful } = await client.send(new PutAuditEventsCommand({ channelArn, auditEvents }));
      forwarded += successful?.length ?? 0;
      await record(fresh);
    }
    offset = page.offset;
    pageMs.push(performance.now() - startedAt);
  } while (offset !== undefined && pageMs.length !== maxPages);
  redis.disconnect();
  client.destroy();
  await dispatcher.close();
  return { forwarded, duplicates, finished: offset === undefined, pageMs };

  async function unknown(entries: readonly AuditEntry[]): Promise<AuditEntry[]> {
    const pipeline = redis.pipeline();
    for (const { id } of entries) pipeline.exists(id);
    const replies = (await pipeline.exec()) ?? [];
    return entries.filter((_entry, index) => replies[index]?.[1] === 0);
  }

  async function record(entries: readonly AuditEntry[]): Promise<void> {
    const transaction = redis.multi();
    for (const { id, ttlSeconds } of entries) transaction.set(id, 'true', 'EX', Math.max(1, ttlSeconds ?? 1));
    await transaction.exec();
  }
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
