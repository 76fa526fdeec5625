import { vi } from 'vitest';
import { forwarding } from '../../lambda/commands/forwarding.ts';
import { type Checkpoint, NO_CHECKPOINT } from '../../lambda/ledger/checkpoint.ts';
import { createMemoryLedger } from '../../lambda/ledger/memory.ts';
import { toError } from '../../lambda/errors.ts';
import type { Activity, Item } from '../../lambda/pipeline/activity.ts';
import type { Deadline } from '../../lambda/pipeline/deadline.ts';
import { DeadlineReached } from '../../lambda/pipeline/deadline.ts';
import { drain } from '../../lambda/pipeline/drain.ts';
import type { ForwardDeps } from '../../lambda/pipeline/forward.ts';
import { keepProgress } from '../../lambda/pipeline/progress.ts';
import type { PutOutcome, PutResult, Sink } from '../../lambda/pipeline/sink.ts';
import type { Page, Source } from '../../lambda/pipeline/source.ts';
import { newTally } from '../../lambda/pipeline/tally.ts';
import { contains, type Window } from '../../lambda/pipeline/window.ts';
import { createRedactor } from '../../lambda/redact/redactor.ts';

/** What a sink says of one event; a word alone is an outcome with a reason of that name. */
export type Verdict = PutOutcome['kind'] | PutOutcome;

export interface WorldOptions {
  /** What the sink says of each event of a batch. Default: accepted. */
  readonly judge?: (id: string, batch: readonly string[]) => Verdict;
  /** In place of `judge`, for a sink that takes its time. */
  readonly put?: (batch: readonly string[], world: World) => Promise<PutResult>;
  /** Called for each event that is mapped. */
  readonly encode?: (id: string, world: World) => void;
  /** Most events of a put. Default 3. */
  readonly batchSize?: number;
  /** Rows of a page. Default 10. */
  readonly pageSize?: number;
  /** Most puts at once. Default 5. */
  readonly most?: number;
  readonly isIgnored?: (activity: Activity) => boolean;
}

/** A ledger in memory, and beside it a source and a sink that do as a test says. */
export interface World {
  readonly ledger: ReturnType<typeof createMemoryLedger>;
  readonly items: Item[];
  /** Ids of every put, in order. */
  readonly batches: (readonly string[])[];
  /** Ids of the events the sink accepted, each as often as it did. */
  readonly delivered: string[];
  readonly pending: () => Promise<readonly Window[]>;
  /** Of the present run. */
  deadline: Deadline;
  /** Ends the present run's time. */
  readonly timeIsUp: () => void;
  /** One run over `pending`, or else over what the last one left. */
  run(pending?: readonly Window[]): Promise<Ran>;
  /** What forwarding needs, for a run of its own. */
  begin(): { readonly deps: Omit<ForwardDeps, 'resends' | 'tries'>; readonly tally: ReturnType<typeof newTally> };
}

export interface Ran {
  readonly error: Error | null;
  readonly pending: readonly Window[];
  readonly tally: ReturnType<typeof newTally>;
  /** Ids of this run's puts. */
  readonly batches: readonly (readonly string[])[];
}

