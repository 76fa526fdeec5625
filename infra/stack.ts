import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { given } from './constructs/given.ts';
import { KongAuditForwarder } from './constructs/kong-audit-forwarder.ts';
import { cacheOf } from './context/cache-of.ts';
import { networkOf } from './context/network-of.ts';
import type { DeploymentConfig } from './context/schema.ts';
import { sinkOf } from './context/sink-of.ts';
import { sourceOf } from './context/source-of.ts';
import { topicsOf } from './context/topics-of.ts';
import { tuningOf } from './context/tuning.ts';
import { outputsOf } from './outputs.ts';

export interface KongAuditStackProps extends StackProps {
  readonly config: DeploymentConfig;

  /**
   * The function's code.
   *
   * @default - `lambda/handler.ts`, bundled
   */
  readonly code?: lambda.Code;
}

/** One forwarder with its ledger, and its sink if that is to be made, in a VPC that is there already. */
export class KongAuditStack extends Stack {
  constructor(scope: Construct, id: string, { config, code, ...props }: KongAuditStackProps) {
    super(scope, id, props);
    for (const [key, value] of Object.entries(config.tags)) Tags.of(this).add(key, value);

    const network = networkOf(this, config);
    const alarmTopics = topicsOf(this, config);
    const { verifySchedule } = config;
    const forwarder = new KongAuditForwarder(this, 'Forwarder', {
      source: sourceOf(this, config),
      sink: sinkOf(this, config),
      cache: cacheOf(this, config, network, alarmTopics),
      schedule: ScheduleExpression.expression(config.schedule.expression),
      resourceName: config.resourceName,
      sourceName: config.sourceName,
      tracing: config.tracing,
      alarmTopics,
      ...given({
        ...network,
        sweepSchedule: config.sweepSchedule && ScheduleExpression.expression(config.sweepSchedule.expression),
        verifySchedule:
          typeof verifySchedule === 'object'
            ? ScheduleExpression.expression(verifySchedule.expression)
            : verifySchedule,
        deniedAlarmThreshold: config.deniedAlarmThreshold,
        anonymousWritesAlarm: config.anonymousWritesAlarm,
        extraCaCerts: config.nodeExtraCaCerts,
        useFipsEndpoint: config.useFipsEndpoint,
        code,
      }),
      ...tuningOf(config),
    });
    this.templateOptions.description = `Forwards ${forwarder.title}`;
    for (const { id: outputId, description, value } of outputsOf(forwarder, this.region))
      new CfnOutput(this, outputId, { description, value });
  }
}
