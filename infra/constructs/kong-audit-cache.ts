import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { AlarmOptions } from './alarm.ts';
import { fullestNode, watchCacheMemory } from './cache-memory.ts';
import type { LedgerCache } from './ledger-cache.ts';

/** The engines that ElastiCache has for the ledger. */
export type CacheEngine = 'valkey' | 'redis';

export interface KongAuditCacheProps extends AlarmOptions {
  /** Where the cache, and the forwarders that use it, are. */
  readonly vpc: ec2.IVpc;

  /**
   * At least two subnets, in different zones.
   *
   * @default - the VPC's private subnets with egress
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Size of each of the two nodes. An entry takes about 213 bytes, so a `cache.t4g.micro` remembers some
   * 1.5 million before its memory alarm.
   *
   * @default 'cache.t4g.micro'
   */
  readonly nodeType?: string;

  /**
   * Valkey costs a fifth less than Redis OSS for the same nodes.
   *
   * @default 'valkey'
   */
  readonly engine?: CacheEngine;

  /**
   * Number of the database, 0 to 15.
   *
   * @default 0
   */
  readonly db?: number;
}

const ENGINES = {
  valkey: { version: '8.1', family: 'valkey8' },
  redis: { version: '7.1', family: 'redis7' },
} as const satisfies Record<CacheEngine, object>;

/** Not Redis' own 6379, which scanners try first: 6380 is what Redis over TLS commonly has. */
const PORT = 6380;

/**
 * An ElastiCache replication group for the ledger: a primary and a replica in two zones, with TLS, a password and
 * encryption at rest. Nothing may connect until a forwarder is given this cache.
 *
 * It is deleted with a final snapshot: entries in quarantine are nowhere else once Kong has purged them.
 */
export class KongAuditCache extends Construct implements LedgerCache {
  readonly redisHost: string;
  readonly tls = true;
  readonly db?: number;
  readonly password: secretsmanager.ISecret;
  readonly connections: ec2.Connections;
  readonly memoryUsage: cloudwatch.IMetric;
  readonly memoryAlarm: cloudwatch.IAlarm;
  readonly securityGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, props: KongAuditCacheProps) {
    super(scope, id);
    const engine = props.engine ?? 'valkey';
    if (props.db !== undefined) this.db = props.db;
    const { subnetIds, availabilityZones, isPendingLookup } = props.vpc.selectSubnets(
      props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    );
    const zones = new Set(availabilityZones);
    if (zones.size < 2 && !isPendingLookup)
      throw new Error(
        `vpcSubnets must be in at least two zones, got ${[...zones].join(', ')}: the cache has a primary and a replica`,
      );

    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Ledger of the Kong audit forwarder: only the forwarders may connect',
      allowAllOutbound: false,
    });
    this.connections = new ec2.Connections({ securityGroups: [this.securityGroup], defaultPort: ec2.Port.tcp(PORT) });

    const password = new secretsmanager.Secret(this, 'Password', {
      description: "Password (AUTH token) of the Kong audit forwarder's ledger",
      // ElastiCache takes 16 to 128 characters, and few that are neither letters nor digits.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.password = password as secretsmanager.ISecret; // CDK's own types are not exact about optional properties
    Validations.of(password).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'ElastiCache changes an AUTH token only through ModifyReplicationGroup, so Secrets Manager has nothing to rotate it with. ' +
        "The token opens a port that only the forwarders' security groups reach.",
    });

    const group = new elasticache.CfnReplicationGroup(this, 'ReplicationGroup', {
      replicationGroupDescription: 'Ledger of the Kong audit forwarder',
      engine,
      engineVersion: ENGINES[engine].version,
      cacheNodeType: props.nodeType ?? 'cache.t4g.micro',
      numCacheClusters: 2,
      multiAzEnabled: true,
      automaticFailoverEnabled: true,
      clusterMode: 'disabled',
      port: PORT,
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      atRestEncryptionEnabled: true,
      // A reference that CloudFormation resolves; the template holds no password.
      authToken: password.secretValue.unsafeUnwrap(),
      cacheSubnetGroupName: new elasticache.CfnSubnetGroup(this, 'Subnets', {
        description: "Subnets of the Kong audit forwarder's ledger",
        subnetIds,
      }).ref,
      cacheParameterGroupName: new elasticache.CfnParameterGroup(this, 'Parameters', {
        description: 'Ledger of the Kong audit forwarder: keys are never evicted',
        cacheParameterGroupFamily: ENGINES[engine].family,
        // An evicted key means an event sent twice. A full cache must fail the run, not lose what it knows.
        properties: { 'maxmemory-policy': 'noeviction' },
      }).ref,
      securityGroupIds: [this.securityGroup.securityGroupId],
      // Losing both nodes costs duplicates; one snapshot a day is free of charge.
      snapshotRetentionLimit: 1,
      autoMinorVersionUpgrade: true,
    });
    group.applyRemovalPolicy(RemovalPolicy.SNAPSHOT);

    this.redisHost = `${group.attrPrimaryEndPointAddress}:${group.attrPrimaryEndPointPort}`;
    this.memoryUsage = fullestNode(group.ref);
    this.memoryAlarm = watchCacheMemory(this, this.memoryUsage, props);
  }
}
