import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface SchedulesProps {
  /** Name of the schedule and its group, and prefix of the others. */
  readonly name: string;

  /** The function to invoke. */
  readonly handler: lambda.IFunction;

  /** When to run. */
  readonly schedule: scheduler.ScheduleExpression;

  /**
   * When to reread everything retained.
   *
   * @default - never
   */
  readonly sweepSchedule?: scheduler.ScheduleExpression | undefined;

  /**
   * When to compare source and sink.
   *
   * @default - never
   */
  readonly verifySchedule?: scheduler.ScheduleExpression | undefined;

  /** How long an invocation is worth delivering: until the next one is due. */
  readonly maxEventAge: Duration;
}

/** The schedules of one forwarder, with a role that may invoke that one function and nothing else. */
export class Schedules extends Construct {
  /** Invocations that could not be delivered. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { name, handler } = props;

    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      queueName: `${name}-dead-letters`,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'This queue is the dead-letter queue, of EventBridge Scheduler. Nothing consumes it; an alarm watches it.',
    });

    const group = new scheduler.ScheduleGroup(this, 'Group', {
      scheduleGroupName: name,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, 'Role', {
      description: `Lets EventBridge Scheduler invoke ${name}`,
      // The group's ARN, as the confused-deputy condition of the Scheduler user guide wants it.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account, 'aws:SourceArn': group.scheduleGroupArn },
        },
      }),
    });
    const mayInvoke = new iam.Policy(this, 'MayInvoke', {
      roles: [role],
      statements: [
        new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [handler.functionArn] }),
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
      ],
    });

    const invoke = (input: object): scheduler.IScheduleTarget => ({
      bind: () => ({
        arn: handler.functionArn,
        role,
        input: scheduler.ScheduleTargetInput.fromObject(input),
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: props.maxEventAge.toSeconds() },
        deadLetterConfig: { arn: this.deadLetters.queueArn },
      }),
    });

    const add = (
      scheduleId: string,
      options: Pick<scheduler.ScheduleProps, 'scheduleName' | 'description' | 'schedule' | 'timeWindow'>,
      input: object,
    ) => {
      new scheduler.Schedule(this, scheduleId, {
        ...options,
        scheduleGroup: group,
        target: invoke(input),
      }).node.addDependency(mayInvoke);
    };

    add('Schedule', { scheduleName: name, description: 'Forwards what is new', schedule: props.schedule }, {});
    if (props.sweepSchedule)
      add(
        'Sweep',
        {
          scheduleName: `${name}-sweep`,
          description: 'Rereads all that the source retains',
          schedule: props.sweepSchedule,
          // Two rates that begin with the deployment tick together for ever, and the lock would skip the sweep each time.
          timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(30)),
        },
        { mode: 'backfill' },
      );
    if (props.verifySchedule)
      add(
        'Verify',
        {
          scheduleName: `${name}-verify`,
          description: 'Compares what the source and the sink have of the day before, in UTC',
          schedule: props.verifySchedule,
        },
        { mode: 'verify' },
      );
  }
}
