import { makeCertificates } from '../support/certificates.ts';
import { kongModel, type KongModelOptions, type KongSettings } from './kong-model.ts';
import type { KongTable } from './kong-table.ts';
import { faults, type Faults, type WireFault } from './wire-fault.ts';
import { wireServer, type LoggedRequest, type WireRequest } from './wire-server.ts';

export interface KongOptions extends Partial<KongModelOptions> {
  /** Serve HTTPS with a certificate made now. Default false. */
  readonly tls?: boolean;
  /** Added to each answer, milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Added for each 100 entries of a page, milliseconds. Default 0. */
  readonly latencyPer100EntriesMs?: number;
  /** Do not log requests; for long benchmarks. Default false. */
  readonly quiet?: boolean;
}

/** A running Kong Admin API. */
export interface KongSimulator extends AsyncDisposable {
  /** What goes into `KONG_ADMIN_API`, path prefix included. */
  readonly url: string;
  readonly table: KongTable;
  /** May be changed while it runs. */
  readonly settings: KongSettings;
  /** Every request, in the order of arrival, those that ran into a fault too. */
  readonly requests: LoggedRequest[];
  readonly faults: Faults<WireRequest, WireFault>;
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined;
  /** The environment in which the forwarder finds this Kong. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts a Kong on a free port of 127.0.0.1. Without `now` it lives in real time; its own rows appear after 20 ms. */
export async function startKong(options: KongOptions = {}): Promise<KongSimulator> {
  const { tls = false, latencyMs = 0, latencyPer100EntriesMs = 0, quiet = false, ...modelOptions } = options;
  const model = kongModel({ now: () => Date.now() / 1000, writeDelaySeconds: 0.02, ...modelOptions });
  const identity = tls ? await makeCertificates() : undefined;
  const hooks = faults<WireRequest, WireFault>();
  const server = await wireServer({
    handle: (request) => model.handle(request),
    faults: hooks,
    latencyMs: ({ body }) => latencyMs + (latencyPer100EntriesMs * entriesIn(body)) / 100,
    quiet,
    ...(identity === undefined ? {} : { certificate: identity }),
  });
  const url = `${server.url}${model.settings.pathPrefix}`;
  return {
    url,
    table: model.table,
    settings: model.settings,
    requests: server.requests,
    faults: hooks,
    ca: identity?.ca,
    env: { KONG_ADMIN_API: url, ...(identity === undefined ? {} : { KONG_ROOT_CA: identity.ca }) },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function entriesIn(body: unknown): number {
  const { data } = (body ?? {}) as { readonly data?: unknown };
  return Array.isArray(data) ? data.length : 0;
}
