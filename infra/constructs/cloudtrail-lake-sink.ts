import * as iam from 'aws-cdk-lib/aws-iam';
import type { AwsService } from './aws-service.ts';
import type { Sink, SinkBinding } from './sink.ts';

export interface CloudTrailLakeSinkProps {
  /** ARN of the channel. It may be in another account or Region. */
  readonly channelArn: string;

  /**
   * External ID that the channel's policy asks for.
   *
   * @default - none
   */
  readonly externalId?: string;

  /**
   * ARN of the event data store that the channel feeds, for `verify`. It must be in this account: the channel's account alone may query it.
   *
   * @default - what was sent cannot be read back, and there is no daily verification
   */
  readonly eventDataStoreArn?: string;

  /**
   * ARN of the customer-managed key that the event data store is encrypted with.
   *
   * @default - the store is encrypted with a key of AWS
   */
  readonly eventDataStoreKeyArn?: string;
}

/** In place of the ARNs of what the deployment makes. */
export const CLOUDTRAIL_LAKE_STAND_INS = {
  channelArn: `arn:aws-us-gov:cloudtrail:us-gov-west-1:123456789012:channel/${'0'.repeat(36)}`,
  eventDataStoreArn: `arn:aws-us-gov:cloudtrail:us-gov-west-1:123456789012:eventdatastore/${'0'.repeat(36)}`,
} as const;

/** PutAuditEvents has no interface endpoint: `com.amazonaws.<region>.cloudtrail` is another API. */
const CLOUDTRAIL: AwsService = { title: 'CloudTrail' };

/** A channel of CloudTrail Lake. The function's subnets need a way out to the internet on port 443. */
export class CloudTrailLakeSink implements Sink {
  readonly #props: CloudTrailLakeSinkProps;

  constructor(props: CloudTrailLakeSinkProps) {
    this.#props = props;
  }

  bind(): SinkBinding {
    const { channelArn, externalId, eventDataStoreArn, eventDataStoreKeyArn } = this.#props;
    const statements = [
      new iam.PolicyStatement({ actions: ['cloudtrail-data:PutAuditEvents'], resources: [channelArn] }),
    ];
    if (eventDataStoreArn !== undefined)
      statements.push(
        new iam.PolicyStatement({
          actions: ['StartQuery', 'GetQueryResults', 'CancelQuery'].map((name) => `cloudtrail:${name}`),
          resources: [eventDataStoreArn],
        }),
      );
    if (eventDataStoreKeyArn !== undefined)
      statements.push(
        // Whoever queries an encrypted store needs both (CloudTrail user guide, "Granting decrypt permissions for event data stores").
        new iam.PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [eventDataStoreKeyArn] }),
      );
    return {
      title: 'CloudTrail Lake',
      variables: { channelArn, externalId, eventDataStoreArn },
      standIns: CLOUDTRAIL_LAKE_STAND_INS,
      statements,
      services: [CLOUDTRAIL],
      readable: eventDataStoreArn !== undefined,
      outputs: [
        { id: 'ChannelArn', description: 'The channel; it stays when the stack is destroyed', value: channelArn },
        ...(eventDataStoreArn === undefined
          ? []
          : [
              {
                id: 'EventDataStoreArn',
                description: 'The event data store; it stays when the stack is destroyed',
                value: eventDataStoreArn,
              },
            ]),
      ],
    };
  }
}
