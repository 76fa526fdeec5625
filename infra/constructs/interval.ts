import cron from 'aws-cron-parser';
import { Duration } from 'aws-cdk-lib';

const RATE = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/;
const CRON = /^cron\((\S+ \S+ (\S+) \S+ (\S+) \S+)\)$/;
const EXPECTED =
  'must be rate(…) or cron(…) as EventBridge Scheduler takes them, such as rate(1 hour) or cron(0 * * * ? *)';

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
