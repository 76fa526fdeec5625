import type * as logs from 'aws-cdk-lib/aws-logs';
import { CLOUDWATCH_LOGS } from './aws-service.ts';
import { accessTo, bareArn, standInLogGroupArn } from './log-group-access.ts';
import type { Sink, SinkBinding } from './sink.ts';

export interface CloudWatchLogsSinkProps {
  /**
   * The group that takes the events, in a stream called by the forwarder's `sourceName`. It must be in this account, for PutLogEvents names a group and no
   * account; it may be in another Region.
   */
  readonly logGroup: logs.ILogGroup;
}

/** A log group of CloudWatch Logs. */
export class CloudWatchLogsSink implements Sink {
  readonly #props: CloudWatchLogsSinkProps;

  constructor(props: CloudWatchLogsSinkProps) {
    this.#props = props;
  }

  bind(): SinkBinding {
    const { logGroup } = this.#props;
    return {
      title: 'CloudWatch Logs',
      variables: { logGroupArn: bareArn(logGroup) },
      standIns: { logGroupArn: standInLogGroupArn('written') },
      // FilterLogEvents is for `verify`, which reads back what was sent.
      ...accessTo(logGroup, ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:FilterLogEvents']),
      services: [CLOUDWATCH_LOGS],
      readable: true,
      outputs: [
        {
          id: 'LogGroupName',
          description: 'The log group with the events; it stays when the stack is destroyed',
          value: logGroup.logGroupName,
        },
        { id: 'LogGroupArn', description: 'Its ARN, to deploy again with logGroupArn=…', value: bareArn(logGroup) },
      ],
    };
  }
}
