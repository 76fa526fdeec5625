import { Stack } from 'aws-cdk-lib';
import type { KongAuditForwarder } from './kong-audit-forwarder.ts';

/**
 * Refuses what `forwarder` may not have in common with one of `others`. Two with one name fail half-way through a deployment. Two with one source in a
 * cache would each skip what the other forwarded, and in an account and Region the alarms of each would watch the metrics of both.
 */
export function refuseTwins(forwarder: KongAuditForwarder, others: readonly KongAuditForwarder[]) {
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
