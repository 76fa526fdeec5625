import { integer, letters, pick, seeded, uuid, type Random } from './random.ts';
import type { KongEntry, KongRow, KongTable } from './kong-table.ts';

/** One request an administrator made, and when. */
export interface AdminRequest {
  /** Fields of the audit row; `request_id` and `request_timestamp` come from the table. */
  readonly entry: KongEntry;
  /** Epoch seconds, with a fraction. */
  readonly at: number;
}

export interface TrafficOptions {
  readonly count: number;
  /** Epoch seconds; the requests are spread over `[from, to)` in the order of time. */
  readonly from: number;
  readonly to: number;
  /** Default 1. */
  readonly seed?: number;
}

interface Action {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly payload?: string;
  readonly removed?: string;
}

interface Admin {
  readonly name: string;
  readonly id: string | null;
  readonly ip: string;
  readonly source: string | null;
}

const TEAMS = ['payments', 'orders', 'identity', 'catalog', 'shipping', 'search', 'ledger', 'mobile-bff'];
const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'];
const PLUGINS = ['rate-limiting', 'cors', 'key-auth', 'request-transformer', 'prometheus', 'ip-restriction'];

/** What administrators do with a Kong: the same seed, the same requests. Secrets in it are made up on the spot. */
export function* adminRequests({ count, from, to, seed = 1 }: TrafficOptions): Generator<AdminRequest> {
  const random = seeded(seed);
  const admins = [...PEOPLE.map((name) => person(random, name)), pipeline(random), anonymous(random)];
  const workspaces = [uuid(random), uuid(random), uuid(random)];
  const step = (to - from) / count;
  for (let index = 0; index < count; index += 1) {
    const admin = pick(random, admins);
    const { method, path, status, payload = null, removed = null } = pick(random, ACTIONS)(random);
    yield {
      at: from + (index + random()) * step,
      entry: {
        method,
        path,
        status,
        payload,
        removed_from_payload: removed,
        client_ip: admin.ip,
        rbac_user_id: admin.id,
        rbac_user_name: admin.id === null ? null : admin.name,
        request_source: admin.source,
        workspace: pick(random, workspaces),
      },
    };
  }
}

/** Records `adminRequests(options)` in the table, each row with the life it would have left, and returns the rows. */
export function fill(table: KongTable, options: TrafficOptions & { readonly ttlSeconds?: number }): readonly KongRow[] {
  const { ttlSeconds = 2_592_000 } = options;
  return Array.from(adminRequests(options), ({ entry, at }) => table.record(entry, { at, ttlSeconds }));
}

function person(random: Random, name: string): Admin {
  const source = random() < 0.5 ? 'kong-manager' : null;
  return { name, id: uuid(random), ip: `10.20.${integer(random, 4)}.${1 + integer(random, 254)}`, source };
}

function pipeline(random: Random): Admin {
  return { name: 'ci-deck-sync', id: uuid(random), ip: '2001:db8:12::7', source: null };
}

function anonymous(random: Random): Admin {
  return { name: '', id: null, ip: `172.31.76.${1 + integer(random, 254)}`, source: null };
}

const json = JSON.stringify;
const host = (random: Random): string => `${pick(random, TEAMS)}-${integer(random, 1000)}.internal`;

