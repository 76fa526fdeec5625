import { z } from 'zod';
import { CACHE_NODE_TYPES } from './cache-node-types.ts';
import { type Given, has, problemsOf, useless } from './given.ts';
import * as value from './values.ts';

/** Keys of the Redis that keeps the ledger. */
export const ledgerKeys = {
  redis: value.redis.default('create'),
  redisSecurityGroupId: value.securityGroupId.exactOptional(),
  redisPasswordSecretArn: value.secretArn.exactOptional(),
  redisUsername: z.string().exactOptional(),
  redisDb: value.wholeNumber.exactOptional(),
  redisTls: value.flag.exactOptional(),
  cacheNodeType: value
    .matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, 'a node type such as cache.t4g.micro')
    .pipe(
      z.string().refine((type) => CACHE_NODE_TYPES.includes(type), {
        error: (issue) =>
          `must be a node type that ElastiCache has for Valkey and Redis OSS: ${nodeTypeHint(issue.input)}`,
      }),
    )
    .exactOptional(),
  cacheEngine: value.oneOf(['valkey', 'redis']).exactOptional(),
};

export function ledgerProblems(given: Given): string[] {
  const { redis, redisDb = 0, subnetIds } = given.values;
  const existing = has(given, 'redis') && given.texts['redis'] !== 'create';
  return problemsOf([
    ...useless(given, existing, ['cacheNodeType', 'cacheEngine'], 'is used only with redis=create'),
    ...useless(
      given,
      !existing,
      ['redisSecurityGroupId', 'redisPasswordSecretArn', 'redisUsername', 'redisTls'],
      'is used only with redis=host:port',
    ),
    [
      redis === 'create' && subnetIds?.length === 1,
      'subnetIds must name subnets in at least two zones: the cache has a primary and a replica',
    ],
    [
      redis === 'create' && redisDb > 15,
      `redisDb must be from 0 to 15 in a cache that redis=create makes, got ${redisDb}`,
    ],
  ]);
}

/** The sizes of the family that was asked for, or the families. */
function nodeTypeHint(asked: unknown): string {
  const [, family = ''] = String(asked).split('.');
  const sizes = CACHE_NODE_TYPES.filter((type) => type.startsWith(`cache.${family}.`));
  const families = new Set(CACHE_NODE_TYPES.map((type) => type.split('.', 2).join('.')));
  const known = sizes.length > 0 ? sizes.join(', ') : `of ${[...families].join(', ')}`;
  return `${known}; got ${JSON.stringify(asked)}`;
}
