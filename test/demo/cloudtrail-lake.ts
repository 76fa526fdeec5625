import { startCloudTrail } from '../simulators/cloudtrail.ts';
import type { SinkStage } from './stage.ts';

export async function stageCloudTrailLake(): Promise<SinkStage> {
  const cloudTrail = await startCloudTrail();
  return {
    name: 'CloudTrail Lake',
    service: 'CloudTrail',
    referenceName: 'CloudTrail eventID',
    env: cloudTrail.env,
    arrived: () => cloudTrail.accepted.map(({ eventData, eventID }) => ({ text: eventData, reference: eventID })),
    remark: () => null,
    [Symbol.asyncDispose]: () => cloudTrail.close(),
  };
}