/** Each makes one request. Repeated ones are the common ones. */
const ACTIONS: readonly ((random: Random) => Action)[] = [
  () => ({ method: 'GET', path: '/services?size=100', status: 200 }),
  () => ({ method: 'GET', path: '/event-hooks/?size=100', status: 200 }),
  (random) => ({
    method: 'GET',
    path: `/services/${uuid(random)}/routes?size=100&offset=${letters(random, 20)}`,
    status: 200,
  }),
  (random) => ({ method: 'GET', path: `/${pick(random, TEAMS)}/kong`, status: 200 }),
  (random) => ({
    method: 'POST',
    path: '/services',
    status: 201,
    payload: json({
      name: `${pick(random, TEAMS)}-${integer(random, 1000)}`,
      url: `https://${host(random)}:8443/v1`,
      retries: 5,
    }),
  }),
  (random) => ({
    method: 'POST',
    path: `/services/${pick(random, TEAMS)}/routes`,
    status: 201,
    payload: json({
      name: `r-${letters(random, 6)}`,
      paths: [`/${pick(random, TEAMS)}`],
      methods: ['GET', 'POST'],
      strip_path: false,
    }),
  }),
  // A form, as `curl -d` sends it.
  (random) => ({
    method: 'POST',
    path: '/services',
    status: 201,
    payload: `name=${letters(random, 8)}&url=http%3A%2F%2F${host(random)}`,
  }),
  (random) => ({
    method: 'PATCH',
    path: `/routes/${uuid(random)}`,
    status: 200,
    payload: json({ preserve_host: true, tags: ['édité', '✅'] }),
  }),
  (random) => ({
    method: 'POST',
    path: '/consumers',
    status: random() < 0.9 ? 201 : 409,
    payload: json({ username: `app-${integer(random, 10_000)}`, custom_id: uuid(random) }),
  }),
  (random) => ({
    method: 'POST',
    path: `/consumers/app-${integer(random, 10_000)}/key-auth`,
    status: 201,
    payload: json({ key: letters(random, 32) }),
  }),
  (random) => ({
    method: 'POST',
    path: '/plugins',
    status: random() < 0.8 ? 201 : 400,
    payload: json({
      name: pick(random, PLUGINS),
      config: {
        minute: integer(random, 1000),
        policy: 'redis',
        redis: { host: 'redis', password: letters(random, 16) },
      },
    }),
  }),
  (random) => ({
    method: 'PUT',
    path: `/plugins/${uuid(random)}`,
    status: 200,
    payload: json({
      name: 'openid-connect',
      config: { issuer: 'https://idp.internal/.well-known', client_id: ['kong'], client_secret: [letters(random, 40)] },
    }),
  }),
  (random) => ({
    method: 'POST',
    path: '/certificates',
    status: 201,
    payload: json({
      cert: `-----BEGIN CERTIFICATE-----\n${letters(random, 64)}\n-----END CERTIFICATE-----`,
      key: `-----BEGIN PRIVATE KEY-----\n${letters(random, 64)}\n-----END PRIVATE KEY-----`,
      snis: [host(random)],
    }),
  }),
  (random) => ({
    method: 'POST',
    path: '/rbac/users',
    status: 201,
    payload: json({ name: pick(random, PEOPLE), user_token: letters(random, 24) }),
    removed: 'token',
  }),
  (random) => ({
    method: 'POST',
    path: `/rbac/users/${pick(random, PEOPLE)}/roles`,
    status: 201,
    payload: json({ roles: 'read-only,admin' }),
  }),
  (random) => ({
    method: 'POST',
    path: '/admins',
    status: 200,
    payload: json({ username: pick(random, PEOPLE), email: `${pick(random, PEOPLE)}@example.com` }),
    removed: 'password',
  }),
  (random) => ({ method: 'POST', path: '/workspaces', status: 201, payload: json({ name: pick(random, TEAMS) }) }),
  () => ({ method: 'GET', path: '/auth', status: 200 }),
  () => ({ method: 'DELETE', path: '/auth?session_logout=true', status: 200 }),
  (random) => ({ method: 'GET', path: `/userinfo?token=${letters(random, 20)}`, status: random() < 0.7 ? 200 : 401 }),
  (random) => ({ method: 'DELETE', path: `/services/${uuid(random)}`, status: 204 }),
  (random) => ({ method: 'DELETE', path: `/rbac/users/${pick(random, PEOPLE)}`, status: 403 }),
  (random) => ({ method: 'GET', path: `/consumers/${letters(random, 8)}`, status: 404 }),
  (random) => ({
    method: 'POST',
    path: '/config',
    status: 400,
    payload: `{"services":[{"name":"${letters(random, 5)}"`,
  }),
  () => ({ method: 'POST', path: '/tags', status: 405, payload: '[1,"two",null]' }),
];
