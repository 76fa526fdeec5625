import { RetentionDays } from 'aws-cdk-lib/aws-logs';

const ALL = Object.values(RetentionDays).filter((days): days is RetentionDays => typeof days === 'number');

/** The days that CloudWatch Logs can keep a group's events (PutRetentionPolicy); CDK counts "for ever" among them. */
export const LOG_RETENTION_DAYS: readonly number[] = ALL.filter((days) => days !== RetentionDays.INFINITE).map((days) =>
  days.valueOf(),
);

/** The retention of that many days, where there is one. */
export const logRetention = (days: number | undefined): RetentionDays | undefined =>
  ALL.find((known) => known.valueOf() === days);
