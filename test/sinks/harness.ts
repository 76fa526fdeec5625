import type { ForwarderError } from '../../lambda/errors.ts';
import type { Activity } from '../../lambda/pipeline/activity.ts';
import type { PutOutcome, PutResult, Sink } from '../../lambda/pipeline/sink.ts';
import type { ErrorFault } from '../simulators/aws-problem.ts';
import type { Faults, WireFault } from '../simulators/wire-fault.ts';
import type { WireRequest } from '../simulators/wire-server.ts';

export interface OpenOptions {
  /** Of the run. Default: never. */
  readonly stopping?: AbortSignal;
  /** Time limit of one attempt. Default: the sink's own. */
  readonly attemptTimeoutMs?: number;
  /** Called for each event and request that was throttled. */
  readonly onThrottled?: () => void;
  /** The environment has none. Default false. */
  readonly withoutCredentials?: boolean;
}

/**
 * A sink of its own for one test, whose retries hardly wait, and the simulated service behind it. The service is ready to take
 * events, so that every request is one with events.
 */
export interface SinkHarness extends AsyncDisposable {
  readonly sink: Sink;
  readonly faults: Pick<Faults<WireRequest, WireFault | ErrorFault>, 'always' | 'next'>;
  requests(): number;
  /** `UID`s of the events that the service holds, in the order in which they came. */
  stored(): readonly string[];
  /** Makes the service refuse this one for good while it takes others. */
  refused(id: string): Activity;
  /** Makes the service not take this one for now while it takes others. */
  postponed(id: string): Activity;
  /** From now on nobody listens at the endpoint. */
  shutDown(): Promise<void>;
}

/** What the contract must know of a sink. */
export interface SinkSubject {
  readonly name: string;
  /** Most events of one request. */
  readonly maxEvents: number;
  /** The error of a whole request that is about one of its events, and what becomes of that event. */
  readonly poison: { readonly code: string; readonly becomes: PutOutcome['kind'] };
  /** Errors of a whole request after which no other has a chance. */
  readonly stops: readonly {
    readonly fault: Omit<ErrorFault, 'fault'>;
    readonly error: new (...given: never[]) => ForwarderError;
  }[];
  /** Harnesses come with a reader of what the sink holds. */
  readonly hasReader: boolean;
  readonly open: (options?: OpenOptions) => Promise<SinkHarness>;
}

export const NEVER = new AbortController().signal;

/** Encodes and puts `items` as one batch. */
export async function putAll(
  { sink }: Pick<SinkHarness, 'sink'>,
  items: readonly Activity[],
  { stopping = NEVER, aborting = NEVER }: { stopping?: AbortSignal; aborting?: AbortSignal } = {},
): Promise<PutResult> {
  return await sink.put(
    items.map((item) => sink.encode(item)),
    { stopping, aborting },
  );
}

/** What became of each event, in their order. */
export const kinds = ({ outcomes }: PutResult): PutOutcome['kind'][] => outcomes.map(({ kind }) => kind);
