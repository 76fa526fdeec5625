import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC_NAMES, type MetricName } from '../../lambda/metric-names.ts';
import { bundle } from '../bundle.ts';
import { auditAlarms } from './audit-alarms.ts';
import { SECRETS_MANAGER } from './aws-service.ts';
import type { BindingOutput, Route } from './binding.ts';
import { verificationSchedule } from './verification-schedule.ts';
import { openEgress } from './egress.ts';
import { ExecutionRole } from './execution-role.ts';
import { extraCertificates } from './extra-certificates.ts';
import { forwarderAlarms } from './forwarder-alarms.ts';
import { ForwarderDashboard } from './forwarder-dashboard.ts';
import { forwarderEnvironment } from './forwarder-environment.ts';
import { forwarderMetric } from './forwarder-metric.ts';
import type { ForwarderScope } from './forwarder-scope.ts';
import { MEMORY_MB, TIMEOUT } from './function-limits.ts';
import { given } from './given.ts';
import { checkSchedule, longestInterval, watchedInterval } from './interval.ts';
import type { KongAuditForwarderProps } from './kong-audit-forwarder-props.ts';
import type { LedgerCache } from './ledger-cache.ts';
import { RESOURCE_NAME, RESOURCE_NAME_EXPECTED } from './resource-name.ts';
import { Schedules } from './schedules.ts';
import { refuseTwins } from './twins.ts';

/**
 * Forwards one audit log on a schedule: the function, its role and security group, schedules, log group, alarms and dashboard. Source and sink bring what
 * they need of their own. Place several for several control planes, each with its own `resourceName` and `sourceName`; they may share a cache.
 *
 * There is no reserved concurrency: runs exclude each other by a lock in the ledger, and a check by hand must not wait.
 */
export class KongAuditForwarder extends Construct implements ForwarderScope, ec2.IConnectable, iam.IGrantable {
  readonly resourceName: string;
  readonly sourceName: string;
  readonly vpc: ec2.IVpc;
  readonly cache: LedgerCache;
  readonly handler: lambda.Function;
  readonly role: iam.IRole;
  readonly grantPrincipal: iam.IPrincipal;
  readonly securityGroup: ec2.SecurityGroup;
  readonly connections: ec2.Connections;
  /** The function's own log; the audit events are not in it. */
  readonly logGroup: logs.ILogGroup;
  /** Invocations that EventBridge Scheduler could not deliver. */
  readonly deadLetters: sqs.IQueue;
  readonly alarms: readonly cloudwatch.IAlarm[];
  readonly dashboard: cloudwatch.Dashboard;
  /** Completes "Forwards …". */
  readonly title: string;
  /** What source and sink have to tell whoever deploys them, such as a secret to be filled. */
  readonly outputs: readonly BindingOutput[];

