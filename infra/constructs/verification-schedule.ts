import { Duration } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { checkSchedule, longestInterval } from './interval.ts';
import type { SinkBinding } from './sink.ts';

/** Time for a run to take long and for its events to show: what is not there then is late, not on its way. */
const MARGIN = Duration.hours(2);

/**
 * When a forwarder that runs every `interval` is verified.
 *
 * @throws {Error} when it is asked for and cannot be
 */
export function verificationSchedule(
  asked: ScheduleExpression | 'none' | undefined,
  sink: SinkBinding,
  interval: Duration,
): ScheduleExpression | undefined {
  if (asked === 'none') return undefined;
  if (!asked) return sink.readable ? daily(interval) : undefined;
  if (!sink.readable)
    throw new Error(`verifySchedule is of no use: the function cannot read back what is in ${sink.title}`);
  checkSchedule('verifySchedule', asked, longestInterval);
  return asked;
}

/** After the run that brings the last entries of the day before, UTC; undefined where runs are so rare that there is no such time of the day. */
function daily(interval: Duration): ScheduleExpression | undefined {
  const hour = Math.ceil(interval.toHours({ integral: false }) + MARGIN.toHours());
  return hour < 24 ? ScheduleExpression.cron({ minute: '30', hour: String(hour) }) : undefined;
}
