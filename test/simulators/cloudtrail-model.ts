import { awsProblem, injected, type ErrorFault } from './aws-problem.ts';
import { callBudget } from './call-budget.ts';
import { eventProblem, type PutEvent } from './cloudtrail-event.ts';
import { requestProblem } from './cloudtrail-request.ts';
import { seeded, uuid } from './random.ts';
import type { AwsProblem } from './sigv4.ts';

/** A channel of the documentation's account, and the one every simulator knows unless told otherwise. */
export const EXAMPLE_CHANNEL_ARN =
  'arn:aws:cloudtrail:eu-central-1:111122223333:channel/0b21ad4a-5f5f-4e2c-9d0c-3f4b3a1c2d5e';

export interface Channel {
  readonly arn: string;
  /** The channel's policy asks for it. */
  readonly externalId?: string;
  /** What is wrong with the channel: `ChannelUnsupportedSchema`, `ChannelInsufficientPermission` … */
  readonly broken?: string;
}

/** How the account is set up; may be changed while it runs. */
export interface CloudTrailSettings {
  channels: readonly Channel[];
  /** Whole calls beyond it answer `ThrottlingException`. Default `Infinity`; AWS's is 100. */
  callsPerSecond: number;
  /** Check every event against the schema. Off only for benchmarks. Default true. */
  strict: boolean;
  /** Remember accepted events. Off, only `acceptedCount` grows. Default true. */
  keep: boolean;
}

/** The input of `PutAuditEvents` as it arrives. */
export interface PutInput {
  readonly channelArn: string | undefined;
  readonly externalId?: string | undefined;
  /** The parsed body. */
  readonly body: unknown;
}

export interface AcceptedEvent {
  readonly id: string;
  /** CloudTrail's own, unique even when the same `id` comes twice. */
  readonly eventID: string;
  /** As sent: JSON text. */
  readonly eventData: string;
  /** When, by the model's clock, epoch seconds. */
  readonly at: number;
  /** Which call brought it, counted from 0. */
  readonly call: number;
}

/** What goes wrong inside CloudTrail. */
export type PutFault =
  /** The events for which `error` names a code fail with it; the others are accepted. */
  | { readonly fault: 'events'; readonly error: (event: PutEvent) => string | undefined }
  /** These ids are in neither list; `stored` says whether the events were kept all the same. */
  | { readonly fault: 'omit'; readonly ids: (id: string) => boolean; readonly stored?: boolean }
  /** The whole request fails, nothing is stored. */
  | ErrorFault;

export interface PutResult {
  readonly successful: readonly { readonly id: string; readonly eventID: string }[];
  readonly failed: readonly { readonly id: string; readonly errorCode: string; readonly errorMessage: string }[];
}

/** CloudTrail Data without sockets, signatures or real time. */
export interface CloudTrailModel {
  /** One call. The result, or the error of the whole request; then nothing of it is stored. */
  put(input: PutInput, fault?: PutFault): PutResult | AwsProblem;
  readonly accepted: readonly AcceptedEvent[];
  /** Counts on when `keep` is off. */
  readonly acceptedCount: () => number;
  readonly settings: CloudTrailSettings;
}

export interface CloudTrailModelOptions extends Partial<CloudTrailSettings> {
  /** Epoch seconds; fractions allowed. */
  readonly now: () => number;
  /** Default 1. */
  readonly seed?: number;
}

/** A CloudTrail with one custom channel, `EXAMPLE_CHANNEL_ARN`, unless `options` says otherwise. */
export function cloudTrailModel({ now, seed = 1, ...changes }: CloudTrailModelOptions): CloudTrailModel {
  const random = seeded(seed);
  const settings: CloudTrailSettings = {
    channels: [{ arn: EXAMPLE_CHANNEL_ARN }],
    callsPerSecond: Infinity,
    strict: true,
    keep: true,
    ...changes,
  };
  const accepted: AcceptedEvent[] = [];
  const takeCall = callBudget(now, () => settings.callsPerSecond);
  let acceptedCount = 0;
  let calls = 0;

  function put(input: PutInput, fault?: PutFault): PutResult | AwsProblem {
    const call = calls++;
    if (!takeCall()) return awsProblem('ThrottlingException', 'Rate exceeded');
    const refusal = requestProblem(input, settings.channels);
    if (refusal !== null) return awsProblem(refusal.code, refusal.message);
    if (fault?.fault === 'error') return injected(fault);
    // requestProblem() has established the shape.
    const { auditEvents } = input.body as { readonly auditEvents: readonly PutEvent[] };
    const accountId = input.channelArn?.split(':')[4] ?? '';
    const successful: { id: string; eventID: string }[] = [];
    const failed: { id: string; errorCode: string; errorMessage: string }[] = [];
    for (const event of auditEvents) {
      const { id } = event;
      const wanted = fault?.fault === 'events' ? fault.error(event) : undefined;
      const found =
        wanted === undefined
          ? settings.strict
            ? eventProblem(event, accountId)
            : null
          : { errorCode: wanted, errorMessage: 'injected' };
      if (found !== null) {
        failed.push({ id, ...found });
        continue;
      }
      const omitted = fault?.fault === 'omit' && fault.ids(id);
      if (omitted && fault.stored !== true) continue;
      const eventID = uuid(random);
      acceptedCount += 1;
      if (settings.keep) accepted.push({ id, eventID, eventData: event.eventData, at: now(), call });
      if (!omitted) successful.push({ id, eventID });
    }
    return { successful, failed };
  }

  return { put, accepted, acceptedCount: () => acceptedCount, settings };
}
