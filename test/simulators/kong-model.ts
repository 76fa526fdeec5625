import { integer, letters, seeded, uuid } from './random.ts';
import { decodeOffset, encodeOffset, nextPath, readTime, sizeProblem, type QueryProblem } from './kong-query.ts';
import { kongTable, type KongTable } from './kong-table.ts';
import { eraOf } from './kong-version.ts';

/** One control-plane node. Requests are spread over the nodes at random. */
export interface KongNode {
  readonly hostname: string;
  readonly nodeId: string;
  /** What its clock is ahead of the true one, seconds. */
  readonly skewSeconds?: number;
  /** `audit_log` is set per node. Default: what the settings say. */
  readonly auditLog?: boolean;
}

export interface RbacUser {
  readonly token: string;
  readonly name: string;
  readonly id: string;
  /** Paths this user may not read: `/`, `/audit/requests`. */
  readonly denied?: readonly string[];
}

/** How this Kong is set up. Everything may be changed while it runs: an upgrade, a new token, a lapsed licence. */
export interface KongSettings {
  /** `2.8.1.1-enterprise-edition`, `3.4.3.8`, `3.9.1.0` … */
  version: string;
  nodes: readonly KongNode[];
  /** The path a reverse proxy in front publishes the Admin API under, `/_api`; empty for none. */
  pathPrefix: string;
  /** Who may come in; null when RBAC is off and nobody is asked. */
  rbacUsers: readonly RbacUser[] | null;
  licensed: boolean;
  /** Off: `/audit/requests` is not there and no row is written. */
  auditLog: boolean;
  /** Down: everything that reads the database answers 500. The server adds the wait. */
  databaseUp: boolean;
  /** `audit_log_record_ttl`. */
  recordTtlSeconds: number;
  /** How long after the answer a request's own row appears, seconds. A function makes some rows late. */
  writeDelaySeconds: number | (() => number);
}

export interface KongRequest {
  readonly method: string;
  /** As sent: prefix and query included. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Default 10.0.0.7. */
  readonly clientIp?: string;
}

export interface KongAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON value. */
  readonly body: unknown;
}

/** Kong's Admin API as far as an audit-log reader can see it, without sockets or real time. */
export interface KongModel {
  /** Answers one request, and records it as Kong does: its row appears after the answer. */
  handle(request: KongRequest): KongAnswer;
  readonly table: KongTable;
  readonly settings: KongSettings;
}

export interface KongModelOptions extends Partial<KongSettings> {
  /** Epoch seconds; fractions allowed. */
  readonly now: () => number;
  /** Default 1. */
  readonly seed?: number;
}

/** A Kong of version 3.9.1.0 with one node, no RBAC and the audit log on, unless `options` says otherwise. */
export function kongModel({ now, seed = 1, ...changes }: KongModelOptions): KongModel {
  const random = seeded(seed);
  const table = kongTable({ now, seed: seed + 1 });
  const settings: KongSettings = {
    version: '3.9.1.0',
    nodes: [{ hostname: 'kong-cp-1', nodeId: uuid(random) }],
    pathPrefix: '',
    rbacUsers: null,
    licensed: true,
    auditLog: true,
    databaseUp: true,
    recordTtlSeconds: 2_592_000,
    writeDelaySeconds: 0,
    ...changes,
  };

  function handle(request: KongRequest): KongAnswer {
    const node = settings.nodes[integer(random, settings.nodes.length)];
    if (node === undefined) throw new RangeError('settings.nodes must name at least one node');
    const requestId = letters(random, 32);
    const { pathPrefix } = settings;
    const skewSeconds = node.skewSeconds ?? 0;
    if (pathPrefix !== '' && !request.path.startsWith(`${pathPrefix}/`) && request.path !== pathPrefix) {
      return { status: 404, headers: {}, body: { message: 'no Route matched with those values' } };
    }
    const path = request.path.slice(pathPrefix.length) || '/';
    const [pathname, query] = splitOnce(path, '?');
    const user = settings.rbacUsers?.find(({ token }) => token === request.headers['kong-admin-token']);
    const { status, body } = answer(request.method, pathname, new URLSearchParams(query), node, user);
    if (auditLogOn(node)) {
      const { writeDelaySeconds: delay } = settings;
      table.record(
        {
          request_id: requestId,
          method: request.method,
          path,
          status,
          client_ip: request.clientIp ?? '10.0.0.7',
          rbac_user_id: user?.id ?? null,
          rbac_user_name: user?.name ?? null,
        },
        {
          skewSeconds,
          ttlSeconds: settings.recordTtlSeconds,
          delaySeconds: typeof delay === 'number' ? delay : delay(),
        },
      );
    }
    return {
      status,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        date: new Date((now() + skewSeconds) * 1000).toUTCString(),
        server: `kong/${settings.version}`,
        'x-kong-admin-request-id': requestId,
      },
      body,
    };
  }

  const auditLogOn = (node: KongNode): boolean => node.auditLog ?? settings.auditLog;

  /** In Kong's order: who are you, may you, does it exist, is the licence valid, is the question well put. */
  function answer(
    method: string,
    pathname: string,
    query: URLSearchParams,
    node: KongNode,
    user: RbacUser | undefined,
  ): { readonly status: number; readonly body: unknown } {
    if (settings.rbacUsers !== null) {
      if (user === undefined) return { status: 401, body: { message: 'Invalid RBAC credentials' } };
      if (user.denied?.includes(pathname.replace(/(?<=.)\/$/, '')) === true) {
        return { status: 403, body: { message: `${user.name}, you do not have permissions to read this resource` } };
      }
    }
    const isRoot = pathname === '/';
    const isAudit = /^\/audit\/requests\/?$/.test(pathname);
    if (!isRoot && !(isAudit && auditLogOn(node))) return { status: 404, body: { message: 'Not found' } };
    if (method !== 'GET') return { status: 405, body: { message: 'Method not allowed' } };
    if (isRoot) return { status: 200, body: root(node) };
    if (!settings.licensed) return { status: 403, body: { message: 'Enterprise license missing or expired' } };
    if (!settings.databaseUp) return { status: 500, body: { message: 'An unexpected error occurred' } };
    return auditPage(query);
  }

  function root({ hostname, nodeId }: KongNode): unknown {
    return { version: settings.version, hostname, node_id: nodeId, edition: 'enterprise', tagline: 'Welcome to kong' };
  }

  function auditPage(query: URLSearchParams): { readonly status: number; readonly body: unknown } {
    const refuse = (problem: QueryProblem) => ({ status: 400, body: problem });
    const era = eraOf(settings.version);
    const problem = sizeProblem(query);
    if (problem !== null) return refuse(problem);
    const cursor = decodeOffset(query.get('offset'));
    if (cursor !== null && 'name' in cursor) return refuse(cursor);
    const after = era.filters ? readTime('after', query) : undefined;
    const before = era.filters ? readTime('before', query) : undefined;
    if (typeof after === 'object') return refuse(after);
    if (typeof before === 'object') return refuse(before);
    const page = table.page(era, { size: Number(query.get('size') ?? 100), cursor: cursor?.key, after, before });
    const data = page.rows.map((row) => table.show(row, era));
    if (page.cursor === null) return { status: 200, body: { data, next: null } };
    const offset = encodeOffset(page.cursor);
    return { status: 200, body: { data, next: nextPath(era, query, offset), offset } };
  }

  return { handle, table, settings };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
