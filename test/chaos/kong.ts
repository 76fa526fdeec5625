import type { Kong } from '../../lambda/sources/kong/client.ts';
import type { KongAnswer, KongModel, KongSettings } from '../simulators/kong-model.ts';
import type { KongEntry, KongRow } from '../simulators/kong-table.ts';
import type { Faults } from './faults.ts';
import type { Life } from './life.ts';
import type { Subject } from './subject.ts';

export interface ChaosKongOptions {
  readonly model: KongModel;
  readonly faults: Faults;
  readonly life: Life;
  readonly errors: Subject['errors'];
  /** Null on a dry run, which marks nothing. */
  readonly onRequestId: ((requestId: string) => Promise<void>) | null;
  /** A request of this run has left its row in the log. */
  readonly onRow: (row: KongRow) => void;
  /** This run was told that the id is its own. */
  readonly onReported: (requestId: string) => void;
  /** True while nobody can reach Kong. */
  readonly isOut: () => boolean;
  /** See `Profile`. */
  readonly ttlShortSeconds: number;
  /** Which filters each offset was given for (the key of an empty id may be given for several); kept over all runs. */
  readonly offsets: Map<string, Set<string>>;
  readonly onMisuse: (what: string) => void;
  /** Called before each request: nodes of several versions may answer in turn. */
  readonly route: () => void;
}

const RETRIES = 3;

/** The model behind the interface of `lambda/kong/client.ts`, with that client's retries and errors, and much that goes wrong. */
export function chaosKong(options: ChaosKongOptions): Kong {
  const { model, faults, life, errors } = options;
  const adminApi = 'https://kong.internal:8444';
  const signal = life.deadline.stopping;
  const sendsDate = !faults.happens('kong without Date', life.name);
  const refusesRoot = faults.happens('kong refuses GET /', life.name);
  let kongNow: number | null = null;
  let requests = 0;

  async function send(path: string): Promise<unknown> {
    requests += 1;
    const where = `${life.name} GET ${path}`;
    await life.pause(0.02 + 0.1 * faults.random(), where, signal);
    if (options.isOut() || faults.happens('kong unreachable', where)) throw unreachable(path);
    options.route();
    checkFilters(path);
    const answer = handle(path, where);
    rememberFilters(path, answer.body);
    const slow = faults.happens('kong slow', where) ? 5 + 60 * faults.random() : 0;
    await life.pause(0.02 + slow, where, signal);
    if (faults.happens('kong answer lost', where)) throw unreachable(path);
    const { status, headers, body } = answer;
    const requestId = headers['x-kong-admin-request-id'];
    if (requestId !== undefined && options.onRequestId !== null) {
      options.onReported(requestId);
      await options.onRequestId(requestId);
    }
    const date = headers['date'];
    if (date !== undefined && sendsDate) kongNow = Math.floor(Date.parse(date) / 1000);
    const tooLarge = path.includes('size=') && faults.happens('kong page too large', where);
    if (tooLarge) throw new errors.KongPageTooLargeError(`too large: ${path}`);
    if (status === 401 || status === 403) throw new errors.KongAuthError(`Kong refused ${path} with ${status}`, status);
    if (status !== 200) throw new errors.KongResponseError(`Expected 200 from ${path}, got ${status}`, status);
    if (faults.happens('kong sends no JSON', where))
      throw new errors.KongResponseError('Expected JSON, got <html>', 200);
    return faults.happens('kong sends another shape', where) ? { message: 'hello' } : shorten(body);
  }

  /** Before 3.9, Kong's `next` forgets the filters: every page must be asked for with those of the page before it. */
  function checkFilters(path: string): void {
    const offset = parameters(path).get('offset');
    const wanted = offset === null ? undefined : options.offsets.get(offset);
    if (wanted?.has(filtersOf(path)) === false) options.onMisuse(`${life.name} left the filters out: ${path}`);
  }
  function rememberFilters(path: string, body: unknown): void {
    const { offset } = body as { readonly offset?: string };
    if (offset !== undefined)
      options.offsets.set(offset, (options.offsets.get(offset) ?? new Set()).add(filtersOf(path)));
  }

  function shorten(body: unknown): unknown {
    const { data } = body as { readonly data?: readonly KongEntry[] };
    if (data === undefined || options.ttlShortSeconds === 0) return body;
    const rows = data.map((row) =>
      typeof row['ttl'] === 'number' ? { ...row, ttl: Math.max(0, row['ttl'] - options.ttlShortSeconds) } : row,
    );
    return { ...(body as object), data: rows };
  }

  function handle(path: string, where: string): KongAnswer {
    const changes: Partial<KongSettings> = {
      ...(faults.happens('kong refuses the token', where) && { rbacUsers: [] }),
      ...(faults.happens('kong licence lapsed', where) && { licensed: false }),
      ...(faults.happens('kong database down', where) && { databaseUp: false }),
      ...(faults.happens('kong audit log off', where) && { auditLog: false }),
      ...(refusesRoot && {
        rbacUsers: [{ token: '', name: 'forwarder', id: '6d1e8a52-0f0b-4b59-9a3e-0b7d1b8d6a11', denied: ['/'] }],
      }),
    };
    if (path.includes('offset=') && faults.happens('kong refuses the offset', where))
      return { status: 400, headers: {}, body: { name: 'invalid offset' } };
    const { settings, table } = model;
    const usual = { ...settings };
    Object.assign(settings, changes);
    const rows = table.recorded.length;
    const answer = model.handle({ method: 'GET', path, headers: { 'kong-admin-token': '' } });
    const row = table.recorded[rows];
    if (row !== undefined) options.onRow(row);
    Object.assign(settings, usual);
    return answer;
  }

  const unreachable = (path: string) =>
    new errors.KongUnreachableError(`Expected an answer from ${path}, got ECONNRESET`);
  const isPassing = (error: unknown): boolean =>
    error instanceof errors.KongUnreachableError || (error instanceof errors.KongResponseError && error.status >= 500);

  return {
    adminApi,
    async get(path, query = {}) {
      const given = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      );
      const search = new URLSearchParams(given).toString();
      const url = search === '' ? path : `${path}?${search}`;
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await send(url);
        } catch (error) {
          if (attempt === RETRIES || !isPassing(error)) throw error;
          await life.pause(0.5 * 2 ** attempt, `${life.name} waiting to ask again`, signal);
        }
      }
    },
    now: () => kongNow,
    requests: () => requests,
    close: () => Promise.resolve(),
  };
}

const parameters = (path: string): URLSearchParams => new URL(path, 'http://kong').searchParams;

function filtersOf(path: string): string {
  const query = parameters(path);
  return `${query.get('after') ?? ''}-${query.get('before') ?? ''}`;
}
