import { type AuditEvent, CloudTrailDataClient, PutAuditEventsCommand } from '@aws-sdk/client-cloudtrail-data';
import { Redis } from 'ioredis';
import { Agent } from 'undici';

/*
 * The algorithm of Kong's own integration (Kong/kong-cloudtrails-integration, last changed February 2023), rewritten in Node: the
 * whole table every time, 100 entries per page, `GET /` after every page, one page after the other, one put per page, one Redis key
 * per request id. Nothing is redacted, cut or checked.
 *
 * It is not the original, which is a Go program and takes less CPU; `PREDECESSOR` measures that one. It shares Node, the AWS client and
 * the HTTP client with this forwarder, so beside it one sees what the forwarder's own way of working costs and saves.
 */

export interface BaselineSummary {
  readonly forwarded: number;
  readonly duplicates: number;
}

interface Page {
  readonly data: readonly Row[];
  readonly offset?: string;
}

/** As far as the algorithm looks at it. */
interface Row {
  readonly request_id: string;
  readonly request_timestamp: number;
  readonly method: string;
  readonly path: string;
  readonly payload?: string | null;
  readonly client_ip: string;
  readonly rbac_user_id?: string | null;
  readonly status: number;
  readonly signature?: string | null;
  readonly ttl: number;
  readonly workspace?: string | null;
}

const PAGE_SIZE = 100;

/** Reads everything that Kong retains and forwards what Redis does not know. */
export async function handler(): Promise<BaselineSummary> {
  const adminApi = variable('KONG_ADMIN_API');
  const channelArn = variable('CHANNEL_ARN');
  const account = channelArn.split(':')[4] ?? '';
  const [host = '', port = ''] = variable('REDIS_HOST').split(':');
  const redis = new Redis({ host, port: Number(port), db: Number(process.env['REDIS_DB'] ?? 0) });
  const client = new CloudTrailDataClient({ region: channelArn.split(':')[3] ?? '' });
  const agent = new Agent();
  const get = async (path: string): Promise<unknown> =>
    (await agent.request({ method: 'GET', origin: adminApi, path })).body.json();

  let forwarded = 0;
  let duplicates = 0;
  let offset: string | undefined;
  do {
    const query = new URLSearchParams({ size: String(PAGE_SIZE), ...(offset !== undefined && { offset }) });
    const page = (await get(`/audit/requests?${query.toString()}`)) as Page;
    const { version } = (await get('/')) as { version: string };
    const fresh = await unknown(page.data);
    duplicates += page.data.length - fresh.length;
    if (fresh.length > 0) {
      const auditEvents = fresh.map((row) => toEvent(row, version, adminApi, account));
      const { successful } = await client.send(new PutAuditEventsCommand({ channelArn, auditEvents }));
      forwarded += successful?.length ?? 0;
      await record(fresh);
    }
    offset = page.offset;
  } while (offset !== undefined);
  redis.disconnect();
  client.destroy();
  await agent.close();
  return { forwarded, duplicates };

  async function unknown(rows: readonly Row[]): Promise<Row[]> {
    const pipeline = redis.pipeline();
    for (const row of rows) pipeline.exists(row.request_id);
    const replies = (await pipeline.exec()) ?? [];
    return rows.filter((_row, index) => replies[index]?.[1] === 0);
  }

  async function record(rows: readonly Row[]): Promise<void> {
    const transaction = redis.multi();
    for (const { request_id, ttl } of rows) transaction.set(request_id, 'true', 'EX', Math.max(1, ttl));
    await transaction.exec();
  }
}

/** The members of the predecessor's published table. */
function toEvent(row: Row, version: string, hostname: string, account: string): AuditEvent {
  const [path = '', queryParameters] = row.path.split('?', 2);
  const isKnown = typeof row.rbac_user_id === 'string';
  const eventData = {
    version,
    userIdentity: {
      type: '',
      principalId: row.rbac_user_id ?? 'anonymous',
      details: isKnown ? {} : { RBAC: 'Anonymous User on Kong Gateway: Please Enable RBAC on Kong Gateway' },
    },
    eventSource: 'kong-gateway',
    eventName: row.method + path,
    eventTime: new Date(row.request_timestamp * 1000).toISOString().replace('.000Z', 'Z'),
    UID: row.request_id,
    requestParameters: { ...parsed(row.payload), ...(queryParameters !== undefined && { queryParameters }) },
    sourceIPAddress: row.client_ip,
    recipientAccountId: account,
    additionalEventData: {
      ...{ method: row.method, status: row.status, signature: row.signature ?? '', ttl: row.ttl },
      ...{ workspace: row.workspace, konghostname: hostname },
    },
  };
  return { id: row.request_id, eventData: JSON.stringify(eventData) };
}

/** Payloads that are no JSON object count as empty. */
function parsed(payload: string | null | undefined): Record<string, unknown> {
  try {
    return JSON.parse(payload ?? '') as Record<string, unknown>;
  } catch {
    return {};
  }
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
