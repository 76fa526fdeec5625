import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import { startCloudWatchLogs } from '../simulators/cloudwatch-logs.ts';
import { parseEvent, type SinkStage } from './stage.ts';

export async function stageCloudWatchLogs(): Promise<SinkStage> {
  const logs = await startCloudWatchLogs();
  const arrived = () =>
    logs.model.accepted.map(({ message, timestamp }) => ({
      text: message,
      reference: new Date(timestamp).toISOString(),
    }));
  return {
    name: 'CloudWatch Logs',
    service: 'CloudWatch Logs',
    referenceName: 'log timestamp',
    env: { ...logs.env, LOG_GROUP_ARN: logs.model.groupArn(EXAMPLE_LOG_GROUP) },
    arrived,
    remark() {
      const moved = arrived().filter((one) => parseEvent(one).additionalEventData.loggedAt !== undefined);
      return (
        `CloudWatch Logs takes nothing older than 14 days: ${moved.length} events have a younger log timestamp, ` +
        'which they name as loggedAt. Their eventTime stays true.'
      );
    },
    [Symbol.asyncDispose]: () => logs.close(),
  };
}
