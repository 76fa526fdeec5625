import type { BindingOutput } from './constructs/binding.ts';
import { invokeCommand, opsCommand } from './constructs/commands.ts';
import { KongAuditCache } from './constructs/kong-audit-cache.ts';
import type { KongAuditForwarder } from './constructs/kong-audit-forwarder.ts';

/** A day to begin with, in the shape that the command takes. */
const DAY = { after: '2026-11-01T00:00:00Z', before: '2026-11-02T00:00:00Z' };

/** What whoever deployed `forwarder` into `region` wants to know, with commands to paste. */
export function outputsOf(forwarder: KongAuditForwarder, region: string): BindingOutput[] {
  const { resourceName: name, cache } = forwarder;
  const outputs: readonly (readonly [id: string, description: string, value: string | undefined])[] = [
    ['FunctionName', 'The function', name],
    ['OpsCheckCommand', 'Says whether everything is there, and what to do if not', opsCommand(name, 'check')],
    ['OpsStatusCommand', 'Says how far it is, and what is left', opsCommand(name, 'status')],
    [
      'OpsBackfillCommand',
      'Reads a stretch of time again, with your own times, and shows how far it is',
      opsCommand(name, 'backfill 2026-11-01 2026-11-02 --watch'),
    ],
    ['CheckCommand', 'check, where this repository is not at hand', invokeCommand(name, { mode: 'check' })],
    ['RunCommand', 'A scheduled run, now', invokeCommand(name, {})],
    [
      'BackfillCommand',
      'A backfill, where this repository is not at hand',
      invokeCommand(name, { mode: 'backfill', ...DAY }),
    ],
    [
      'DashboardUrl',
      'The dashboard',
      `https://${region}.${consoleOf(region)}/cloudwatch/home?region=${region}#dashboards/dashboard/${forwarder.dashboard.dashboardName}`,
    ],
    ['CacheEndpoint', 'The ledger, host:port', cache.redisHost],
    ['CachePasswordSecretArn', 'The secret with its password', cache.password?.secretArn],
    [
      'FunctionSecurityGroupId',
      'Allow it where the source, or an existing Redis, is',
      forwarder.securityGroup.securityGroupId,
    ],
    [
      'CacheSecurityGroupId',
      'The security group of the ledger',
      cache instanceof KongAuditCache ? cache.securityGroup.securityGroupId : undefined,
    ],
  ];
  return [
    ...outputs.flatMap(([id, description, value]) => (value === undefined ? [] : [{ id, description, value }])),
    ...forwarder.outputs,
  ];
}

/** The domain of the management console in the Region's partition. */
function consoleOf(region: string): string {
  if (region.startsWith('cn-')) return 'console.amazonaws.cn';
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : 'console.aws.amazon.com';
}
