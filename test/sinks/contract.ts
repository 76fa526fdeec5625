import { describeBatches } from './contract/batches.ts';
import { describeEvents } from './contract/events.ts';
import { describeFailures } from './contract/failures.ts';
import { describeLostAnswers } from './contract/lost-answers.ts';
import { describeOutcomes } from './contract/outcomes.ts';
import { describeReader } from './contract/reader.ts';
import { describeStops } from './contract/stops.ts';
import { describeUpkeep } from './contract/upkeep.ts';
import type { SinkSubject } from './harness.ts';

/** What every sink does, wherever its events go. */
export function describeSink(subject: SinkSubject): void {
  describeEvents(subject);
  describeBatches(subject);
  describeOutcomes(subject);
  describeFailures(subject);
  describeLostAnswers(subject);
  describeStops(subject);
  describeReader(subject);
  describeUpkeep(subject);
}
