import { HttpResponse } from '@smithy/core/protocols';
import { awsProblem } from '../simulators/aws-problem.ts';
import {
  type AcceptedEvent,
  type CloudTrailModel,
  EXAMPLE_CHANNEL_ARN,
  type PutFault,
} from '../simulators/cloudtrail-model.ts';
import { integer, pick } from '../simulators/random.ts';
import type { AwsProblem } from '../simulators/sigv4.ts';
import type { Fault, Faults } from './faults.ts';
import { type Flaw, FLAWS } from './flaws.ts';
import { refusedConnection, reset } from './kong-dispatcher.ts';
import type { Life } from './life.ts';

/** One event as it is sent. */
export interface SentEvent {
  readonly id: string;
  readonly eventData: string;
}

/** Why an accepted event may be sent again: the run could not know, or not for sure, that it was accepted. */
export type Doubt = 'answer lost' | 'answer too late' | 'event omitted, stored' | 'the run ended' | null;

/** How CloudTrail is out of order, for a while. */
export type Outage = 'refused' | 'failing' | 'throttling' | 'silent' | null;

export interface CloudTrailNetworkOptions {
  readonly model: CloudTrailModel;
  readonly faults: Faults;
  readonly life: Life;
  readonly onAccepted: (event: AcceptedEvent, doubt: Doubt) => void;
  /** The answer that named these events did not reach the run. */
  readonly onDoubt: (events: readonly AcceptedEvent[], doubt: Doubt) => void;
  /** CloudTrail told this run that it will never take the event, or refused the request that held it alone. */
  readonly onRefused: (event: SentEvent, errorCode: string) => void;
  /** A request begins; what is returned is called when it ends. */
  readonly onRequest: (events: readonly SentEvent[]) => () => void;
  readonly outage: () => Outage;
  readonly flaw: (event: SentEvent) => Flaw | null;
  /** Until a usual answer comes. */
  readonly answerSeconds: number;
}

/** From here on a put is not answered any more, whatever comes (design: the limit of an attempt). */
export const ANSWER_LIMIT_SECONDS = 30;

type Answer = { readonly status: number; readonly code?: string; readonly body: unknown };

const error = ({ status, code, message }: AwsProblem): Answer => ({ status, code, body: { message } });

const REQUEST_FAULTS = {
  'put fails inside': ['InternalFailure', 'InternalServerError', 'ServiceUnavailable'],
  'put throttled': ['ThrottlingException'],
  'channel wrong': [
    'ChannelInsufficientPermission',
    'ChannelNotFound',
    'ChannelUnsupportedSchema',
    'InvalidChannelARN',
    'UnsupportedOperationException',
  ],
  'credentials wrong': ['ExpiredTokenException', 'AccessDeniedException', 'UnrecognizedClientException'],
  'put unnamed error': ['SerializationException', 'TeapotException'],
} as const satisfies Partial<Record<Fault, readonly string[]>>;

