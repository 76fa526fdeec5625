import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { QUERIES } from '../../infra/queries.ts';
import {
  alarmNamesOf,
  CLUSTER_LOG_ARN,
  DEPLOYMENTS,
  egressOf,
  environmentOf,
  FUNCTION_GROUP,
  KMS_KEY_ARN,
  LOG_GROUP_ARN,
  only,
  outputsOf,
  statementsOf,
  templateOf,
} from './support.ts';

/** To a log group that is made, to one that is given, and from one to another; see `DEPLOYMENTS`. */
let logs: Template, givenLogs: Template, cluster: Template;
beforeAll(() => {
  logs = templateOf('logs');
  givenLogs = templateOf('givenLogs');
  cluster = templateOf('cluster');
});

/** The log group that takes the events, not the function's own. */
function auditGroup(template: Template) {
  const [found, ...others] = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(([id]) =>
    id.startsWith('AuditLog'),
  );
  if (!found || others.length > 0) throw new Error('Expected one log group for the events');
  const [logicalId, resource] = found;
  return { logicalId, resource };
}

/** What the function may do with CloudWatch Logs, its own log left out. */
const loggingOf = (template: Template) =>
  statementsOf(template).filter(
    ({ Action, Resource }) =>
      JSON.stringify(Action).includes('logs:') && !JSON.stringify(Resource).includes('ForwarderLog'),
  );

const WRITE_AND_READ = ['logs:CreateLogStream', 'logs:FilterLogEvents', 'logs:PutLogEvents'];

describe('a log group for the events', () => {
  test('is of the standard class, kept for ten years, and survives the stack', () => {
    const { resource } = auditGroup(logs);
    expect(resource).toMatchObject({
      Properties: {
        LogGroupName: '/kong-audit/kong-cloudtrail-integration',
        LogGroupClass: 'STANDARD',
        RetentionInDays: 3653,
        DeletionProtectionEnabled: true,
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    expect(resource['Properties']).not.toHaveProperty('KmsKeyId');
  });

  test('says what its data are, beside the tags of everything', () => {
    expect(auditGroup(logs).resource).toMatchObject({
      Properties: {
        Tags: [
          { Key: 'cw:datasource:name', Value: 'kong' },
          { Key: 'cw:datasource:type', Value: 'audit' },
          { Key: 'project', Value: 'kong-cloudtrail-integration' },
        ],
      },
    });
  });

  test('can be kept for another time, and be encrypted with a given key', () => {
    expect(auditGroup(cluster).resource).toMatchObject({
      Properties: { RetentionInDays: 400, KmsKeyId: KMS_KEY_ARN },
    });
  });

  test('is where the function writes, and the function is told no channel', () => {
    const arn = { 'Fn::GetAtt': [auditGroup(logs).logicalId, 'Arn'] };
    expect(environmentOf(logs)).toMatchObject({ LOG_GROUP_ARN: arn });
    expect(environmentOf(logs)).not.toHaveProperty('CHANNEL_ARN');
    expect(loggingOf(logs)).toEqual([{ Effect: 'Allow', Action: WRITE_AND_READ, Resource: arn }]);
    expect(outputsOf(logs)).toMatchObject({ LogGroupName: { Ref: auditGroup(logs).logicalId }, LogGroupArn: arn });
    logs.resourceCountIs('AWS::CloudTrail::Channel', 0);
  });

  test('can be one that is there already, which is left as it is', () => {
    expect(only(givenLogs, 'AWS::Logs::LogGroup').properties).toMatchObject({
      LogGroupName: '/aws/lambda/kong-cloudtrail-integration',
    });
    expect(environmentOf(givenLogs)).toMatchObject({ LOG_GROUP_ARN });
    expect(loggingOf(givenLogs)).toEqual([{ Effect: 'Allow', Action: WRITE_AND_READ, Resource: `${LOG_GROUP_ARN}:*` }]);
    givenLogs.resourceCountIs('AWS::Logs::QueryDefinition', 0);
  });

  test('comes with saved queries that name no placeholder', () => {
    const saved = Object.values(logs.findResources('AWS::Logs::QueryDefinition')).map(
      ({ Properties }) => Properties as { Name: string; QueryString: string; LogGroupNames: unknown },
    );
    expect(saved.map(({ Name }) => Name).sort()).toEqual(
      QUERIES.map(({ name }) => `kong-cloudtrail-integration/${name}`).sort(),
    );
    for (const { QueryString, LogGroupNames } of saved) {
      expect(QueryString).not.toMatch(/\$[A-Z]/);
      expect(LogGroupNames).toEqual([{ Ref: auditGroup(logs).logicalId }]);
    }
  });

  test('is verified every day, for it can be read', () => {
    logs.hasResourceProperties('AWS::Scheduler::Schedule', { Target: { Input: '{"mode":"verify"}' } });
    expect(alarmNamesOf(givenLogs)).toContain('entries-missing');
  });

  test('is what descriptions name', () => {
    logs.hasResourceProperties('AWS::Lambda::Function', {
      Description: "Forwards Kong's audit log to CloudWatch Logs",
    });
    expect(JSON.stringify(logs.findResources('AWS::CloudWatch::Alarm'))).not.toContain('CloudTrail');
  });
});

describe('endpoints=create', () => {
  const ENDPOINT_GROUP = { 'Fn::GetAtt': [Match.stringLikeRegexp('^EndpointsSecurityGroup'), 'GroupId'] };
  const serviceNames = (template: Template) =>
    Object.values(template.findResources('AWS::EC2::VPCEndpoint')).map(({ Properties }) =>
      JSON.stringify((Properties as { ServiceName: unknown }).ServiceName).replace(/.*\.(\w+)".*/, '$1'),
    );

  test("makes interface endpoints for Logs and Secrets Manager in the function's subnets, with private DNS", () => {
    expect(serviceNames(logs).sort()).toEqual(['logs', 'secretsmanager']);
    logs.allResourcesProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0a1b2c3d4e5f60719'],
      SecurityGroupIds: [ENDPOINT_GROUP],
    });
  });

  test('leaves no way out but to the endpoints, to Kong and to the cache', () => {
    expect(egressOf(logs)).toEqual([expect.objectContaining({ Description: 'Admin API of Kong' })]);
    const others = Object.values(logs.findResources('AWS::EC2::SecurityGroupEgress')).map(
      ({ Properties }) => Properties as Record<string, unknown>,
    );
    expect(others.map(({ FromPort }) => FromPort).sort()).toEqual([443, 6380]);
    logs.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: FUNCTION_GROUP,
      DestinationSecurityGroupId: ENDPOINT_GROUP,
      FromPort: 443,
      ToPort: 443,
    });
    expect(JSON.stringify(logs.toJSON())).not.toContain('0.0.0.0/0');
  });

  test('lets the whole VPC in, whose every call goes to the endpoints now', () => {
    logs.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: Match.stringLikeRegexp('^Interface endpoints'),
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.0.0.0/16', FromPort: 443, ToPort: 443 })],
    });
    logs.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: ENDPOINT_GROUP,
      SourceSecurityGroupId: FUNCTION_GROUP,
      FromPort: 443,
    });
  });

  test('is not the default: without it the way to AWS is open', () => {
    givenLogs.resourceCountIs('AWS::EC2::VPCEndpoint', 0);
    expect(egressOf(givenLogs)).toContainEqual(
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, Description: 'CloudWatch Logs, Secrets Manager' }),
    );
  });
});

