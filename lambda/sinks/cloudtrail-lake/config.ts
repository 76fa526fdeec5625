import * as z from 'zod';
import { arn, readVariables } from '../../environment.ts';
import type { SinkRoom } from '../../room.ts';
import { createLakeReader } from './read.ts';
import { createCloudTrailLake } from './sink.ts';

const CHANNEL_ARN = /^arn:aws[a-z-]*:cloudtrail:([a-z0-9-]+):(\d{12}):channel\/\S+$/;
const EVENT_DATA_STORE_ARN = /^arn:aws[a-z-]*:cloudtrail:([a-z0-9-]+):\d{12}:eventdatastore\/[a-f0-9-]+$/;

const variables = z.object({
  CHANNEL_ARN: arn(CHANNEL_ARN, 'arn:aws:cloudtrail:<region>:<account>:channel/<id>'),
  EXTERNAL_ID: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, { error: 'must be 2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / -' })
    .optional(),
  EVENT_DATA_STORE_ARN: arn(
    EVENT_DATA_STORE_ARN,
    'arn:aws:cloudtrail:<region>:<account>:eventdatastore/<id>',
  ).optional(),
});

/** CloudTrail Lake, by PutAuditEvents on a channel. */
export const cloudTrailLake: SinkRoom = {
  chosenBy: 'CHANNEL_ARN',
  hint: 'the ARN of the CloudTrail Lake channel',
  onlyHere: ['EXTERNAL_ID', 'EVENT_DATA_STORE_ARN'],
  load(env) {
    const { values, problems } = readVariables(variables, env);
    if (!values) return { problems };
    const [, region = '', accountId = ''] = CHANNEL_ARN.exec(values.CHANNEL_ARN) ?? [];
    return {
      problems: [],
      settings: {
        name: 'cloudtrail-lake',
        connect: async ({ eventSource, redactor, callsPerSecond, signals, onRequest, onThrottled }) => {
          const { connectChannel } = await import('./client.ts');
          return createCloudTrailLake({
            channel: connectChannel({
              arn: values.CHANNEL_ARN,
              region,
              externalId: values.EXTERNAL_ID,
              callsPerSecond,
              stopping: signals.stopping,
              onRequest,
              onThrottled,
            }),
            context: { accountId, eventSource, redactor },
            onThrottled,
            reader:
              values.EVENT_DATA_STORE_ARN === undefined
                ? {
                    missing:
                      'Set EVENT_DATA_STORE_ARN (context key eventDataStoreArn) to the event data store behind the channel.',
                  }
                : createLakeReader({ arn: values.EVENT_DATA_STORE_ARN, eventSource }),
          });
        },
      },
    };
  },
};