const EVENT_FAULTS = {
  'event throttled': ['Throttling'],
  'event failed inside': ['InternalFailure'],
  'event refused': ['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'SomethingNew'],
  'event wrong recipient': ['InvalidRecipient', 'InvalidEventSource', 'AccountNotSubscribed'],
} as const satisfies Partial<Record<Fault, readonly string[]>>;

const OUTAGES = { failing: 'InternalFailure', throttling: 'ThrottlingException' } as const;

/** What a request is answered that holds such an event. */
const FLAWED_REQUESTS: Partial<Record<Flaw, readonly string[]>> = {
  poison: ['ValidationException', 'RequestEntityTooLargeException'],
  unnamed: ['SerializationException', 'InvalidParameterException'],
  breaking: ['InternalFailure', 'InternalServerError'],
};
const FLAWED_EVENTS: Partial<Record<Flaw, string>> = {
  refused: 'FieldTooLong',
  failing: 'InternalFailure',
  throttled: 'Throttling',
};

/** The model behind a wire on which much goes wrong. What the SDK and the run make of it is their work. */
export function cloudTrailNetwork(options: CloudTrailNetworkOptions) {
  const { model, faults, life } = options;

  async function exchange(events: readonly SentEvent[], signal: AbortSignal): Promise<Answer> {
    const where = `${life.name} putting ${events.length}`;
    const wait = (seconds: number) => life.pause(seconds, where, signal);
    await wait(0.02 + 0.1 * faults.random());
    const outage = options.outage();
    if (outage === 'refused' || faults.happens('put not connected', where)) throw refusedConnection();
    if (outage === 'silent' || faults.happens('put lost', where)) return await noAnswer();
    if (outage !== null) return error(awsProblem(OUTAGES[outage], 'out of order'));
    for (const [fault, codes] of Object.entries(REQUEST_FAULTS))
      if (faults.happens(fault as Fault, where)) return refuse(pick(faults.random, codes));

    const flaws = events.map(options.flaw);
    const worst = flaws.find((flaw) => flaw !== null && FLAWS[flaw].request) ?? null;
    const codes = worst && FLAWED_REQUESTS[worst];
    if (codes) {
      await wait(options.answerSeconds);
      return refuse(codes[integer(faults.random, codes.length)] ?? '');
    }
    if (worst === 'silent') return await noAnswer();
    const doubt = doubtFor(worst);
    const { result, accepted } = send(doubt);
    if (doubt !== null) return await noAnswer();
    try {
      await wait(answerSeconds());
    } catch (thrown) {
      // The run's last moment has come.
      options.onDoubt(accepted, 'the run ended');
      throw thrown;
    }
    for (const { id, errorCode } of result.failed) {
      const event = events.find((other) => other.id === id);
      if (event) options.onRefused(event, errorCode);
    }
    return { status: 200, body: result };

    function doubtFor(flaw: Flaw | null): Doubt {
      if (flaw === 'swallowed') return 'answer lost';
      if (faults.happens('put answer lost', where) || faults.happens('put answer garbled', where)) return 'answer lost';
      return faults.happens('put answer too late', where) ? 'answer too late' : null;
    }

    /** Nothing comes, something that cannot be read, or what comes comes too late. */
    async function noAnswer(): Promise<Answer> {
      const how = faults.random();
      await wait(options.answerSeconds);
      if (how < 0.3) throw reset();
      if (how < 0.5) return { status: 200, body: '<html>' };
      await wait(ANSWER_LIMIT_SECONDS + 30 * faults.random());
      throw reset();
    }

    function refuse(code: string): Answer {
      if (events.length === 1 && events[0]) options.onRefused(events[0], code);
      return error(awsProblem(code, 'injected'));
    }

    function answerSeconds(): number {
      const slow = faults.happens('put answer slow', where) ? 5 + 20 * faults.random() : 0;
      return 0.02 + Math.min(25, options.answerSeconds + slow);
    }

    function send(unheard: Doubt) {
      const known = model.accepted.length;
      const result = model.put({ channelArn: EXAMPLE_CHANNEL_ARN, body: { auditEvents: events } }, eventFault());
      if ('code' in result) throw new Error(`The model refuses a request of the run: ${result.code} ${result.message}`);
      const accepted = model.accepted.slice(known);
      const told = new Set(result.successful.map(({ eventID }) => eventID));
      for (const event of accepted)
        options.onAccepted(event, unheard ?? (told.has(event.eventID) ? null : 'event omitted, stored'));
      return { result, accepted };
    }

    function eventFault(): PutFault {
      const isStored = faults.happens('event omitted, stored', where);
      if (isStored || faults.happens('event omitted', where)) return omit(chosen(), isStored);
      const hidden = ids((flaw) => flaw === 'hidden');
      if (hidden.size > 0) return omit(hidden, true);
      const omitted = ids((flaw) => flaw === 'omitted');
      if (omitted.size > 0) return omit(omitted, false);
      const codes = new Map<string, string>();
      for (const [fault, list] of Object.entries(EVENT_FAULTS))
        if (faults.happens(fault as Fault, where)) for (const id of chosen()) codes.set(id, pick(faults.random, list));
      for (const [index, flaw] of flaws.entries()) {
        const code = flaw && FLAWED_EVENTS[flaw];
        if (code) codes.set(events[index]?.id ?? '', code);
      }
      return { fault: 'events', error: ({ id }) => codes.get(id) };
    }

    function omit(omitted: ReadonlySet<string>, stored: boolean): PutFault {
      return { fault: 'omit', ids: (id) => omitted.has(id), stored };
    }

    function ids(wanted: (flaw: Flaw | null) => boolean): Set<string> {
      return new Set(events.filter((_event, index) => wanted(flaws[index] ?? null)).map(({ id }) => id));
    }

    function chosen(): Set<string> {
      const share = pick(faults.random, [0.05, 0.3, 1]);
      return new Set(events.filter(() => faults.random() < share).map(({ id }) => id));
    }
  }

  /** What the SDK's client takes for its connections. */
  return {
    async handle({ body }: { readonly body?: unknown }, { abortSignal }: { readonly abortSignal?: unknown } = {}) {
      const { auditEvents } = JSON.parse(String(body)) as { readonly auditEvents: readonly SentEvent[] };
      const ended = options.onRequest(auditEvents);
      try {
        const answer = await exchange(
          auditEvents,
          (abortSignal as AbortSignal | undefined) ?? new AbortController().signal,
        );
        const headers = {
          'content-type': 'application/json',
          ...(answer.code !== undefined && { 'x-amzn-errortype': answer.code }),
        };
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        return { response: new HttpResponse({ statusCode: answer.status, headers, body: Buffer.from(text) }) };
      } finally {
        ended();
      }
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
