import { startCloudTrailLake } from '../simulators/cloudtrail-lake-query.ts';
import { startCloudTrail } from '../simulators/cloudtrail.ts';
import type { SinkStage } from './stage.ts';

/** A channel and its event data store. */
export async function stageCloudTrailLake(): Promise<SinkStage> {
  const cloudTrail = await startCloudTrail();
  const lake = await startCloudTrailLake({ accepted: cloudTrail.accepted });
  return {
    name: 'CloudTrail Lake',
    service: 'CloudTrail',
    referenceName: 'CloudTrail eventID',
    env: { ...lake.env, ...cloudTrail.env },
    arrived: () => cloudTrail.accepted.map(({ eventData, eventID }) => ({ text: eventData, reference: eventID })),
    remark: () => null,
    [Symbol.asyncDispose]: async () => {
      await lake.close();
      await cloudTrail.close();
    },
  };
}
