import type { Activity } from '../../../../lambda/pipeline/activity.ts';
import type { PutOutcome, Sink } from '../../../../lambda/pipeline/sink.ts';
import type { LogEvent } from '../../../../lambda/sources/log-group/log-event.ts';
import type { Random } from '../../../simulators/random.ts';
import type { Life } from './life.ts';
import type { Profile } from './profile.ts';
import type { Truth } from './truth.ts';

interface Sent {
  readonly uid: string;
  readonly eventId: string;
}

const BATCH = 10;

/** A sink that takes what it is given, most of the time. */
export function createSink(
  profile: Profile,
  random: Random,
  truth: Truth,
  life: Life,
  isCalm: () => boolean,
): Sink<Sent> {
  const happens = (rate: number): boolean => !isCalm() && random() < rate;
  const all = (batch: readonly Sent[], outcome: PutOutcome) => ({ outcomes: batch.map(() => outcome), stop: null });
  return {
    encode: ({ id, row }: Activity): Sent => ({ uid: id, eventId: (row as LogEvent).eventId }),
    batcher(maxEvents = BATCH) {
      const group: Sent[] = [];
      return {
        add(event) {
          const full = group.length === Math.min(maxEvents, BATCH) ? group.splice(0) : null;
          group.push(event);
          return full;
        },
        rest: () => group.splice(0),
      };
    },
    async put(batch) {
      await life.step();
      if (happens(profile.putFails))
        return all(batch, { kind: 'not-taken', errorCode: 'ServiceUnavailable', errorMessage: 'later' });
      const isUnanswered = happens(profile.putUnanswered);
      if (!isUnanswered || random() < 0.5) for (const { uid, eventId } of batch) truth.stored(uid, eventId);
      const eventIds = batch.map(({ eventId }) => eventId);
      if (isUnanswered) truth.doubted(eventIds);
      else void life.death.then(() => { truth.doubted(eventIds); }); // prettier-ignore
      await life.step();
      return all(
        batch,
        isUnanswered
          ? { kind: 'unknown', errorCode: 'NoAnswer', errorMessage: 'none came' }
          : { kind: 'accepted', reference: 'there' },
      );
    },
    reader: { missing: 'nobody asks' },
    diagnose: () => Promise.resolve([]),
    close: () => undefined,
  };
}
