import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLakeReader } from '../../../lambda/sinks/cloudtrail-lake/read.ts';
import type { AcceptedEvent } from '../../simulators/cloudtrail-model.ts';
import { startCloudTrailLake } from '../../simulators/cloudtrail-lake-query.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';

const FIRST = Math.floor(Date.now() / 1000) - 86_400;
const WINDOW = { after: FIRST, before: FIRST + 10_000 };

afterEach(() => {
  vi.unstubAllEnvs();
});

function accepted(count: number): AcceptedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const eventTime = `${new Date((FIRST + index) * 1000).toISOString().slice(0, 19)}Z`;
    const eventData = JSON.stringify({
      ...{
        version: '3.9',
        userIdentity: { type: 'KongRbacUser', principalId: 'p' },
        recipientAccountId: '111122223333',
      },
      ...{ eventSource: 'kong-gateway', eventName: 'GET/', eventTime, UID: `uid-${index}` },
    });
    return { id: `uid-${index}`, eventID: `event-${index}`, eventData, at: FIRST + index, call: 0 };
  });
}

describe('uids', () => {
  test('of a query that is looked at while it runs has every event once, on however many pages', async () => {
    await using lake = await startCloudTrailLake({ accepted: accepted(4500) });
    stubAwsEnvironment(lake.env);
    const reader = createLakeReader({ arn: lake.eventDataStoreArn, eventSource: 'kong-gateway', pollMs: 1 });
    const found: string[] = [];
    for await (const events of reader.uids(WINDOW, AbortSignal.timeout(20_000)))
      found.push(...events.map(({ uid }) => uid));
    expect(found).toHaveLength(4500);
    expect(new Set(found).size).toBe(4500);
  });
});
