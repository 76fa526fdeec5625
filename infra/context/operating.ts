import { z } from 'zod';
import { type Given, has, problemsOf, useless } from './given.ts';
import * as value from './values.ts';

/** Keys of when it runs, whom it tells, and what the function's process is given. */
export const operatingKeys = {
  schedule: value.watchedSchedule.prefault('rate(1 hour)'),
  sweepSchedule: value.schedule.exactOptional(),
  verifySchedule: value.scheduleOrNone.exactOptional(),
  alarmEmail: z
    .email({ error: (issue) => `must be an e-mail address, got ${JSON.stringify(issue.input)}` })
    .exactOptional(),
  alarmTopicArn: value
    .matching(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:\S+$/, 'the ARN of an SNS topic')
    .exactOptional(),
  deniedAlarmThreshold: value.wholeNumber.exactOptional(),
  anonymousWritesAlarm: value.flag.exactOptional(),
  tracing: value.flag.default(false),
  nodeExtraCaCerts: value.pemFile.exactOptional(),
  useFipsEndpoint: value.flag.exactOptional(),
  secretKmsKeyArn: value.kmsKeyArn.exactOptional(),
};

export function operatingProblems(given: Given): string[] {
  const asked = typeof given.values.verifySchedule === 'object';
  return problemsOf([
    [
      asked && has(given, 'channelArn') && !has(given, 'eventDataStoreArn'),
      'verifySchedule needs eventDataStoreArn, the store that the channel feeds: what was sent can be read only there',
    ],
    ...useless(
      given,
      !has(given, 'kongAdminTokenSecretArn') && !has(given, 'redisPasswordSecretArn'),
      ['secretKmsKeyArn'],
      'is used only with kongAdminTokenSecretArn or redisPasswordSecretArn',
    ),
  ]);
}