  constructor(scope: Construct, id: string, props: KongAuditForwarderProps) {
    super(scope, id);
    this.resourceName = props.resourceName ?? 'kong-cloudtrail-integration';
    if (!RESOURCE_NAME.test(this.resourceName))
      throw new Error(`resourceName must be ${RESOURCE_NAME_EXPECTED}, got ${JSON.stringify(this.resourceName)}`);
    this.sourceName = props.sourceName ?? 'kong';
    this.vpc = props.vpc;
    this.cache = props.cache;
    refuseTwins(this, forwardersBeside(this));
    const schedule = props.schedule ?? ScheduleExpression.rate(Duration.hours(1));
    const interval = checkSchedule('schedule', schedule, watchedInterval);
    if (props.sweepSchedule) checkSchedule('sweepSchedule', props.sweepSchedule, longestInterval);

    const source = props.source.bind(this);
    const sink = props.sink.bind(this);
    const verifySchedule = verificationSchedule(props.verifySchedule, sink, interval);
    this.title = `${source.title} to ${sink.title}`;
    this.outputs = [...(source.outputs ?? []), ...(sink.outputs ?? [])];
    const environment = forwarderEnvironment(this.sourceName, props, source, sink);
    const routes: Route[] = [
      ...(source.routes ?? []),
      ...(sink.routes ?? []),
      { title: 'the ledger', to: this.cache, description: `${this.resourceName} to its ledger` },
    ];
    const secrets = [...(source.secrets ?? []), ...(sink.secrets ?? []), this.cache.password].filter(
      (secret) => secret !== undefined,
    );
    // What is older is worth nothing: the next run does the same work. Lambda takes a minute to six hours.
    const maxEventAge = Duration.seconds(Math.min(Math.max(interval.toSeconds(), 60), 6 * 3600));

    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      // Another description would be another group, to which nobody else's rules point.
      description: `${this.resourceName}: out to ${routes.map(({ title }) => title).join(', ')} and HTTPS; nothing in`,
      allowAllOutbound: false,
    });
    this.connections = this.securityGroup.connections;
    this.logGroup = new logs.LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${this.resourceName}`,
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const execution = new ExecutionRole(this, 'Role', {
      functionName: this.resourceName,
      statements: [...(source.statements ?? []), ...(sink.statements ?? [])],
      acknowledgements: [...(source.acknowledgements ?? []), ...(sink.acknowledgements ?? [])],
      logGroup: this.logGroup,
      secrets,
      tracing: props.tracing ?? false,
    });
    this.role = execution.role;
    this.grantPrincipal = execution.role;

    this.handler = new lambda.Function(this, 'Function', {
      functionName: this.resourceName,
      description: `Forwards ${this.title}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: props.code ?? lambda.Code.fromAsset(bundle()),
      handler: 'index.handler',
      memorySize: MEMORY_MB,
      timeout: TIMEOUT,
      environment,
      ...(props.extraCaCerts !== undefined && { layers: [extraCertificates(this, props.extraCaCerts)] }),
      role: this.role,
      logGroup: this.logGroup,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [this.securityGroup],
      tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      // Scheduler invokes asynchronously, and Lambda would try a failed run twice more; the next tick is the retry.
      retryAttempts: 0,
      maxEventAge,
    });
    this.handler.node.addDependency(execution.networkInterfaces);
    openEgress(this.securityGroup, {
      name: this.resourceName,
      routes,
      services: [
        ...(sink.services ?? []),
        ...(source.services ?? []),
        ...(secrets.length > 0 ? [SECRETS_MANAGER] : []),
      ],
      endpoints: props.endpoints,
    });

    this.deadLetters = new Schedules(this, 'Schedules', {
      name: this.resourceName,
      handler: this.handler,
      schedule,
      sweepSchedule: props.sweepSchedule,
      verifySchedule,
      maxEventAge,
    }).deadLetters;
    const { resourceName: name, sourceName, handler, deadLetters } = this;
    const watched = {
      name,
      sourceName,
      handler,
      deadLetters,
      interval,
      sink: sink.title,
      ...given({ alarmTopics: props.alarmTopics }),
    };
    const alarms = new Construct(this, 'Alarms');
    this.alarms = [
      ...forwarderAlarms(alarms, {
        ...watched,
        auditTtl: props.auditTtl ?? source.retention,
        rescue: source.rescue,
      }),
      ...auditAlarms(alarms, {
        ...watched,
        deniedThreshold: props.deniedAlarmThreshold ?? 20,
        anonymousWrites: props.anonymousWritesAlarm ?? source.authenticated,
        verified: verifySchedule !== undefined,
      }),
    ];
    this.dashboard = new ForwarderDashboard(this, 'Dashboard', {
      // Unlike the rest, dashboards are of the account and not of a Region.
      name: `${name}-${Aws.REGION}`,
      handler,
      sourceName,
      alarms: [...this.alarms, ...(this.cache.memoryAlarm ? [this.cache.memoryAlarm] : [])],
      ...given({ cacheMemoryUsage: this.cache.memoryUsage }),
    }).dashboard;
  }

  /** One of the function's metrics, of this source. */
  metric(metricName: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return forwarderMetric(this.sourceName, metricName, options);
  }

  /** Age in seconds of the oldest entry without an outcome; the maximum, unless `options` say otherwise. */
  metricLag(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRIC_NAMES.lagSeconds, { statistic: 'Maximum', ...options });
  }

  /** Lets `grantee` invoke the function: `check`, a backfill, the operator's command line. */
  grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.handler.grantInvoke(grantee);
  }
}

function forwardersBeside(forwarder: KongAuditForwarder): KongAuditForwarder[] {
  return forwarder.node.root.node
    .findAll()
    .filter((other): other is KongAuditForwarder => other instanceof KongAuditForwarder && other !== forwarder);
}
