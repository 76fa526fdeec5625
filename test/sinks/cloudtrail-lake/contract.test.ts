import { vi } from 'vitest';
import { ChannelError, CredentialsError } from '../../../lambda/errors.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { connectChannel } from '../../../lambda/sinks/cloudtrail-lake/client.ts';
import { createCloudTrailLake } from '../../../lambda/sinks/cloudtrail-lake/sink.ts';
import { createLakeReader } from '../../../lambda/sinks/cloudtrail-lake/read.ts';
import { startCloudTrailLake } from '../../simulators/cloudtrail-lake-query.ts';
import { startCloudTrail } from '../../simulators/cloudtrail.ts';
import { activity } from '../../support/activity.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { describeSink } from '../contract.ts';
import { NEVER, type OpenOptions, type SinkHarness } from '../harness.ts';

describeSink({
  name: 'CloudTrail Lake',
  maxEvents: 100,
  poison: { code: 'ValidationException', becomes: 'refused' },
  stops: [
    { fault: { code: 'ChannelNotFound' }, error: ChannelError },
    { fault: { code: 'ChannelInsufficientPermission' }, error: ChannelError },
    { fault: { code: 'AccessDeniedException' }, error: CredentialsError },
    { fault: { code: 'UnrecognizedClientException' }, error: CredentialsError },
  ],
  hasReader: true,
  open,
});

async function open(options: OpenOptions = {}): Promise<SinkHarness> {
  const { attemptTimeoutMs, stopping = NEVER, onThrottled = () => undefined } = options;
  const cloudTrail = await startCloudTrail();
  const lake = await startCloudTrailLake({ accepted: cloudTrail.accepted });
  stubAwsEnvironment(
    options.withoutCredentials
      ? { AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: cloudTrail.url }
      : { ...cloudTrail.env, ...lake.env },
  );
  const sink = createCloudTrailLake({
    channel: connectChannel({
      arn: cloudTrail.channelArn,
      region: 'eu-central-1',
      callsPerSecond: 1000,
      stopping,
      onRequest: () => undefined,
      onThrottled,
      maxAttempts: 1,
      ...(attemptTimeoutMs !== undefined && { attemptTimeoutMs }),
    }),
    context: {
      accountId: '111122223333',
      eventSource: 'kong-gateway',
      redactor: createRedactor(DEFAULT_REDACT_KEYS),
    },
    onThrottled,
    reader: createLakeReader({ arn: lake.eventDataStoreArn, eventSource: 'kong-gateway', pollMs: 1 }),
    retryDelayMs: 1,
  });
  /** The event of `id` fails with `code`. */
  const fail = (id: string, code: string) => {
    cloudTrail.faults.always(() => ({ fault: 'events', error: (event) => (event.id === id ? code : undefined) }));
    return activity(id);
  };
  return {
    sink,
    faults: cloudTrail.faults,
    requests: () => cloudTrail.requests.length,
    stored: () => cloudTrail.accepted.map(({ id }) => id),
    refused: (id) => fail(id, 'InvalidData'),
    postponed: (id) => fail(id, 'InternalFailure'),
    shutDown: () => cloudTrail.close(),
    [Symbol.asyncDispose]: async () => {
      sink.close();
      vi.unstubAllEnvs();
      await Promise.all([cloudTrail.close(), lake.close()]);
    },
  };
}
