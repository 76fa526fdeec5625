import type { KongAnswer, KongModel, KongSettings } from '../simulators/kong-model.ts';
import type { KongEntry, KongRow } from '../simulators/kong-table.ts';
import type { Faults } from './faults.ts';
import { type Exchange, refusedConnection, reset, type WireAnswer } from './kong-dispatcher.ts';
import type { Life } from './life.ts';
import type { Offsets } from './offsets.ts';

export interface KongNetworkOptions {
  readonly model: KongModel;
  readonly faults: Faults;
  readonly life: Life;
  /** A request of this run has left its row in the log. */
  readonly onRow: (row: KongRow) => void;
  /** The answer that names the request's id does not reach the run, or too late. */
  readonly onUntold: (requestId: string) => void;
  /** True while nobody can reach Kong. */
  readonly isOut: () => boolean;
  /** Kong fails to give what it logged then. */
  readonly isBadSecond: (second: number) => boolean;
  /** See `Profile`. */
  readonly ttlShortSeconds: number;
  readonly answerSeconds: number;
  readonly offsets: Offsets;
  readonly onMisuse: (what: string) => void;
  /** The rest of an answer will never come. @param signal aborts when the client gives up */
  readonly onDrip: (where: string, signal: AbortSignal) => void;
  /** Called before each request: nodes of several versions may answer in turn. */
  readonly route: () => void;
}

/** Larger than any page of the simulation that is not made too large. */
export const MAX_BODY_BYTES = 1_000_000;
const MAX_TIMEOUT_SECONDS = 60;
/** Some in each of several attempts may be asked for; not more. */
const MOST_EMPTY_PAGES = 40;

/** The model behind a wire on which much goes wrong. What the run's own client makes of it is that client's work. */
export function kongNetwork(options: KongNetworkOptions): Exchange {
  const { model, faults, life, offsets } = options;
  const sendsDate = !faults.happens('kong without Date', life.name);
  const refusesRoot = faults.happens('kong refuses GET /', life.name);
  const isEndless = faults.happens('kong empty pages without end', life.name);
  let pages = 0;

  async function exchange(path: string, signal: AbortSignal): Promise<WireAnswer> {
    const where = `${life.name} GET ${path}`;
    await life.pause(0.02 + 0.1 * faults.random(), where, signal);
    if (options.isOut() || faults.happens('kong unreachable', where)) throw refusedConnection();
    options.route();
    const misuse = offsets.misuse(path);
    if (misuse !== null) options.onMisuse(`${life.name} ${misuse}`);
    const answer = handle(path, where);
    const id = answer.headers['x-kong-admin-request-id'] ?? '';
    const named = (answer.body as { readonly offset?: string }).offset;
    if (named !== undefined) offsets.given(path, named);
    try {
      await life.pause(waitSeconds(path, where, answer), where, signal);
      if (faults.happens('kong silent', where)) {
        await life.pause(MAX_TIMEOUT_SECONDS, where, signal);
        throw Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
      }
      const ends = faults.happens('kong drips', where)
        ? 'drips'
        : faults.happens('kong answer lost', where)
          ? 'cut'
          : 'whole';
      if (ends === 'drips') options.onDrip(where, signal);
      if (ends === 'cut' && faults.random() < 0.5) throw reset();
      return { status: answer.status, headers: headersOf(answer), body: bodyOf(answer, path, where), ends };
    } catch (error) {
      // A client may give up only when its own limits, or the end of the run, leave it no more time.
      if (!signal.aborted || life.deadline.aborting.aborted) options.onUntold(id);
      throw error;
    }
  }

  function waitSeconds(path: string, where: string, { status }: KongAnswer): number {
    const slow = faults.happens('kong slow', where) ? 5 + 60 * faults.random() : 0;
    return 0.02 + (path.startsWith('/audit/requests') && status === 200 ? options.answerSeconds : 0) + slow;
  }

  function headersOf({ headers }: KongAnswer): Record<string, string> {
    const { date, ...others } = headers;
    return sendsDate && date !== undefined ? { ...others, date } : others;
  }

  function bodyOf({ status, body }: KongAnswer, path: string, where: string): string {
    const isPage = path.startsWith('/audit/requests') && status === 200;
    if (isPage && faults.happens('kong page too large', where)) return ' '.repeat(MAX_BODY_BYTES + 1);
    if (status === 200 && faults.happens('kong sends no JSON', where)) return '<html>Hello</html>';
    if (status === 200 && faults.happens('kong sends another shape', where)) return '{"message":"hello"}';
    if (isPage && isEndless) {
      pages += 1;
      if (pages === MOST_EMPTY_PAGES) options.onMisuse(`${life.name} goes on reading empty pages`);
      return JSON.stringify({ data: [], next: null, offset: `none-${pages}` });
    }
    return JSON.stringify(shorten(body));
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
    const bad = offsets.badStatus(path);
    if (bad !== null) return { status: bad, headers: {}, body: { message: 'this offset means nothing any more' } };
    if (path.includes('offset=') && faults.happens('kong refuses the offset', where))
      return { status: 400, headers: {}, body: { name: 'invalid offset' } };
    const { settings, table } = model;
    const usual = { ...settings };
    Object.assign(settings, changes);
    const rows = table.recorded.length;
    const answer = model.handle({
      method: 'GET',
      path: isEndless ? withoutOffset(path) : path,
      headers: { 'kong-admin-token': '' },
    });
    const row = table.recorded[rows];
    if (row !== undefined) options.onRow(row);
    Object.assign(settings, usual);
    return holdsBadSecond(answer)
      ? { ...answer, status: 500, body: { message: 'An unexpected error occurred' } }
      : answer;
  }

  function holdsBadSecond({ body }: KongAnswer): boolean {
    const { data = [] } = body as { readonly data?: readonly KongEntry[] };
    return data.some(({ request_timestamp: second }) => options.isBadSecond(Number(second)));
  }

  return exchange;
}

/** The offsets of pages without end are no offsets of Kong's. */
const withoutOffset = (path: string): string => path.replace(/([?&])offset=none-[^&]*&?/, '$1');
