import { startCloudTrail, type CloudTrailSimulator } from '../simulators/cloudtrail.ts';
import { answerCalls } from './remote.ts';

/*
 * The simulated CloudTrail in a process of its own. Each phase of a scenario gets an endpoint of its own.
 */

export interface CloudTrailSetup {
  readonly latencyMs: number;
  /** Null for no limit. */
  readonly callsPerSecond: number | null;
  /** Check every event and every signature. Takes time that CloudTrail does not charge its callers. */
  readonly strict: boolean;
}

export interface CloudTrailCounts {
  readonly accepted: number;
  readonly calls: number;
}

let simulator: CloudTrailSimulator | undefined;

const methods = {
  /** The environment in which an AWS client finds the new endpoint. */
  async open({ latencyMs, callsPerSecond, strict }: CloudTrailSetup): Promise<Readonly<Record<string, string>>> {
    await simulator?.close();
    simulator = await startCloudTrail({
      latencyMs,
      callsPerSecond: callsPerSecond ?? Infinity,
      strict,
      verifySignatures: strict,
      keep: false,
    });
    return simulator.env;
  },
  counts: (): CloudTrailCounts => ({
    accepted: simulator?.acceptedCount() ?? 0,
    calls: simulator?.requests.length ?? 0,
  }),
};
export type CloudTrailProcess = typeof methods;

answerCalls(methods);