describe('a log group as source', () => {
  test('is told to the function, with what is selected there', () => {
    expect(environmentOf(cluster)).toMatchObject({
      SOURCE_LOG_GROUP_ARN: CLUSTER_LOG_ARN,
      SOURCE_FORMAT: 'kubernetes-audit',
      SOURCE_STREAM_PREFIX: DEPLOYMENTS.cluster.sourceStreamPrefix,
      AUDIT_RESOURCES: DEPLOYMENTS.cluster.auditResources,
      AUDIT_VERBS: DEPLOYMENTS.cluster.auditVerbs,
    });
    expect(Object.keys(environmentOf(cluster)).filter((name) => name.startsWith('KONG_'))).toEqual([]);
  });

  test('may be read, and nothing else may be read there', () => {
    expect(loggingOf(cluster)).toEqual([
      { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: `${CLUSTER_LOG_ARN}:*` },
      { Effect: 'Allow', Action: WRITE_AND_READ, Resource: { 'Fn::GetAtt': [auditGroup(cluster).logicalId, 'Arn'] } },
    ]);
  });

  test('wants no token and no way to Kong', () => {
    expect(egressOf(cluster)).toEqual([
      expect.objectContaining({ FromPort: 443, Description: 'CloudWatch Logs, Secrets Manager' }),
    ]);
    const secrets = Object.keys(cluster.findResources('AWS::SecretsManager::Secret'));
    expect(secrets).toEqual([expect.stringMatching(/^CachePassword/)]);
    cluster.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: 'kong-cloudtrail-integration: out to the ledger and HTTPS; nothing in',
    });
    expect(alarmNamesOf(cluster)).not.toContain('anonymous-writes');
  });

  test('is saved the queries for a cluster, and of the others only those that ask for nothing of Kong', () => {
    const names = Object.values(cluster.findResources('AWS::Logs::QueryDefinition')).map(
      ({ Properties }) => (Properties as { Name: string }).Name.split('/')[1],
    );
    expect(names.sort()).toEqual([
      ...['changes-by-people', 'denied-attempts', 'duplicates', 'events-per-hour', 'ingress-changes', 'user-activity'],
    ]);
  });

  test('is what descriptions name', () => {
    cluster.hasResourceProperties('AWS::Lambda::Function', {
      Description: "Forwards a Kubernetes cluster's audit log to CloudWatch Logs",
    });
    expect(JSON.stringify(cluster.findResources('AWS::CloudWatch::Alarm'))).not.toMatch(/Kong purges|audit\/requests/);
  });
});
