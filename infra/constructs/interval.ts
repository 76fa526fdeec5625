import cron from 'aws-cron-parser';
import { Duration } from 'aws-cdk-lib';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';

const RATE = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/;
const CRON = /^cron\((\S+ \S+ (\S+) \S+ (\S+) \S+)\)$/;
const EXPECTED =
  'must be rate(…) or cron(…) as EventBridge Scheduler takes them, such as rate(1 hour) or cron(0 * * * ? *)';

/** With a longer interval, "no complete run within three intervals" would look back further than an alarm can: seven days. */
const LONGEST_WATCHED = Duration.days(3);

/** A fixed day to count cron's gaps from, so that the same schedule gives the same template on every day. */
const EPOCH = Date.UTC(2026, 0, 1);

/**
 * The longest time between two ticks of a schedule: what the alarms call an interval.
 *
 * For `rate(…)` it is the rate. For `cron(…)` it is the longest gap within five weeks, so a schedule for working hours
 * has the weekend as its interval.
 *
 * @throws {Error} whose message continues "schedule …", when `expression` is neither or never ticks
 */
export function longestInterval(expression: string): Duration {
  const rate = RATE.exec(expression);
  if (rate?.[1]) {
    const count = Number(rate[1]);
    if ((count === 1) === (rate[3] === 's'))
      throw new Error(
        `must be rate(${count} ${rate[2] ?? ''}${count === 1 ? '' : 's'}), the singular for 1 and the plural for more, ` +
          `got ${JSON.stringify(expression)}`,
      );
    return rate[2] === 'minute'
      ? Duration.minutes(count)
      : rate[2] === 'hour'
        ? Duration.hours(count)
        : Duration.days(count);
  }
  const [, fields, dayOfMonth, dayOfWeek] = CRON.exec(expression) ?? [];
  if (!fields || (dayOfMonth === '?') === (dayOfWeek === '?'))
    throw new Error(`${EXPECTED}, got ${JSON.stringify(expression)}`);
  return Duration.millis(longestGap(fields, expression));
}

/**
 * The same for a schedule of runs, which alarms watch.
 *
 * @throws {Error} also when it is longer than the alarms can watch
 */
export function watchedInterval(expression: string): Duration {
  const interval = longestInterval(expression);
  if (interval.toSeconds() > LONGEST_WATCHED.toSeconds())
    throw new Error(
      `leaves ${interval.toHumanString()} between runs; the most that the alarms can watch is ${LONGEST_WATCHED.toHumanString()}`,
    );
  return interval;
}

/**
 * What `interval` finds of `schedule`.
 *
 * @throws {Error} whose message begins with `prop`
 */
export function checkSchedule(
  prop: string,
  schedule: ScheduleExpression,
  interval: (expression: string) => Duration,
): Duration {
  try {
    return interval(schedule.expressionString);
  } catch (error) {
    throw new Error(`${prop} ${(error as Error).message}`, { cause: error });
  }
}

function longestGap(fields: string, expression: string): number {
  const end = EPOCH + Duration.days(35).toMilliseconds();
  let longest = 0;
  let last = EPOCH;
  try {
    const schedule = cron.parse(fields);
    while (last < end) {
      const tick = cron.next(schedule, new Date(last))?.getTime() ?? Infinity;
      longest = Math.max(longest, tick - last);
      last = tick;
    }
  } catch (cause) {
    throw new Error(`${EXPECTED}, got ${JSON.stringify(expression)}`, { cause });
  }
  if (!Number.isFinite(longest)) throw new Error(`must tick again and again, got ${JSON.stringify(expression)}`);
  return longest;
}
