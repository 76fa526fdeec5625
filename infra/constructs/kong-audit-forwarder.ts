import { Aws, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { z } from 'zod';
import { bundle } from '../bundle.ts';
import type { LedgerCache } from './ledger-cache.ts';
import { ForwarderDashboard } from './forwarder-dashboard.ts';
import * as value from '../context/values.ts';
import { environmentProblems, MEMORY_MB, toEnvironment, withoutTokens } from './function-environment.ts';
import { ExecutionRole } from './execution-role.ts';
import { given } from './given.ts';
import { ForwarderAlarms } from './forwarder-alarms.ts';
import { Schedules } from './schedules.ts';
import { type ForwarderTuning, pickTuning } from './tuning.ts';

export interface KongAuditForwarderProps extends ForwarderTuning {
  /** URL of Kong's Admin API, path prefix included. Egress is opened to its port. */
  readonly kongAdminApi: string;

  /** The VPC from which Kong and the cache are reached. */
  readonly vpc: ec2.IVpc;

  /** ARN of the CloudTrail Lake channel. It may be in another account or Region. */
  readonly channelArn: string;

  /** The ledger. Forwarders that share one need different `sourceName`s. */
  readonly cache: LedgerCache;

  /**
   * Subnets of the function. They need a way out on port 443: CloudTrail's PutAuditEvents has no VPC endpoint.
   *
   * @default - the VPC's private subnets with egress
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Whether Kong wants a token, though no `kongAdminToken` is given: an empty secret is made, to be filled by hand.
   *
   * @default false
   */
  readonly kongSuperadmin?: boolean;

  /**
   * Holds the RBAC token for Kong's Admin API.
   *
   * @default - no token is sent, unless `kongSuperadmin`
   */
  readonly kongAdminToken?: secretsmanager.ISecret;

  /**
   * PEM of the authority that signs the Admin API's certificate. The environment has room for one or two certificates.
   *
   * @default - the authorities that Node.js trusts
   */
  readonly kongRootCa?: string;

  /**
   * The security group Kong is in: egress goes only there, and an ingress rule for the function is added to it.
   *
   * @default - egress goes to `kongCidr`
   */
  readonly kongSecurityGroup?: ec2.ISecurityGroup;

  /**
   * Where Kong is when its security group is not given, an IPv4 CIDR.
   *
   * @default - the VPC's CIDR
   */
  readonly kongCidr?: string;

  /**
   * External ID that the channel's policy asks for.
   *
   * @default - none
   */
  readonly externalId?: string;

  /**
   * When to run: `rate(…)` or `cron(…)`, at least every three days.
   *
   * @default 'rate(1 hour)'
   */
  readonly schedule?: string;

  /**
   * When to reread everything that Kong retains, on top of what is new.
   *
   * @default - never
   */
  readonly sweepSchedule?: string;

  /**
   * Name of the function; prefix of the names of schedules, queue and alarms. At most 50 letters, digits and hyphens.
   *
   * @default 'kong-cloudtrail-integration'
   */
  readonly resourceName?: string;

  /**
   * Name of this source: namespace in the ledger and dimension of the metrics. Changing it forgets what was forwarded.
   *
   * @default 'kong'
   */
  readonly sourceName?: string;

  /**
   * Where alarms, and their end, are told.
   *
   * @default - alarms without action
   */
  readonly alarmTopics?: readonly sns.ITopic[];

  /**
   * Whether runs are traced with X-Ray.
   *
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * How long the function's log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * The function's code.
   *
   * @default - `lambda/handler.ts`, bundled
   */
  readonly code?: lambda.Code;
}

/** An upper bound on the cost of a hang more than a need: a first run may have 30 days of entries to read. */
const TIMEOUT = Duration.minutes(15);

/**
 * Forwards the audit log of one Kong control plane to CloudTrail Lake, on a schedule: the function, its role and security
 * group, schedules, log group, alarms and dashboard. Place several for several control planes, each with its own
 * `resourceName` and `sourceName`; they may share a cache.
 *
 * There is no reserved concurrency: runs exclude each other by a lock in the ledger, and a check by hand must not wait.
 */
export class KongAuditForwarder extends Construct {
  readonly resourceName: string;
  readonly sourceName: string;
  readonly cache: LedgerCache;
  readonly handler: lambda.Function;
  readonly securityGroup: ec2.SecurityGroup;
  readonly alarms: readonly cloudwatch.IAlarm[];
  readonly dashboardName: string;

  /** The secret made empty because of `kongSuperadmin`; without a value every run fails. */
  readonly secretToFill?: secretsmanager.ISecret;

  constructor(scope: Construct, id: string, props: KongAuditForwarderProps) {
    super(scope, id);
    this.resourceName = read('resourceName', value.resourceName, props.resourceName ?? 'kong-cloudtrail-integration');
    this.sourceName = props.sourceName ?? 'kong';
    this.cache = props.cache;
    refuseTwins(this);
    const schedule = props.schedule ?? 'rate(1 hour)';
    const { interval } = read('schedule', value.watchedSchedule, schedule);
    if (props.sweepSchedule !== undefined) read('sweepSchedule', value.schedule, props.sweepSchedule);

    if (props.kongSuperadmin && !props.kongAdminToken) this.secretToFill = emptySecret(this, this.resourceName);
    const token = props.kongAdminToken ?? this.secretToFill;
    const environment = toEnvironment({
      kongAdminApi: props.kongAdminApi,
      kongSuperadmin: token ? true : undefined,
      kongAdminTokenSecretArn: token?.secretArn,
      kongRootCa: props.kongRootCa,
      redisHost: this.cache.redisHost,
      redisDb: this.cache.db,
      redisUsername: this.cache.username,
      redisPasswordSecretArn: this.cache.password?.secretArn,
      redisTls: this.cache.tls,
      channelArn: props.channelArn,
      externalId: props.externalId,
      sourceName: this.sourceName,
      ...pickTuning(props),
    });
    const problems = environmentProblems(environment);
    if (problems.length > 0)
      throw new Error(`The function would refuse its environment:\n${problems.map((p) => `- ${p}`).join('\n')}`);

    // What is older is worth nothing: the next run does the same work. Lambda takes a minute to six hours.
    const maxEventAge = Duration.seconds(Math.min(Math.max(interval.toSeconds(), 60), 6 * 3600));

    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: `${this.resourceName}: out to Kong, the ledger and HTTPS; nothing in`,
      allowAllOutbound: false,
    });
    const logGroup = new logs.LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${this.resourceName}`,
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new ExecutionRole(this, 'Role', {
      functionName: this.resourceName,
      channelArn: props.channelArn,
      logGroup,
      secrets: [token, this.cache.password].filter((secret) => secret !== undefined),
      tracing: props.tracing ?? false,
    });

    this.handler = new lambda.Function(this, 'Function', {
      functionName: this.resourceName,
      description: "Forwards Kong's audit log to CloudTrail Lake",
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: props.code ?? lambda.Code.fromAsset(bundle()),
      handler: 'index.handler',
      memorySize: MEMORY_MB,
      timeout: TIMEOUT,
      environment,
      role: role.role,
      logGroup,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [this.securityGroup],
      tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      // Scheduler invokes asynchronously, and Lambda would try a failed run twice more; the next tick is the retry.
      retryAttempts: 0,
      maxEventAge,
    });
    this.handler.node.addDependency(role.networkInterfaces);
    this.openEgress(props);

    const { deadLetters } = new Schedules(this, 'Schedules', {
      name: this.resourceName,
      handler: this.handler,
      schedule,
      ...given({ sweepSchedule: props.sweepSchedule }),
      maxEventAge,
    });
    this.alarms = new ForwarderAlarms(this, 'Alarms', {
      name: this.resourceName,
      sourceName: this.sourceName,
      handler: this.handler,
      deadLetters,
      interval,
      auditTtl: Duration.seconds(props.auditTtlSeconds ?? 2_592_000),
      checkCommand: this.invokeCommand({ mode: 'check' }),
      replayCommand: this.invokeCommand({ mode: 'replay' }),
      alarmTopics: props.alarmTopics ?? [],
    }).all;
    // Unlike the rest, dashboards are of the account and not of a Region.
    this.dashboardName = `${this.resourceName}-${Aws.REGION}`;
    new ForwarderDashboard(this, 'Dashboard', {
      name: this.dashboardName,
      handler: this.handler,
      sourceName: this.sourceName,
      alarms: [...this.alarms, ...(this.cache.memoryAlarm ? [this.cache.memoryAlarm] : [])],
      ...given({ cacheMemoryUsage: this.cache.memoryUsage }),
    });
  }

  /** The shell command that invokes the function with `payload` and prints its answer. */
  invokeCommand(payload: object): string {
    return (
      `aws lambda invoke --function-name ${this.resourceName} --cli-binary-format raw-in-base64-out ` +
      `--cli-read-timeout ${TIMEOUT.toSeconds()} --payload '${JSON.stringify(payload)}' /dev/stdout`
    );
  }

  /**
   * Names are resolved by the VPC's own DNS, which no security group filters. EC2 takes few characters in a rule's
   * description; an apostrophe is none of them.
   */
  private openEgress(props: KongAuditForwarderProps) {
    const { connections } = this.securityGroup;
    const kongPort = ec2.Port.tcp(portOf(props.kongAdminApi));
    if (props.kongSecurityGroup)
      connections.allowTo(props.kongSecurityGroup, kongPort, `${this.resourceName} to the Admin API of Kong`);
    else connections.allowTo(ec2.Peer.ipv4(props.kongCidr ?? props.vpc.vpcCidrBlock), kongPort, 'Admin API of Kong');
    connections.allowToDefaultPort(this.cache, `${this.resourceName} to its ledger`);
    connections.allowToAnyIpv4(ec2.Port.HTTPS, 'CloudTrail, Secrets Manager');
  }
}

/**
 * Two with one name fail half-way through a deployment. Two with one source in a cache would each skip what the other forwarded,
 * and in an account and Region the alarms of each would watch the metrics of both.
 */
function refuseTwins(forwarder: KongAuditForwarder) {
  const others = forwarder.node.root.node
    .findAll()
    .filter((other): other is KongAuditForwarder => other instanceof KongAuditForwarder && other !== forwarder);
  for (const other of others) {
    const samePlace = Stack.of(other).environment === Stack.of(forwarder).environment;
    if (samePlace && other.resourceName === forwarder.resourceName)
      throw new Error(
        `resourceName must differ between forwarders in one account and Region; ${other.node.path} is '${forwarder.resourceName}', too`,
      );
    if ((samePlace || other.cache.redisHost === forwarder.cache.redisHost) && other.sourceName === forwarder.sourceName)
      throw new Error(
        `sourceName must differ between forwarders that share a cache, or an account and Region; ${other.node.path} is '${forwarder.sourceName}', too`,
      );
  }
}

/** A secret without a value. What generates one for lack of it would hide that it is to be filled. */
function emptySecret(scope: Construct, resourceName: string): secretsmanager.ISecret {
  const secret = new secretsmanager.CfnSecret(scope, 'KongAdminToken', {
    description: `RBAC token with which ${resourceName} reads Kong's audit log`,
  });
  secret.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'Kong issues this token, and only an administrator of Kong can change it. A new value is read by the next run.',
  });
  return secretsmanager.Secret.fromSecretCompleteArn(scope, 'KongAdminTokenSecret', secret.ref);
}

function read<Output>(prop: string, schema: z.ZodType<Output>, given: string): Output {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`${prop} ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(withoutTokens(url));
  return Number(port) || (protocol === 'http:' ? 80 : 443);
}
