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
  readonly userIdentity: { readonly type: string; readonly details: { readonly userName?: string } };
  readonly additionalEventData: { readonly status: number; readonly loggedAt?: string };
}

export const parseEvent = ({ text }: Arrived): ShownEvent => JSON.parse(text) as ShownEvent;
