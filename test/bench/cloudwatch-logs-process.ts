import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import { type CloudWatchLogsSimulator, startCloudWatchLogs } from '../simulators/cloudwatch-logs.ts';
import type { CloudTrailCounts, CloudTrailSetup } from './cloudtrail-process.ts';
import { answerCalls } from './remote.ts';

/*
 * The simulated CloudWatch Logs in a process of its own, in the place of CloudTrail.
 */

let simulator: CloudWatchLogsSimulator | undefined;

const methods = {
  /** The environment in which an AWS client finds the new endpoint. */
  async open({ latencyMs, callsPerSecond, strict }: CloudTrailSetup): Promise<Readonly<Record<string, string>>> {
    await simulator?.close();
    simulator = await startCloudWatchLogs({
      latencyMs,
      callsPerSecond: { PutLogEvents: callsPerSecond ?? Infinity },
      verifySignatures: strict,
      keep: false,
    });
    return { ...simulator.env, LOG_GROUP_ARN: simulator.model.groupArn(EXAMPLE_LOG_GROUP) };
  },
  counts: (): CloudTrailCounts => ({
    accepted: simulator?.model.acceptedCount() ?? 0,
    calls: simulator?.requests.length ?? 0,
  }),
};
export type CloudWatchLogsProcess = typeof methods;

answerCalls(methods);
