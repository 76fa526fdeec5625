import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudtrail from 'aws-cdk-lib/aws-cloudtrail';
import { Construct } from 'constructs';

export interface KongAuditChannelProps {
  /** Name of the event data store and of the channel, 3 to 128 characters. */
  readonly name: string;

  /**
   * How long CloudTrail Lake keeps the events, judged by their own time; 7 to 3653 days.
   *
   * @default Duration.days(366) - the year that the price of ingestion includes
   */
  readonly retention?: Duration;
}

/**
 * An event data store for activity from outside AWS, and the channel into it. Without a resource policy only this account
 * may send.
 *
 * Both outlive the stack: the store holds the evidence, and a deployment after it can go on with the same channel.
 */
export class KongAuditChannel extends Construct {
  readonly channelArn: string;
  readonly eventDataStoreArn: string;

  constructor(scope: Construct, id: string, props: KongAuditChannelProps) {
    super(scope, id);
    const store = new cloudtrail.CfnEventDataStore(this, 'EventDataStore', {
      name: props.name,
      advancedEventSelectors: [
        {
          name: 'Activity from outside AWS',
          fieldSelectors: [{ field: 'eventCategory', equalTo: ['ActivityAuditLog'] }],
        },
      ],
      // The store of an integration must be of one Region and one account (CloudTrail user guide).
      multiRegionEnabled: false,
      organizationEnabled: false,
      retentionPeriod: (props.retention ?? Duration.days(366)).toDays(),
      billingMode: 'EXTENDABLE_RETENTION_PRICING',
      terminationProtectionEnabled: true,
    });
    store.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.eventDataStoreArn = store.attrEventDataStoreArn;

    const channel = new cloudtrail.CfnChannel(this, 'Channel', {
      name: props.name,
      source: 'Custom',
      destinations: [{ type: 'EVENT_DATA_STORE', location: store.attrEventDataStoreArn }],
    });
    channel.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.channelArn = channel.attrChannelArn;
  }
}
