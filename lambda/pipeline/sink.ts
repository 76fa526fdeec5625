import type { ForwarderError } from '../errors.ts';
import type { Activity, WholePayload } from './activity.ts';
import type { Check } from './check.ts';
import type { Window } from './window.ts';

/** What became of one event. */
export type PutOutcome =
  /** The sink has it. `reference` finds it there. */
  | { readonly kind: 'accepted'; readonly reference: string }
  /** The sink will never take it. */
  | { readonly kind: 'refused'; readonly errorCode: string; readonly errorMessage: string }
  /**
   * The sink refuses it for a reason that no document names. It may be about this event or about all: only what becomes of
   * others tells.
   */
  | { readonly kind: 'doubtful'; readonly errorCode: string; readonly errorMessage: string }
  /** A transient failure, after all retries: not delivered. */
  | { readonly kind: 'not-taken'; readonly errorCode: string; readonly errorMessage: string }
  /** No answer came: it may have been delivered. Not sent again by this run. */
  | { readonly kind: 'unknown'; readonly errorCode: string; readonly errorMessage: string }
  /** Never sent: the run ended first. */
  | { readonly kind: 'unsent' };

export interface PutResult {
  /** One for each event put, in their order. */
  readonly outcomes: readonly PutOutcome[];
  /** Set when no further event has a chance: the destination or the credentials are wrong. */
  readonly stop: ForwarderError | null;
}

export interface PutSignals {
  /** When it aborts, nothing new is sent and nothing tried again. */
  readonly stopping: AbortSignal;
  /** Ends requests in flight. */
  readonly aborting: AbortSignal;
}

/** Cuts events into batches by the sink's own limits. */
export interface Batcher<Event> {
  /** Takes one more event. Returns the batch that was full before it, else null. */
  add(event: Event): readonly Event[] | null;
  /** What was added since the last batch; may be empty. */
  rest(): readonly Event[];
}

/** Where events go: one folder under `sinks/`. Made for one invocation. `Event` is the sink's own. */
export interface Sink<Event = unknown> {
  /**
   * Pure: the same activity gives the same event. What is too large is cut and says so.
   *
   * @param whole describes the request body when the activity carries only its beginning
   */
  encode(activity: Activity, whole?: WholePayload): Event;
  /** @param maxEvents at most so many events in a batch, if that is less than the sink's own limit */
  batcher(maxEvents?: number): Batcher<Event>;
  /** Puts one batch. Never throws: what is accepted must be marked even when the same answer says stop. */
  put(batch: readonly Event[], signals: PutSignals): Promise<PutResult>;
  /** How to ask what the sink holds, for `verify`; null where that is not set up, with what to do. */
  readonly reader: SinkReader | { readonly missing: string };
  /** Tries everything a run needs of the sink, for `check`. Sends no event, never throws. */
  diagnose(): Promise<readonly Check[]>;
  close(): void;
}

export interface SinkReader {
  /** The `UID` of every event of this deployment whose time lies in `window`, one for each copy, in no particular order. */
  uids(window: Window, signal: AbortSignal): AsyncIterable<readonly StoredEvent[]>;
}

export interface StoredEvent {
  readonly uid: string;
  /** What the ledger keeps of an event that was accepted: it finds the event in the sink. */
  readonly reference: string;
}
