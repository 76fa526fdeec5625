import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectChannel } from '../../lambda/sinks/cloudtrail-lake/client.ts';
import { EXAMPLE_CHANNEL_ARN } from '../simulators/cloudtrail-model.ts';
import { startCloudTrail } from '../simulators/cloudtrail.ts';
import { auditEvent } from '../support/audit-event.ts';
import { stubAwsEnvironment } from '../support/aws-environment.ts';

const EVENT = auditEvent('a');

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a request that was sent and got no answer is not sent again by the SDK', () => {
  test.each([
    ...(['before-handling', 'before-headers', 'mid-body'] as const).map((at) => ({ fault: 'reset', at }) as const),
    ...(['before-headers', 'mid-body'] as const).map((at) => ({ fault: 'hang', at }) as const),
  ])('$fault $at', async (fault) => {
    await using cloudTrail = await startCloudTrail();
    stubAwsEnvironment(cloudTrail.env);
    cloudTrail.faults.next(fault);
    const onRequest = vi.fn();
    const channel = connectChannel({
      arn: EXAMPLE_CHANNEL_ARN,
      region: 'eu-central-1',
      callsPerSecond: 1000,
      attemptTimeoutMs: fault.fault === 'hang' ? 200 : 30_000,
      stopping: new AbortController().signal,
      onRequest,
      onThrottled: () => undefined,
    });
    await expect(channel.put([EVENT], new AbortController().signal)).rejects.toMatchObject({ name: 'UnansweredError' });
    expect(onRequest).toHaveBeenCalledTimes(1);
    expect(cloudTrail.accepted.length).toBeLessThanOrEqual(1);
    channel.close();
  });
});
