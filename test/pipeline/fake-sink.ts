import type { Batcher, PutOutcome, PutResult, Sink } from '../../lambda/pipeline/sink.ts';

/** What a sink says of one event; a word alone is an outcome with a reason of that name. */
export type Verdict = PutOutcome['kind'] | PutOutcome;

export interface FakeSinkOptions {
  /** What the sink says of each event of a batch. Default: accepted. */
  readonly judge?: (id: string, batch: readonly string[]) => Verdict;
  /** In place of `judge`, for a sink that takes its time. */
  readonly put?: (batch: readonly string[]) => Promise<PutResult>;
  /** Called for each event that is mapped. */
  readonly encode?: (id: string) => void;
  /** Most events of a put. Default 3. */
  readonly batchSize?: number;
}

export interface FakeSink extends Sink {
  /** Ids of every put, in order. */
  readonly batches: (readonly string[])[];
  /** Ids of the events it accepted, each as often as it did. */
  readonly delivered: string[];
}

/** A sink that does as it is told. Its events are the ids. */
export function createFakeSink({ judge = () => 'accepted', put, encode, batchSize = 3 }: FakeSinkOptions): FakeSink {
  const batches: (readonly string[])[] = [];
  const delivered: string[] = [];
  return {
    batches,
    delivered,
    encode: ({ id }) => {
      encode?.(id);
      return id;
    },
    batcher: (maxEvents = Infinity) => createBatcher(Math.min(maxEvents, batchSize)),
    async put(events) {
      const batch = events as readonly string[];
      batches.push(batch);
      const judged = () => ({ outcomes: batch.map((id) => toOutcome(judge(id, batch))), stop: null });
      const result = put ? await put(batch) : judged();
      result.outcomes.forEach(({ kind }, index) => {
        if (kind === 'accepted') delivered.push(batch[index] ?? '');
      });
      return result;
    },
    reader: { missing: '' },
    diagnose: () => Promise.resolve([]),
    close: () => undefined,
  };
}

function createBatcher(most: number): Batcher<unknown> {
  let group: unknown[] = [];
  const rest = () => {
    const full = group;
    group = [];
    return full;
  };
  return {
    add(event) {
      const full = group.length === most ? rest() : null;
      group.push(event);
      return full;
    },
    rest,
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
