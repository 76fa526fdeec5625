import { z } from 'zod';
import { CLOUDTRAIL_LAKE_STAND_INS } from '../constructs/cloudtrail-lake-sink.ts';
import type { FunctionVariables } from '../constructs/function-environment.ts';
import { standInLogGroupArn } from '../constructs/log-group-access.ts';
import { flagOf, type Given, has, problemsOf, regionOfArn, useless } from './given.ts';
import { LOG_RETENTION_DAYS } from './log-retention.ts';
import * as value from './values.ts';

/** Keys of the sink: CloudTrail Lake, or CloudWatch Logs. */
export const sinkKeys = {
  channelArn: z.string().exactOptional(),
  createChannel: value.flag.default(false),
  externalId: z.string().exactOptional(),
  eventDataStoreArn: value
    .matching(
      /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:eventdatastore\/[a-f0-9-]{36}$/,
      'the ARN of an event data store, arn:aws:cloudtrail:<region>:<account>:eventdatastore/<id>',
    )
    .exactOptional(),
  eventDataStoreKmsKeyArn: value.kmsKeyArn.exactOptional(),
  lakeDashboard: value.flag.default(false),
  logGroupArn: value.logGroupArn.exactOptional(),
  createLogGroup: value.flag.default(false),
  logGroupKmsKeyArn: value.kmsKeyArn.exactOptional(),
  retentionDays: value.wholeNumber.exactOptional(),
};

const SINKS = ['channelArn', 'createChannel', 'logGroupArn', 'createLogGroup'] as const;
type SinkKey = (typeof SINKS)[number];

/** Exactly one sink, and no key of another. */
export function sinkProblems(given: Given): string[] {
  const chosen = chosenSinks(given);
  if (!chosen) return [];
  const [sink, ...others] = chosen;
  if (sink === undefined)
    return [
      'channelArn is required: the ARN of a CloudTrail Lake channel; or createChannel=true makes one; or send to CloudWatch Logs, with ' +
        'createLogGroup=true or logGroupArn',
    ];
  if (others.length > 0)
    return [
      `${chosen.slice(0, -1).join(', ')} and ${chosen.at(-1) ?? ''} are ${chosen.length > 2 ? 'all' : 'both'} given; keep one of them`,
    ];
  return [...uselessKeys(given, sink), ...retentionProblems(given, sink), ...placeProblems(given)];
}

/** Undefined where a flag cannot be read: no other problem follows from that. */
function chosenSinks(given: Given): SinkKey[] | undefined {
  const isChosen = (key: SinkKey) => (key.startsWith('create') ? flagOf(given, key) : has(given, key));
  if (SINKS.some((key) => isChosen(key) === undefined)) return undefined;
  return SINKS.filter(isChosen);
}

function uselessKeys(given: Given, sink: SinkKey): string[] {
  const lake = sink === 'channelArn' || sink === 'createChannel';
  const dashboard = flagOf(given, 'lakeDashboard') === true;
  return problemsOf([
    ...useless(
      given,
      sink !== 'channelArn',
      ['externalId'],
      'belongs to the policy of an existing channel; it is used only with channelArn',
    ),
    ...useless(
      given,
      sink !== 'channelArn',
      ['eventDataStoreArn', 'eventDataStoreKmsKeyArn'],
      'is used only with channelArn: it tells which store that channel feeds',
    ),
    ...useless(
      given,
      sink === 'channelArn' && !has(given, 'eventDataStoreArn'),
      ['eventDataStoreKmsKeyArn'],
      'is used only with eventDataStoreArn',
    ),
    [
      dashboard && !lake,
      'lakeDashboard is of no use: it shows an event data store, and the events go to CloudWatch Logs',
    ],
    [
      dashboard && sink === 'channelArn' && !has(given, 'eventDataStoreArn'),
      'lakeDashboard needs eventDataStoreArn, the store that the channel feeds',
    ],
    ...useless(given, sink !== 'createLogGroup', ['logGroupKmsKeyArn'], 'is used only with createLogGroup=true'),
    ...useless(
      given,
      !sink.startsWith('create'),
      ['retentionDays'],
      'is used only with createChannel=true or createLogGroup=true',
    ),
    ...useless(
      given,
      lake,
      ['endpoints'],
      'is of no use with CloudTrail Lake: what is called of it has no VPC endpoint, so the subnets need another way out on 443',
    ),
  ]);
}

function retentionProblems({ values: { retentionDays: days } }: Given, sink: SinkKey): string[] {
  if (days === undefined) return [];
  return problemsOf([
    [sink === 'createChannel' && (days < 7 || days > 3653), `retentionDays must be from 7 to 3653, got ${days}`],
    [
      sink === 'createLogGroup' && !LOG_RETENTION_DAYS.includes(days),
      `retentionDays must be what CloudWatch Logs takes, one of ${LOG_RETENTION_DAYS.join(', ')}, got ${days}`,
    ],
  ]);
}

function placeProblems({ values, account, region }: Given): string[] {
  const { logGroupArn, logGroupKmsKeyArn, eventDataStoreArn, lakeDashboard } = values;
  const owner = logGroupArn?.split(':')[4];
  const storeRegion = regionOfArn(eventDataStoreArn);
  const keyRegion = regionOfArn(logGroupKmsKeyArn);
  return problemsOf([
    [
      owner !== undefined && account !== undefined && owner !== account,
      `logGroupArn must be in the account of the deployment, ${account ?? ''}: PutLogEvents names no account; got one of ${owner ?? ''}`,
    ],
    [
      lakeDashboard && storeRegion !== undefined && region !== undefined && storeRegion !== region,
      `lakeDashboard must be in the Region of its store, ${storeRegion ?? ''}, and the deployment is in ${region ?? ''}`,
    ],
    [
      keyRegion !== undefined && region !== undefined && keyRegion !== region,
      `logGroupKmsKeyArn must be in the Region of the log group, ${region ?? ''}, got one in ${keyRegion ?? ''}`,
    ],
  ]);
}

/** What the function is told of the sink, to be checked by the function itself; a channel stands in for what the deployment makes, and for no or several sinks. */
export function sinkVariables(given: Given): FunctionVariables {
  const { texts, values } = given;
  const [sink, ...others] = chosenSinks(given) ?? [];
  if (others.length === 0 && sink === 'logGroupArn')
    return { logGroupArn: values.logGroupArn ?? standInLogGroupArn('written') };
  if (others.length === 0 && sink === 'createLogGroup') return { logGroupArn: standInLogGroupArn('written') };
  return {
    channelArn: (others.length === 0 ? texts['channelArn'] : undefined) ?? CLOUDTRAIL_LAKE_STAND_INS.channelArn,
    externalId: texts['externalId'],
  };
}
