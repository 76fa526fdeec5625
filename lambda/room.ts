import type { Env } from './environment.ts';
import type { Binding } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import type { Deadline } from './pipeline/deadline.ts';
import type { Sink } from './pipeline/sink.ts';
import type { Source } from './pipeline/source.ts';
import type { Redactor } from './redact/redactor.ts';

/**
 * A kind of source or sink, as far as `compose.ts` needs to know it. A deployment has one of each; the variable that only its kind
 * has chooses it.
 */
interface Room<Settings> {
  /** The variable that chooses it. */
  readonly chosenBy: string;
  /** What that variable holds, for who has set none. */
  readonly hint: string;
  /** Variables that mean something to this kind alone; set without it, they are a mistake. */
  readonly onlyHere: readonly string[];
  /** Reads its variables. Asked only when it was chosen. */
  load(env: Env): Loaded<Settings>;
}

export type Loaded<Settings> =
  { readonly problems: readonly string[] } | { readonly problems: readonly []; readonly settings: Settings };

export type SourceRoom = Room<SourceSettings>;
export type SinkRoom = Room<SinkSettings>;

export interface SourceSettings {
  /** Defaults that depend on the source: `EVENT_SOURCE`, `AUDIT_TTL_SECONDS`. */
  readonly eventSource: string;
  readonly auditTtlSeconds: number;
  /** Names the log group it reads, where it reads one: no sink may write there. */
  readonly logGroup?: string;
  /** May load the code it needs first: what a deployment does not have, its cold start does not pay for. */
  connect(deps: SourceDeps): Source | Promise<Source>;
}

export interface SinkSettings {
  /** What it is called where a user reads it, such as `cloudtrail-lake`. */
  readonly name: string;
  /** Names the log group it writes to, where it writes to one. */
  readonly logGroup?: string;
  /** See `SourceSettings`. */
  connect(deps: SinkDeps): Sink | Promise<Sink>;
}

export interface SourceDeps {
  readonly signals: Pick<Deadline, 'stopping' | 'aborting'>;
  readonly log: Log;
  /** Marks the id of a request this program made itself; absent where such requests are forwarded as well. */
  readonly markOwn?: (id: string) => Promise<void>;
  /**
   * Whose each id is, where ids are chosen by whoever is audited: true for the one that asked for it first, of which `value` is the
   * mark. The same at every reading, in whatever order. Absent where there is no ledger.
   */
  readonly bind?: (ids: readonly Pick<Binding, 'id' | 'value'>[]) => Promise<readonly boolean[]>;
  readonly deriveErrorCode: boolean;
  /** How far back a first run looks. */
  readonly lookbackSeconds: number;
  /** How late an entry may show: so much is read again by each run. */
  readonly overlapSeconds: number;
  /** One try at each thing, and not for long: somebody is waiting. */
  readonly isCheck: boolean;
}

export interface SinkDeps {
  readonly sourceName: string;
  readonly eventSource: string;
  readonly redactor: Redactor;
  readonly callsPerSecond: number;
  readonly signals: Pick<Deadline, 'stopping' | 'aborting'>;
  readonly log: Log;
  /** Called once for each request with events, retries included. */
  readonly onRequest: () => void;
  /** Called for each event and each request that was throttled. */
  readonly onThrottled: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
