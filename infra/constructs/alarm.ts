import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmOptions {
  /**
   * Prefix of the names of alarms.
   *
   * @default - generated names
   */
  readonly name?: string;

  /**
   * Where alarms, and their end, are told.
   *
   * @default - alarms without action
   */
  readonly alarmTopics?: readonly sns.ITopic[];
}

/** What an alarm watches. */
export interface Watch extends Pick<
  cloudwatch.AlarmProps,
  'metric' | 'threshold' | 'comparisonOperator' | 'treatMissingData' | 'evaluationPeriods'
> {
  /** What it means and what to do first; CloudWatch takes 1,024 characters. */
  readonly description: string;

  /**
   * Whether it tells that something **happened**. It ends by itself soon after, so that it can tell of the next one, and its end is not told: what happened is
   * not undone.
   *
   * @default false
   */
  readonly occurrence?: boolean;
}

/** Raised above `threshold` in one period, unless `watch` says otherwise. */
export function addAlarm(
  scope: Construct,
  id: string,
  suffix: string,
  { name, alarmTopics = [] }: AlarmOptions,
  { description, occurrence = false, ...watch }: Partial<Watch> & Pick<Watch, 'metric' | 'threshold' | 'description'>,
): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, id, {
    ...(name === undefined ? {} : { alarmName: `${name}-${suffix}` }),
    alarmDescription: description,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    ...(occurrence && { treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING }),
    ...watch,
  });
  for (const topic of alarmTopics) {
    alarm.addAlarmAction(new SnsAction(topic));
    if (!occurrence) alarm.addOkAction(new SnsAction(topic));
  }
  return alarm;
}
