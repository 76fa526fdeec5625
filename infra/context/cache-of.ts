import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { existingCache } from '../constructs/existing-cache.ts';
import { given } from '../constructs/given.ts';
import { KongAuditCache } from '../constructs/kong-audit-cache.ts';
import type { LedgerCache } from '../constructs/ledger-cache.ts';
import type { Network } from './network-of.ts';
import type { DeploymentConfig } from './schema.ts';
import { secretOf } from './secret-of.ts';
import { securityGroupOf } from './security-group-of.ts';

/** The Redis that `config` asks for, made or given. */
export function cacheOf(
  scope: Construct,
  config: DeploymentConfig,
  { vpc, vpcSubnets }: Network,
  alarmTopics: readonly sns.ITopic[],
): LedgerCache {
  if (config.redis === 'create')
    return new KongAuditCache(scope, 'Cache', {
      vpc,
      vpcSubnets,
      name: config.resourceName,
      alarmTopics,
      ...given({ nodeType: config.cacheNodeType, engine: config.cacheEngine, db: config.redisDb }),
    });
  return existingCache({
    ...hostAndPort(config.redis),
    peer: ec2.Peer.ipv4(vpc.vpcCidrBlock),
    ...given({
      securityGroup: securityGroupOf(scope, 'RedisSecurityGroup', config.redisSecurityGroupId),
      password: secretOf(scope, 'RedisPassword', config, config.redisPasswordSecretArn),
      username: config.redisUsername,
      db: config.redisDb,
      tls: config.redisTls,
    }),
  });
}

function hostAndPort(redis: string): { readonly host: string; readonly port: number } {
  const colon = redis.lastIndexOf(':');
  return { host: redis.slice(0, colon), port: Number(redis.slice(colon + 1)) };
}
