import { kongModel } from '../simulators/kong-model.ts';
import { fill } from '../simulators/kong-traffic.ts';
import { eraOf } from '../simulators/kong-version.ts';
import { faults } from '../simulators/wire-fault.ts';
import { wireServer } from '../simulators/wire-server.ts';
import { answerCalls } from './remote.ts';

/*
 * The simulated Kong in a process of its own, with a clock and a latency that the benchmark sets while it runs.
 */

export interface KongLatency {
  readonly perAnswerMs: number;
  readonly per100EntriesMs: number;
}

export interface Traffic {
  readonly count: number;
  /** Hours before and after the clock's now between which the entries lie. */
  readonly hoursBefore: number;
  readonly hoursAfter: number;
  readonly ttlHours: number;
}

const HOUR_SECONDS = 3600;
const VERSION = '3.9.1.0';

let aheadSeconds = 0;
let latency: KongLatency = { perAnswerMs: 0, per100EntriesMs: 0 };
let requests = 0;

const now = () => Date.now() / 1000 + aheadSeconds;
const model = kongModel({ now, version: VERSION, writeDelaySeconds: 0.02 });
const server = await wireServer({
  handle: (request) => {
    requests += 1;
    return model.handle(request);
  },
  faults: faults(),
  latencyMs: ({ body }) => {
    const { data } = body as { readonly data?: readonly unknown[] };
    return latency.perAnswerMs + ((data?.length ?? 0) * latency.per100EntriesMs) / 100;
  },
  quiet: true,
});

const methods = {
  url: () => server.url,
  fill({ count, hoursBefore, hoursAfter, ttlHours }: Traffic): void {
    fill(model.table, {
      count,
      from: now() - hoursBefore * HOUR_SECONDS,
      to: now() + hoursAfter * HOUR_SECONDS,
      ttlSeconds: ttlHours * HOUR_SECONDS,
    });
    sort();
  },
  advance(hours: number): void {
    aheadSeconds += hours * HOUR_SECONDS;
    sort();
  },
  setLatency(wanted: KongLatency): void {
    latency = wanted;
  },
  requests: () => requests,
};
export type KongProcess = typeof methods;

/** The table sorts and purges on the first read after a change; that is not what is measured. */
function sort(): void {
  model.table.page(eraOf(VERSION), { size: 1 });
}

answerCalls(methods);