const RUN_ID = 'run-1';

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const ledger = createMemoryLedger();
  await ledger.lock(RUN_ID, 1e6);
  const load = async (): Promise<Checkpoint> => (await ledger.loadCheckpoint()) ?? { ...NO_CHECKPOINT, planned: 0 };
  const sink = fakeSink(options, () => world);
  const world: World = {
    ledger,
    items: [],
    batches: [],
    delivered: [],
    pending: async () => (await load()).pending,
    deadline: manualDeadline(),
    timeIsUp: () => {
      world.deadline.halt(new DeadlineReached('The run’s time is up'));
    },
    begin() {
      const tally = newTally();
      world.deadline = manualDeadline();
      const settings = {
        overlapSeconds: 1,
        auditTtlSeconds: 2_592_000,
        ttlGraceSeconds: 3600,
        putConcurrency: options.most ?? 5,
        redactor: createRedactor([]),
        isIgnored: options.isIgnored ?? (() => false),
      };
      const progress = { quarantined: vi.fn() };
      const source: Source = { ...unused, keep: (row) => ({ row }) };
      const run = { runId: RUN_ID, lockSeconds: 60, log: silent, now: () => 0 };
      const deps = forwarding({ ...run, settings, source, sink, ledger, deadline: world.deadline, tally }, progress);
      return { deps, tally };
    },
    async run(pending) {
      const checkpoint = await load();
      const progress = keepProgress({ ...checkpoint, ...(pending && { pending: [...pending] }) }, ledger, RUN_ID);
      const { deps, tally } = world.begin();
      const put = world.batches.length;
      const source = { pages: (todo: readonly Window[]) => pagesOf(world.items, todo, options.pageSize ?? 10) };
      const error = await drain({ ...deps, progress, source, log: silent }).then(() => null, toError);
      return { error, tally, pending: progress.current().pending, batches: world.batches.slice(put) };
    },
  };
  return world;
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

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
  const aborting = new AbortController();
  return {
    stopping: stopping.signal,
    aborting: aborting.signal,
    check: () => undefined,
    halt: (failure) => {
      stopping.abort(failure);
    },
  };
}

/** Items newest first, each once, by pages; as a source that filters by time gives them. */
export async function* pagesOf(
  items: readonly Item[],
  todo: readonly Window[],
  pageSize: number,
): AsyncGenerator<Page> {
  for (const [index, window] of todo.entries()) {
    const later = todo.slice(index + 1);
    const inside = items
      .filter(({ second }) => second !== null && contains(window, second))
      .toSorted((a, b) => (b.second ?? 0) - (a.second ?? 0));
    for (let start = 0; start === 0 || start < inside.length; start += pageSize) {
      await Promise.resolve();
      const page = inside.slice(start, start + pageSize);
      const lowest = page.at(-1)?.second ?? window.after;
      const isLast = start + pageSize >= inside.length;
      yield { items: page, left: isLast ? later : [{ ...window, before: lowest + 1 }, ...later] };
    }
  }
}

function fakeSink({ judge = () => 'accepted', put, encode, batchSize = 3 }: WorldOptions, world: () => World): Sink {
  return {
    encode: ({ id }) => {
      encode?.(id, world());
      return id;
    },
    batcher(maxEvents = Infinity) {
      let group: unknown[] = [];
      const rest = () => {
        const full = group;
        group = [];
        return full;
      };
      return {
        add(event) {
          const full = group.length === Math.min(maxEvents, batchSize) ? rest() : null;
          group.push(event);
          return full;
        },
        rest,
      };
    },
    async put(events) {
      const batch = events as readonly string[];
      world().batches.push(batch);
      const result = put
        ? await put(batch, world())
        : { outcomes: batch.map((id) => toOutcome(judge(id, batch))), stop: null };
      result.outcomes.forEach(({ kind }, index) => {
        if (kind === 'accepted') world().delivered.push(batch[index] ?? '');
      });
      return result;
    },
    reader: { missing: '' },
    diagnose: () => Promise.resolve([]),
    close: () => undefined,
  };
}

/** A verdict with its reason. */
export function toOutcome(verdict: Verdict): PutOutcome {
  if (typeof verdict !== 'string') return verdict;
  if (verdict === 'accepted') return { kind: verdict, reference: 'reference' };
  if (verdict === 'unsent') return { kind: verdict };
  return { kind: verdict, errorCode: `Code-${verdict}`, errorMessage: 'as the test says' };
}

/** The outcomes of one put, whatever is in it. */
export const all = (batch: readonly string[], verdict: Verdict): PutResult => ({
  outcomes: batch.map(() => toOutcome(verdict)),
  stop: null,
});
