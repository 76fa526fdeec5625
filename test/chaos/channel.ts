import type { Channel, PutAnswer } from '../../lambda/sinks/cloudtrail-lake/client.ts';
import type { AuditEvent } from '../../lambda/sinks/cloudtrail-lake/event.ts';
import {
  EXAMPLE_CHANNEL_ARN,
  type AcceptedEvent,
  type CloudTrailModel,
  type PutFault,
} from '../simulators/cloudtrail-model.ts';
import { pick } from '../simulators/random.ts';
import type { Fault, Faults } from './faults.ts';
import type { Life } from './life.ts';

/** Why an accepted event may be sent again: the run could not know, or not for sure, that it was accepted. */
export type Doubt = 'put error, accepted' | 'put sent twice' | 'event omitted, stored' | 'deadline' | null;

export interface ChaosChannelOptions {
  readonly model: CloudTrailModel;
  readonly faults: Faults;
  readonly life: Life;
  readonly onRequest: () => void;
  readonly onAccepted: (event: AcceptedEvent, doubt: Doubt) => void;
  /** The answer that named these events did not reach the run. */
  readonly onDoubt: (events: readonly AcceptedEvent[], doubt: Doubt) => void;
  /** CloudTrail told this run that it will never take the event. */
  readonly onRefused: (event: AuditEvent, errorCode: string) => void;
  /** A put begins; what is returned is called when it ends. */
  readonly onPut: () => () => void;
  readonly isOut: () => boolean;
  /** What CloudTrail finds wrong with an event whenever it sees it: `request` refuses every request that holds it. */
  readonly flaw: (event: AuditEvent) => { readonly request: boolean; readonly code: string } | null;
}

/** An error as the AWS SDK throws it. */
class ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };

  constructor(name: string, status?: number) {
    super('injected');
    this.name = name;
    this.$metadata = status === undefined ? {} : { httpStatusCode: status };
  }
}

const REQUEST_ERRORS = {
  'put error, not accepted': () => [
    new ServiceError('TimeoutError'),
    new ServiceError('Error'),
    new ServiceError('InternalServerError', 500),
    new ServiceError('ServiceUnavailable', 503),
    new TypeError('terminated'),
  ],
  'put throttled': () => [
    new ServiceError('ThrottlingException', 400),
    new ServiceError('TooManyRequestsException', 429),
  ],
  'channel wrong': () =>
    [
      'ChannelInsufficientPermission',
      'ChannelNotFound',
      'ChannelUnsupportedSchema',
      'InvalidChannelARN',
      'UnsupportedOperationException',
    ].map((name) => new ServiceError(name, 400)),
  'credentials wrong': () => [
    new ServiceError('ExpiredTokenException', 403),
    new ServiceError('CredentialsProviderError'),
    new ServiceError('AccessDeniedException', 400),
  ],
  'put unknown error': () => [new ServiceError('TeapotException', 418)],
} as const satisfies Partial<Record<Fault, () => Error[]>>;

const EVENT_CODES = {
  'event throttled': ['Throttling'],
  'event failed inside': ['InternalFailure'],
  'event refused': ['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'SomethingNew'],
  'event wrong recipient': ['InvalidRecipient', 'InvalidEventSource', 'AccountNotSubscribed'],
} as const satisfies Partial<Record<Fault, readonly string[]>>;

/** The model behind the interface of `lambda/cloudtrail/client.ts`, and much that goes wrong on the way. */
export function chaosChannel(options: ChaosChannelOptions): Channel {
  const { model, faults, life } = options;

  async function put(events: readonly AuditEvent[], signal: AbortSignal): Promise<PutAnswer> {
    const where = `${life.name} putting ${events.length}`;
    options.onRequest();
    await life.pause(0.02 + 0.2 * faults.random(), where, signal);
    if (options.isOut()) throw new ServiceError('TimeoutError');
    for (const [fault, list] of Object.entries(REQUEST_ERRORS))
      if (faults.happens(fault as Fault, where)) throw pick(faults.random, list());
    const flaws = events.map(options.flaw);
    const poison = flaws.find((flaw) => flaw?.request);
    if (poison) {
      await life.pause(0.05, where, signal);
      if (events.length === 1 && events[0]) options.onRefused(events[0], poison.code);
      throw new ServiceError(poison.code, poison.code === 'RequestEntityTooLargeException' ? 413 : 400);
    }
    const lost = faults.happens('put error, accepted', where);
    if (!lost && faults.happens('put sent twice', where)) send('put sent twice');
    const answer = send(lost ? 'put error, accepted' : null);
    try {
      await life.pause(0.02 + 0.2 * faults.random(), where, signal);
    } catch (error) {
      faults.tell(`${where}: the deadline comes before the answer`);
      options.onDoubt(answer.accepted, 'deadline');
      throw error;
    }
    if (lost) throw pick(faults.random, REQUEST_ERRORS['put error, not accepted']());
    for (const { id, errorCode } of answer.result.failed) {
      const event = events.find((other) => other.id === id);
      if (event) options.onRefused(event, errorCode);
    }
    return { successful: [...answer.result.successful], failed: [...answer.result.failed] };

    function send(doubt: Doubt) {
      const known = model.accepted.length;
      const fault = eventFault();
      const result = model.put({ channelArn: EXAMPLE_CHANNEL_ARN, body: { auditEvents: events } }, fault);
      if ('code' in result) throw new ServiceError(result.code, result.status);
      const accepted = model.accepted.slice(known);
      const told = new Set(result.successful.map(({ eventID }) => eventID));
      for (const event of accepted)
        options.onAccepted(event, doubt ?? (told.has(event.eventID) ? null : 'event omitted, stored'));
      return { result, accepted };
    }

    function eventFault(): PutFault {
      for (const fault of ['event omitted', 'event omitted, stored'] as const) {
        if (!faults.happens(fault, where)) continue;
        const omitted = chosen();
        return { fault: 'omit', ids: (id) => omitted.has(id), stored: fault === 'event omitted, stored' };
      }
      const codes = new Map<string, string>();
      for (const [index, flaw] of flaws.entries()) if (flaw) codes.set(events[index]?.id ?? '', flaw.code);
      for (const [fault, list] of Object.entries(EVENT_CODES))
        if (faults.happens(fault as Fault, where)) for (const id of chosen()) codes.set(id, pick(faults.random, list));
      return { fault: 'events', error: ({ id }) => codes.get(id) };
    }

    function chosen(): Set<string> {
      const share = pick(faults.random, [0.05, 0.3, 1]);
      return new Set(events.filter(() => faults.random() < share).map(({ id }) => id));
    }
  }

  return {
    async put(events, signal) {
      const ended = options.onPut();
      try {
        return await put(events, signal);
      } finally {
        ended();
      }
    },
    endpoint: () => Promise.resolve(new URL('https://cloudtrail-data.eu-central-1.amazonaws.com')),
    credentials: () => Promise.resolve({}),
    close: () => undefined,
  };
}
