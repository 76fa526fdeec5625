import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { LedgerCache } from './ledger-cache.ts';

export interface ExistingCacheProps {
  /** Its host name; with `port`, the endpoint that takes writes. */
  readonly host: string;

  /** Its port. */
  readonly port: number;

  /**
   * The security group it is in; forwarders are added to its ingress.
   *
   * @default - egress goes to `peer`, and no ingress rule is made
   */
  readonly securityGroup?: ec2.ISecurityGroup;

  /** Where it is when its security group is not given, such as the VPC's CIDR. */
  readonly peer: ec2.IPeer;

  /**
   * Whether it speaks TLS.
   *
   * @default true
   */
  readonly tls?: boolean;

  /**
   * Holds its password.
   *
   * @default - no password
   */
  readonly password?: secretsmanager.ISecret;

  /**
   * User of the password.
   *
   * @default - Redis' default user
   */
  readonly username?: string;

  /**
   * Number of the database.
   *
   * @default 0
   */
  readonly db?: number;
}

/** A Redis that is there already. It should have `maxmemory-policy noeviction`; nothing here changes or watches it. */
export function existingCache(props: ExistingCacheProps): LedgerCache {
  const { host, port, securityGroup, peer, tls = true, ...login } = props;
  const defaultPort = ec2.Port.tcp(port);
  return {
    redisHost: `${host}:${port}`,
    tls,
    ...login,
    connections: new ec2.Connections(
      securityGroup ? { securityGroups: [securityGroup], defaultPort } : { peer, defaultPort },
    ),
  };
}
