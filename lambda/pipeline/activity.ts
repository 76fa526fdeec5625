/** A text that may hold secrets, and how it is to be read when they are looked for. */
export interface SensitiveText {
  readonly text: string;
  /** `payload`: a request body of any kind; `query`: what stands after the `?`; `path`: a path with its query. */
  readonly as: 'payload' | 'query' | 'path';
}

/** One member of `requestParameters`. */
export interface RequestPart extends SensitiveText {
  readonly name: string;
}

export type Detail = string | number | boolean | null | SensitiveText;

/** One thing somebody did, in one shape for every source. Texts are as the source gives them: redaction and limits come later. */
export interface Activity {
  readonly valid: true;
  /** Names it in its source, in the ledger and in the sink (`UID`). The same at every reading. */
  readonly id: string;
  /** Where it lies in the source's time, which windows are cut by; epoch seconds. */
  readonly second: number;
  /** When it was done, epoch seconds, where that is another time. @default - `second` */
  readonly doneAt?: number;
  /** Seconds until the source forgets it; null when the source does not say. */
  readonly ttlSeconds: number | null;
  /** Version of the software or the format it was recorded by; `unknown` when that is not known. */
  readonly version: string;
  readonly actor: {
    readonly type: string;
    readonly id: string;
    readonly details: Readonly<Record<string, string>>;
    readonly isAnonymous: boolean;
  };
  /** What was done, such as `POST/services`: the event's name. */
  readonly action: string;
  /** Method and path or verb and URI: what the operator's filters look at. */
  readonly method: string;
  readonly path: string;
  /** It asked for a change, whether or not it was allowed. */
  readonly isWrite: boolean;
  /** As HTTP says it; null when the source does not. */
  readonly status: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
  /** What was sent, in the order of the event's members. Empty texts are left out of the event. */
  readonly request: readonly RequestPart[];
  /** Everything else that is worth keeping, flat. Null members are left out of the event. */
  readonly details: Readonly<Record<string, Detail>>;
  /** The row as the source gave it. */
  readonly row: unknown;
}

/** A row that is no activity. It goes to quarantine, never lost and never in the way. */
export interface InvalidItem {
  readonly valid: false;
  readonly id: string;
  /** Null when the row has no usable time. */
  readonly second: number | null;
  readonly ttlSeconds: number | null;
  /** What was expected, field by field; the row says what was got. */
  readonly reason: string;
  readonly row: unknown;
}

export type Item = Activity | InvalidItem;

/** When it was done, epoch seconds: the time its event tells. */
export const timeOf = ({ second, doneAt = second }: Pick<Activity, 'second' | 'doneAt'>): number => doneAt;

/** Size and digest of a request body of which only the beginning was kept (a replayed entry). */
export interface WholePayload {
  readonly payloadBytes: number;
  readonly payloadSha256: string;
}
