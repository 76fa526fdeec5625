import { vi } from 'vitest';
import { connectLogStream } from '../../../lambda/sinks/cloudwatch-logs/client.ts';
import { createCloudWatchLogs } from '../../../lambda/sinks/cloudwatch-logs/sink.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { cloudWatchLogsModel, type CloudWatchLogsModel } from '../../simulators/cloudwatch-logs-model.ts';
import { type CloudWatchLogsSimulator, startCloudWatchLogs } from '../../simulators/cloudwatch-logs.ts';
import { activity } from '../../support/activity.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { NEVER, type OpenOptions, type SinkHarness } from '../harness.ts';

/** Noon of the day on which everything happens, epoch milliseconds. */
export const NOON = Date.UTC(2026, 10, 14, 12);
export const GROUP = 'kong-audit';
export const STREAM = 'kong';
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface LogsOptions extends OpenOptions {
  /** Default: the stream is there. */
  readonly streams?: readonly string[];
  readonly maxAttempts?: number;
}

export interface LogsHarness extends SinkHarness {
  readonly sink: ReturnType<typeof createCloudWatchLogs>;
  readonly logs: CloudWatchLogsSimulator;
  readonly model: CloudWatchLogsModel;
  /** Epoch milliseconds; they stand still until a test moves them. */
  readonly clock: { function: number; service: number };
}

/** The sink with a client of its own, and a simulated CloudWatch Logs. */
export async function openLogs(options: LogsOptions = {}): Promise<LogsHarness> {
  const { streams = [STREAM], attemptTimeoutMs, stopping = NEVER, onThrottled = () => undefined } = options;
  const clock = { function: NOON, service: NOON };
  const model = cloudWatchLogsModel({ now: () => clock.service / 1000, groups: [{ name: GROUP, streams }] });
  const logs = await startCloudWatchLogs({ model });
  stubAwsEnvironment(options.withoutCredentials ? { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url } : logs.env);
  const stream = connectLogStream({
    region: 'eu-central-1',
    groupName: GROUP,
    streamName: STREAM,
    callsPerSecond: 1000,
    stopping,
    onRequest: () => undefined,
    onThrottled,
    maxAttempts: options.maxAttempts ?? 1,
    ...(attemptTimeoutMs !== undefined && { attemptTimeoutMs }),
  });
  const sink = createCloudWatchLogs({
    stream,
    logGroup: model.groupArn(GROUP),
    context: {
      accountId: '111122223333',
      eventSource: 'kong-gateway',
      redactor: createRedactor(DEFAULT_REDACT_KEYS),
    },
    now: () => clock.function,
    retryDelayMs: 1,
  });
  return {
    sink,
    logs,
    model,
    clock,
    faults: logs.faults,
    requests: () => logs.requests.length,
    stored: () => model.accepted.map(({ message }) => (JSON.parse(message) as { UID: string }).UID),
    refused: (id) => {
      model.setRetention(GROUP, 1);
      clock.service = NOON + 10 * HOUR;
      return activity(id, { second: (NOON - DAY + 9 * HOUR) / 1000 });
    },
    postponed: (id) => {
      clock.function = NOON + HOUR;
      return activity(id, { second: (NOON + 5 * HOUR) / 1000 });
    },
    shutDown: () => logs.close(),
    [Symbol.asyncDispose]: async () => {
      sink.close();
      vi.unstubAllEnvs();
      await logs.close();
    },
  };
}
