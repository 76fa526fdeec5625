import type { DeploymentConfig } from './read-context.ts';
import { flag } from './values.ts';

/** A rule that is broken, and the problem to tell then. */
type Rule = readonly [broken: boolean | undefined, problem: string];

/** Keys that do not go together or lack another, and keys that would be ignored. */
export function contradictions(given: Readonly<Record<string, string>>): string[] {
  const has = (key: string) => given[key] !== undefined;
  /** Undefined for what cannot be read: that is a problem of its own, and no others follow from it. */
  const flagOf = (key: string) => flag.safeParse(given[key] ?? 'false').data;
  const useless = (applies: boolean, keys: readonly string[], why: string): Rule[] =>
    keys.map((key) => [applies && has(key), `${key} ${why}`]);
  const existingRedis = has('redis') && given['redis'] !== 'create';
  const createChannel = flagOf('createChannel');

  return problemsOf([
    [
      !has('channelArn') && createChannel === false,
      'channelArn is required: the ARN of a CloudTrail Lake channel; or createChannel=true makes one',
    ],
    [has('channelArn') && createChannel, 'channelArn and createChannel are both given; keep one of them'],
    ...useless(
      createChannel === true,
      ['externalId'],
      'belongs to the policy of an existing channel; createChannel makes none',
    ),
    ...useless(createChannel === false, ['retentionDays'], 'is used only with createChannel=true'),
    [
      has('kongSecurityGroupId') && has('kongCidr'),
      'kongSecurityGroupId and kongCidr are both given; keep one of them',
    ],
    [
      has('kongAdminTokenSecretArn') && has('kongSuperadmin') && flagOf('kongSuperadmin') === false,
      'kongSuperadmin is false, so kongAdminTokenSecretArn would not be used; remove one of them',
    ],
    [
      has('kongRootCa') && !!given['kongAdminApi']?.startsWith('http:'),
      'kongRootCa is of no use: kongAdminApi is http',
    ],
    [
      (has('availabilityZones') || has('vpcCidr')) && !['subnetIds', 'availabilityZones', 'vpcCidr'].every(has),
      'availabilityZones and vpcCidr are used only together with subnetIds; give all three, only subnetIds, or none',
    ],
    ...useless(existingRedis, ['cacheNodeType', 'cacheEngine'], 'is used only with redis=create'),
    ...useless(
      !existingRedis,
      ['redisSecurityGroupId', 'redisPasswordSecretArn', 'redisUsername', 'redisTls'],
      'is used only with redis=host:port',
    ),
    ...useless(
      !has('kongAdminTokenSecretArn') && !has('redisPasswordSecretArn'),
      ['secretKmsKeyArn'],
      'is used only with kongAdminTokenSecretArn or redisPasswordSecretArn',
    ),
  ]);
}

/** Values that each are fine, and are not here; a value that is not fine is left out of `config`. */
export function limits(config: Partial<DeploymentConfig>): string[] {
  const { subnetIds, availabilityZones, retentionDays = 366 } = config;
  return problemsOf([
    [
      subnetIds && availabilityZones && new Set(availabilityZones).size !== subnetIds.length,
      'availabilityZones must name the zone of each of subnetIds, in the same order, each zone once',
    ],
    [
      config.redis === 'create' && subnetIds?.length === 1,
      'subnetIds must name subnets in at least two zones: the cache has a primary and a replica',
    ],
    [
      config.redis === 'create' && (config.redisDb ?? 0) > 15,
      `redisDb must be from 0 to 15 in a cache that redis=create makes, got ${config.redisDb ?? ''}`,
    ],
    [retentionDays < 7 || retentionDays > 3653, `retentionDays must be from 7 to 3653, got ${retentionDays}`],
  ]);
}

function problemsOf(rules: readonly Rule[]): string[] {
  return rules.filter(([broken]) => broken).map(([, problem]) => problem);
}
