import type { Summary } from '../../lambda/pipeline/report.ts';

/** The beginning of the road in the demo: a simulated service, and what happens in it. */
export interface SourceStage extends AsyncDisposable {
  /** What is read, such as `Kong's audit log`. */
  readonly name: string;
  /** The service that is simulated, such as `Kong 3.9.1.0`. */
  readonly service: string;
  /** What it calls a row, and rows. */
  readonly row: string;
  readonly rows: string;
  /** Chooses the source, and says where it is. */
  readonly env: Readonly<Record<string, string>>;
  /** What the first run finds; in words. */
  readonly backlog: string;
  /** What happens then, in this order; a run comes after each. */
  readonly acts: readonly Act[];
  /** How far back `verify` looks. */
  readonly verified: string;
  /** One event that is worth being shown whole, of those after the first run. */
  readonly telling: { readonly title: string; readonly isIn: (text: string) => boolean };
  /** What there is to say of a run after an act. */
  readonly remark: (run: Summary) => string;
  /** One event as the table shows it. */
  readonly show: (event: ShownEvent) => Shown;
  /** Every row that was written. */
  written(): readonly Written[];
}

export interface Act {
  readonly title: string;
  /** What the run after it is about. */
  readonly point: string;
  readonly perform: () => void;
}

export interface Written {
  /** What the ledger and the event know the row by. */
  readonly id: string;
  /** Nobody asked for it: it must not arrive. */
  readonly isUnwanted?: boolean;
}

export interface Shown {
  readonly who: string;
  readonly what: string;
  readonly outcome: string;
  readonly isBad: boolean;
}

/** The end of the road in the demo: a simulated service, and a look at what lies in it. */
export interface SinkStage extends AsyncDisposable {
  /** Where events go, such as `CloudTrail Lake`. */
  readonly name: string;
  /** The service that is simulated. */
  readonly service: string;
  /** What the service calls that which finds an event there. */
  readonly referenceName: string;
  /** Chooses the sink, and lets the AWS SDK find the simulated service. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything it holds, in the order in which it came. */
  arrived(): readonly Arrived[];
  /** What is worth saying after the first run; null for nothing. */
  remark(): string | null;
}

export interface Arrived {
  /** The event as JSON text. */
  readonly text: string;
  readonly reference: string;
}

/** What the demo shows of an event. */
export interface ShownEvent {
  readonly UID: string;
  readonly eventTime: string;
  readonly eventName: string;
  readonly errorCode?: string;
  readonly userIdentity: {
    readonly type: string;
    readonly principalId: string;
    readonly details?: { readonly userName?: string };
  };
  readonly additionalEventData: {
    readonly status?: number;
    readonly namespace?: string;
    readonly name?: string;
    readonly decision?: string;
    readonly loggedAt?: string;
  };
}

export const parseEvent = ({ text }: Arrived): ShownEvent => JSON.parse(text) as ShownEvent;
