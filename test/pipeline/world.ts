import { vi } from 'vitest';
import { type Forwarding, forwarding } from '../../lambda/commands/forwarding.ts';
import { toError } from '../../lambda/errors.ts';
import { type Checkpoint, NO_CHECKPOINT } from '../../lambda/ledger/checkpoint.ts';
import { createMemoryLedger, type MemoryLedger } from '../../lambda/ledger/memory.ts';
import type { Activity, Item } from '../../lambda/pipeline/activity.ts';
import { type Deadline, DeadlineReached } from '../../lambda/pipeline/deadline.ts';
import { drain } from '../../lambda/pipeline/drain.ts';
import { keepProgress } from '../../lambda/pipeline/progress.ts';
import type { PutResult } from '../../lambda/pipeline/sink.ts';
import type { Source } from '../../lambda/pipeline/source.ts';
import { newTally, type Tally } from '../../lambda/pipeline/tally.ts';
import type { Window } from '../../lambda/pipeline/window.ts';
import { createRedactor } from '../../lambda/redact/redactor.ts';
import { item } from '../support/item.ts';
import { createFakeSink, type FakeSink, type FakeSinkOptions } from './fake-sink.ts';
import { pagesOf } from './fake-source.ts';

export interface WorldOptions extends Pick<FakeSinkOptions, 'judge' | 'batchSize'> {
  /** See `FakeSinkOptions`. */
  readonly put?: (batch: readonly string[], world: World) => Promise<PutResult>;
  readonly encode?: (id: string, world: World) => void;
  /** Rows of a page. Default 10. */
  readonly pageSize?: number;
  /** Most puts at once. Default 5. */
  readonly most?: number;
  readonly isIgnored?: (activity: Activity) => boolean;
  /** What the source gives. Default: every item, page by page. */
  readonly pages?: typeof pagesOf;
}

/** A ledger in memory, and beside it a source and a sink that do as a test says. */
export interface World extends Pick<FakeSink, 'batches' | 'delivered'> {
  readonly ledger: MemoryLedger;
  readonly items: Item[];
  /** What the last run left. */
  readonly pending: () => Promise<readonly Window[]>;
  /** Of the present run. */
  deadline: Deadline;
  /** Ends the present run's time. */
  readonly timeIsUp: () => void;
  /** One run over `pending`, or else over what the last one left, with its overlap, if it has one. */
  run(pending?: readonly Window[], overlapFrom?: number): Promise<Ran>;
  /** What forwarding needs, for a run of its own. */
  begin(): { readonly deps: Forwarding; readonly tally: Tally };
}

export interface Ran {
  readonly error: Error | null;
  readonly pending: readonly Window[];
  readonly tally: Tally;
  /** Ids of this run's puts. */
  readonly batches: readonly (readonly string[])[];
}

const RUN = { runId: 'run-1', lockSeconds: 60, now: () => 0 };
export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const { judge, batchSize, put, encode, pageSize = 10, most = 5, isIgnored = () => false, pages = pagesOf } = options;
  const ledger = createMemoryLedger();
  await ledger.lock(RUN.runId, 1e6);
  const load = async (): Promise<Checkpoint> => (await ledger.loadCheckpoint()) ?? { ...NO_CHECKPOINT, planned: 0 };
  const sink = createFakeSink({
    ...(judge && { judge }),
    ...(batchSize !== undefined && { batchSize }),
    ...(put && { put: (batch) => put(batch, world) }),
    ...(encode && {
      encode: (id) => {
        encode(id, world);
      },
    }),
  });
  const settings = {
    overlapSeconds: 1,
    auditTtlSeconds: 2_592_000,
    ttlGraceSeconds: 3600,
    putConcurrency: most,
    redactor: createRedactor([]),
    isIgnored,
  };
  const world: World = {
    ledger,
    items: [],
    batches: sink.batches,
    delivered: sink.delivered,
    pending: async () => (await load()).pending,
    deadline: manualDeadline(),
    timeIsUp: () => {
      world.deadline.halt(new DeadlineReached('The run’s time is up'));
    },
    begin: () => begin({ quarantined: vi.fn() }),
    async run(pending, overlapFrom) {
      const checkpoint = await load();
      const progress = keepProgress({ ...checkpoint, ...(pending && { pending: [...pending] }) }, ledger, RUN.runId);
      const { deps, tally } = begin(progress);
      const before = sink.batches.length;
      const source = { pages: (todo: readonly Window[]) => pages(world.items, todo, pageSize) };
      const error = await drain({
        ...deps,
        ...(overlapFrom !== undefined && { overlapFrom }),
        progress,
        source,
        log: silent,
      }).then(() => null, toError);
      return { error, tally, pending: progress.current().pending, batches: sink.batches.slice(before) };
    },
  };
  return world;

  function begin(progress: Parameters<typeof forwarding>[1]) {
    const tally = newTally();
    world.deadline = manualDeadline();
    const parts = { settings, source: unused, sink, ledger, deadline: world.deadline, tally, log: silent };
    return { deps: forwarding({ ...RUN, ...parts }, progress), tally };
  }
}

/** Writes one activity at each of these seconds, named after it. */
export function write({ items }: World, ...seconds: readonly number[]): void {
  for (const second of seconds) items.push(item(`e${second}`, { second }));
}

export const unread = (after: number, before: number): Window => ({ after, before });
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, second) => second);

/** Calls `act` the first time that each of these is mapped. */
export function onceEach(ids: readonly string[], act: (world: World) => void): (id: string, world: World) => void {
  const left = new Set(ids);
  return (id, world) => {
    if (left.delete(id)) act(world);
  };
}

const nothing = () => Promise.reject(new Error('not used here'));
const unused: Source = {
  open: nothing,
  keep: (row) => ({ row }),
  diagnose: nothing,
  now: () => null,
  requests: () => 0,
  close: nothing,
};

/** A deadline that comes when a test says so. */
function manualDeadline(): Deadline {
  const stopping = new AbortController();
  return {
    stopping: stopping.signal,
    aborting: new AbortController().signal,
    check: () => undefined,
    halt: (failure) => {
      stopping.abort(failure);
    },
  };
}
