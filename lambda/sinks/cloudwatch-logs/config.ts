import * as z from 'zod';
import { arn, readVariables } from '../../environment.ts';
import type { SinkRoom } from '../../room.ts';
import { createCloudWatchLogs } from './sink.ts';

/** A group's name may have the characters that CreateLogGroup takes (API reference). Consoles and stacks give the ARN with `:*`. */
const LOG_GROUP_ARN = /^(arn:aws[a-z-]*:logs:([a-z0-9-]+):(\d{12}):log-group:([\w.\-/#]{1,512}))(?::\*)?$/;

const variables = z.object({
  LOG_GROUP_ARN: arn(LOG_GROUP_ARN, 'arn:aws:logs:<region>:<account>:log-group:<name>'),
});

/** A log stream of CloudWatch Logs, by PutLogEvents. */
export const cloudWatchLogs: SinkRoom = {
  chosenBy: 'LOG_GROUP_ARN',
  hint: 'the ARN of the CloudWatch Logs group',
  onlyHere: [],
  load(env) {
    const { values, problems } = readVariables(variables, env);
    if (!values) return { problems };
    const [, logGroup = '', region = '', accountId = '', groupName = ''] =
      LOG_GROUP_ARN.exec(values.LOG_GROUP_ARN) ?? [];
    return {
      problems: [],
      settings: {
        name: 'cloudwatch-logs',
        logGroup,
        connect: async ({
          sourceName,
          eventSource,
          redactor,
          callsPerSecond,
          signals,
          onRequest,
          onThrottled,
          now,
        }) => {
          const { connectLogStream } = await import('./client.ts');
          return createCloudWatchLogs({
            stream: connectLogStream({
              region,
              groupName,
              streamName: sourceName,
              callsPerSecond,
              stopping: signals.stopping,
              onRequest,
              onThrottled,
            }),
            logGroup,
            context: { accountId, eventSource, redactor },
            now,
          });
        },
      },
    };
  },
};
