import { z } from 'zod';
import { contradictions, limits } from './rules.ts';
import * as value from './values.ts';
import { environmentProblems, STAND_INS, toEnvironment, toVariableName } from '../constructs/function-environment.ts';
import { nearest } from './nearest.ts';
import { type ForwarderTuning, TUNING_KEYS } from '../constructs/tuning.ts';

const tuning = {
  kongPageSize: value.wholeNumber.exactOptional(),
  kongScan: z.string().exactOptional(),
  overlapSeconds: value.wholeNumber.exactOptional(),
  auditTtlSeconds: value.wholeNumber.exactOptional(),
  ttlGraceSeconds: value.wholeNumber.exactOptional(),
  putConcurrency: value.wholeNumber.exactOptional(),
  putCallsPerSecond: value.wholeNumber.exactOptional(),
  deadlineReserveMs: value.wholeNumber.exactOptional(),
  forwardOwnRequests: value.flag.exactOptional(),
  deriveErrorCode: value.flag.exactOptional(),
  eventSource: z.string().exactOptional(),
  redactKeys: z.string().exactOptional(),
  logLevel: z.string().exactOptional(),
} satisfies Record<keyof ForwarderTuning, z.ZodType>;

const contextSchema = z.object({
  kongAdminApi: z.string({ error: 'is required: the URL of the Admin API, such as https://kong.internal:8444' }),
  kongSuperadmin: value.flag.exactOptional(),
  kongAdminTokenSecretArn: value.secretArn.exactOptional(),
  secretKmsKeyArn: value
    .matching(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/\S+$/, 'the ARN of a KMS key')
    .exactOptional(),
  kongRootCa: value.pemFile.exactOptional(),
  kongSecurityGroupId: value.securityGroupId.exactOptional(),
  kongCidr: value.cidrv4.exactOptional(),
  vpcId: value.vpcId,
  subnetIds: value.subnetIds.exactOptional(),
  availabilityZones: value.commaList.exactOptional(),
  vpcCidr: value.cidrv4.exactOptional(),
  channelArn: z.string().exactOptional(),
  createChannel: value.flag.default(false),
  retentionDays: value.wholeNumber.exactOptional(),
  externalId: z.string().exactOptional(),
  schedule: value.watchedSchedule.prefault('rate(1 hour)'),
  sweepSchedule: value.schedule.exactOptional(),
  redis: value
    .matching(/^(create|.+:\d+)$/, 'create, or host:port of an existing Redis such as redis.internal:6379')
    .default('create'),
  redisSecurityGroupId: value.securityGroupId.exactOptional(),
  redisPasswordSecretArn: value.secretArn.exactOptional(),
  redisUsername: z.string().exactOptional(),
  redisDb: value.wholeNumber.exactOptional(),
  redisTls: value.flag.exactOptional(),
  cacheNodeType: value.matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, 'a node type such as cache.t4g.micro').exactOptional(),
  cacheEngine: value.oneOf(['valkey', 'redis']).exactOptional(),
  alarmEmail: z
    .email({ error: (issue) => `must be an e-mail address, got ${JSON.stringify(issue.input)}` })
    .exactOptional(),
  alarmTopicArn: value
    .matching(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:\S+$/, 'the ARN of an SNS topic')
    .exactOptional(),
  resourceName: value.resourceName.default('kong-cloudtrail-integration'),
  sourceName: z.string().default('kong'),
  tracing: value.flag.default(false),
  tags: value.tags.prefault('project=kong-cloudtrail-integration'),
  ...tuning,
});

/** The deployment that the context asks for, defaults filled in and every value checked. */
export type DeploymentConfig = z.infer<typeof contextSchema>;

/** Every context key of this app. */
export const CONTEXT_KEYS: readonly string[] = Object.keys(contextSchema.shape);

