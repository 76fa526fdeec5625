import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** A forwarder as a source or a sink sees it: the scope of what it makes, and the names to make it under. */
export interface ForwarderScope extends Construct {
  /** Name of the function, prefix of the names of everything else. */
  readonly resourceName: string;

  /** Name of the source in the ledger and in the metrics. */
  readonly sourceName: string;

  /** Where the function is. */
  readonly vpc: ec2.IVpc;
}
