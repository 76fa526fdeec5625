import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import type { CloudWatchLogsSimulator } from '../simulators/cloudwatch-logs.ts';
import { parseEvent, type SinkStage } from './stage.ts';

/** Events as lines of a log group. */
export function stageCloudWatchLogs(logs: CloudWatchLogsSimulator): Promise<SinkStage> {
  const arrived = () =>
    logs.model.accepted.flatMap(({ logGroupName, message, timestamp }) =>
      logGroupName === EXAMPLE_LOG_GROUP ? { text: message, reference: new Date(timestamp).toISOString() } : [],
    );
  return Promise.resolve({
    name: 'CloudWatch Logs',
    service: 'CloudWatch Logs',
    referenceName: 'log timestamp',
    env: { ...logs.env, LOG_GROUP_ARN: logs.model.groupArn(EXAMPLE_LOG_GROUP) },
    arrived,
    remark() {
      const moved = arrived().filter((one) => parseEvent(one).additionalEventData.loggedAt !== undefined);
      if (moved.length === 0) return null;
      return (
        `CloudWatch Logs takes nothing older than 14 days: ${moved.length} events have a younger log timestamp, ` +
        'which they name as loggedAt. Their eventTime stays true.'
      );
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