/** The context is not a usable deployment. `problems` has one line per key. */
export class ContextError extends Error {
  override readonly name = 'ContextError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The context has ${problems.length} problem(s):\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** With all of these nothing is looked up. */
const LOOKED_UP = ['subnetIds', 'availabilityZones', 'vpcCidr'] as const;

const NO_LOOKUP =
  "vpcId cannot be looked up: that needs credentials of the VPC's account and its Region (such as AWS_PROFILE and AWS_REGION); " +
  'or give subnetIds, availabilityZones and vpcCidr, and nothing is looked up';

/** What the CDK CLI writes into `cdk.json` by itself and that has neither `:` nor `/` in its name. */
const KEYS_OF_CDK: readonly string[] = ['acknowledged-issue-numbers', 'cli-telemetry', 'cdk-migrate'];

export interface ReadConfigOptions {
  /**
   * Whether account and Region are known, without which nothing can be looked up.
   *
   * @default true
   */
  readonly canLookUp?: boolean;
}

/**
 * Reads the app's context. Keys that CDK itself keeps there (most have a `:` or a `/` in them) are left alone; an empty value
 * counts as not given.
 *
 * @throws {ContextError} names everything that is wrong, missing or unknown, at once
 */
export function readConfig(
  context: Readonly<Record<string, unknown>>,
  { canLookUp = true }: ReadConfigOptions = {},
): DeploymentConfig {
  const entries = Object.entries(context)
    .filter(([key]) => !/[:/]/.test(key) && !KEYS_OF_CDK.includes(key))
    .flatMap(([key, item]) => {
      const text = value.toText(item);
      return text === undefined ? [] : [[key, text] as const];
    });
  const texts = Object.fromEntries(entries);
  const parsed = contextSchema.safeParse(texts);
  const values = parsed.data ?? usable(texts, parsed.error);
  const problems = [
    ...Object.keys(texts)
      .filter((key) => !CONTEXT_KEYS.includes(key))
      .map(unknownKey),
    ...(parsed.error?.issues.map((issue) => `${issue.path[0]?.toString() ?? ''} ${issue.message}`) ?? []),
  ];
  const known = new Set(problems.map((problem) => problem.split(' ')[0]));
  problems.push(...functionProblems(texts, values.kongRootCa).filter((problem) => !known.has(problem.split(' ')[0])));
  problems.push(...contradictions(texts), ...limits(values));
  if (!canLookUp && LOOKED_UP.some((key) => texts[key] === undefined)) problems.push(NO_LOOKUP);
  if (!parsed.success || problems.length > 0) throw new ContextError(problems);
  return parsed.data;
}

/** What can be read of a context that has problems, so that what else is wrong with it is told, too. */
function usable(texts: Readonly<Record<string, string>>, { issues }: z.ZodError): Partial<DeploymentConfig> {
  const bad = new Set(issues.map(({ path }) => path[0]));
  const withoutBad = (entries: object) => Object.fromEntries(Object.entries(entries).filter(([key]) => !bad.has(key)));
  // Without them in what comes out, too: their defaults are not what was asked for.
  return withoutBad(contextSchema.partial().safeParse(withoutBad(texts)).data ?? {});
}

function unknownKey(key: string): string {
  return `${key} is not a key of this app; did you mean ${nearest(key, CONTEXT_KEYS)}?`;
}

/** What the function would refuse at its first run, in the words of the context. */
function functionProblems(texts: Readonly<Record<string, string>>, kongRootCa: string | undefined): string[] {
  const existing = texts['redis'] !== undefined && texts['redis'] !== 'create';
  const environment = toEnvironment({
    ...Object.fromEntries(['kongAdminApi', 'externalId', 'sourceName', ...TUNING_KEYS].map((key) => [key, texts[key]])),
    kongRootCa,
    channelArn: texts['channelArn'] ?? STAND_INS.channelArn,
    kongAdminTokenSecretArn: STAND_INS.secretArn,
    redisPasswordSecretArn: STAND_INS.secretArn,
    redisHost: existing ? texts['redis'] : STAND_INS.redisHost,
    redisDb: texts['redisDb'],
    redisUsername: texts['redisUsername'],
  });
  const keys = new Map([
    ...CONTEXT_KEYS.map((key) => [toVariableName(key), key] as const),
    ['REDIS_HOST', 'redis'],
    ['REDIS_PASSWORD', 'redisPasswordSecretArn'],
    ['KONG_ADMIN_TOKEN', 'kongAdminTokenSecretArn'],
  ]);
  return environmentProblems(environment).map((problem) =>
    problem.replaceAll(/\b[A-Z]+(_[A-Z]+)+\b/g, (name) => keys.get(name) ?? name),
  );
}
