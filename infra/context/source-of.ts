import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { given } from '../constructs/given.ts';
import { KongSource } from '../constructs/kong-source.ts';
import { LogGroupSource } from '../constructs/log-group-source.ts';
import type { Source } from '../constructs/source.ts';
import type { DeploymentConfig } from './schema.ts';
import { secretOf } from './secret-of.ts';
import { securityGroupOf } from './security-group-of.ts';

/** The source that `config` asks for. */
export function sourceOf(scope: Construct, config: DeploymentConfig): Source {
  const { kongAdminApi, sourceLogGroupArn, sourceFormat } = config;
  if (sourceLogGroupArn !== undefined && sourceFormat !== undefined)
    return new LogGroupSource({
      logGroup: logs.LogGroup.fromLogGroupArn(scope, 'SourceLogGroup', sourceLogGroupArn),
      format: sourceFormat,
      ...given({
        streamPrefix: config.sourceStreamPrefix,
        resources: config.auditResources,
        verbs: config.auditVerbs,
      }),
    });
  if (kongAdminApi === undefined) throw new Error('The context has no source, which its rules should have told');
  const group = securityGroupOf(scope, 'KongSecurityGroup', config.kongSecurityGroupId);
  return new KongSource({
    adminApi: kongAdminApi,
    ...given({
      peer: group ?? (config.kongCidr === undefined ? undefined : ec2.Peer.ipv4(config.kongCidr)),
      superadmin: config.kongSuperadmin,
      token: secretOf(scope, 'KongAdminToken', config, config.kongAdminTokenSecretArn),
      rootCa: config.kongRootCa,
      pageSize: config.kongPageSize,
      scan: config.kongScan,
      forwardOwnRequests: config.forwardOwnRequests,
    }),
  });
}
