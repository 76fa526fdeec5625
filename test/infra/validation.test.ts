import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, test, vi } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { CONTEXT_KEYS } from '../../infra/context/read-context.ts';
import { type Context, KONG_TOKEN_ARN, MINIMAL, placeholderCode, REDIS_PASSWORD_ARN, scratch } from './support.ts';

// As in a real synthesis; other tests leave the check against CloudFormation's schemas out (vitest.config.ts).
vi.stubEnv('CDK_VALIDATION', undefined);

const { context: EXAMPLE } = JSON.parse(readFileSync('infra/example/cdk.json', 'utf8')) as { context: Context };

/** As a user's directory would have it, but run from the root of the repository. */
const COMPLETE = { ...EXAMPLE, kongRootCa: 'infra/example/kong-root-ca.pem' };

const DEPLOYMENTS: Readonly<Record<string, Context>> = {
  'the minimum': MINIMAL,
  'the complete example': COMPLETE,
  'an existing Redis and given secrets': {
    ...MINIMAL,
    redis: 'redis.internal:6379',
    redisPasswordSecretArn: REDIS_PASSWORD_ARN,
    redisSecurityGroupId: 'sg-0a1b2c3d',
    kongAdminTokenSecretArn: KONG_TOKEN_ARN,
    secretKmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef',
    alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:alarms',
  },
  'an existing Redis somewhere in the VPC and Kong outside it': {
    ...MINIMAL,
    redis: 'redis.internal:6379',
    redisTls: false,
    kongCidr: '10.9.0.0/24',
  },
  'the longest name': { ...COMPLETE, resourceName: 'k'.repeat(50) },
};

/** What EC2 takes in descriptions of security groups and their rules (EC2, CreateSecurityGroup and IpRange). */
const EC2_DESCRIPTION = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

interface Rule {
  readonly Description?: unknown;
}

/** Every description of a security group or of one of its rules, wherever the template has it. */
function securityGroupDescriptions(template: Template): unknown[] {
  const propertiesOf = <Properties>(type: string) =>
    Object.values(template.findResources(type)).map(({ Properties }) => Properties as Properties);
  const groups = propertiesOf<{
    readonly GroupDescription: unknown;
    readonly SecurityGroupIngress?: readonly Rule[];
    readonly SecurityGroupEgress?: readonly Rule[];
  }>('AWS::EC2::SecurityGroup');
  const rules = [
    ...groups.flatMap(({ SecurityGroupIngress = [], SecurityGroupEgress = [] }) => [
      ...SecurityGroupIngress,
      ...SecurityGroupEgress,
    ]),
    ...propertiesOf<Rule>('AWS::EC2::SecurityGroupIngress'),
    ...propertiesOf<Rule>('AWS::EC2::SecurityGroupEgress'),
  ];
  return [
    ...groups.map(({ GroupDescription }) => GroupDescription),
    ...rules.flatMap(({ Description }) => (Description === undefined ? [] : [Description])),
  ];
}

const appOf = (context: Context, outdir = scratch('cdk.out')) =>
  createApp({ context, code: placeholderCode(), outdir });

/** Every acknowledgement in the code, as `path rule`, with its reason. */
function acknowledgements(root: IConstruct): Map<string, string> {
  return new Map(
    root.node
      .findAll()
      .flatMap(({ node }) =>
        node.metadata
          .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
          .flatMap(({ data }) =>
            Object.entries(data as Record<string, unknown>).map(
              ([id, reason]) =>
                [`${shorten(node.path)} ${id.replace(/^annotation::/i, '')}`, JSON.stringify(reason)] as const,
            ),
          ),
      ),
  );
}

/** What cdk-nag finds when nothing is acknowledged, as `path rule`. */
function findings(root: IConstruct): string[] {
  const checks = new AwsSolutionsChecks(root);
  Object.defineProperty(checks, 'isAcknowledged', { value: () => false });
  return checks
    .validateScope(root)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(
        ({ constructPath = '' }) => `${shorten(constructPath).replace(/\/Resource$/, '')} ${ruleName}`,
      ),
    );
}

const shorten = (path: string) => path.replace('kong-cloudtrail-integration/', '');

describe.each(Object.entries(DEPLOYMENTS))('%s', (_, context) => {
  test('is synthesised without error or warning of cdk-nag, CloudFormation or CDK', () => {
    const outdir = scratch('cdk.out');
    appOf(context, outdir).synth();
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
      pluginReports: unknown;
    };
    expect(report.pluginReports).toEqual([]);
  });

  test('describes security groups and their rules with what EC2 takes', () => {
    const [stack] = appOf(context).node.children.filter(Stack.isStack);
    if (!stack) throw new Error('The app has no stack');
    const descriptions = securityGroupDescriptions(Template.fromStack(stack));
    expect(descriptions.length).toBeGreaterThan(3);
    for (const description of descriptions) expect(description).toMatch(EC2_DESCRIPTION);
  });
});

describe('cdk-nag', () => {
  test('finds in the complete example only what is acknowledged one by one', () => {
    const app = appOf(COMPLETE);
    app.synth();
    expect(findings(app).sort()).toEqual([
      'Cache/Password AwsSolutions-SMG4',
      'Forwarder/KongAdminToken AwsSolutions-SMG4',
      'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::*]',
      'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:*:subnet/*]',
      'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:*/*]',
      'Forwarder/Role/Resource/DefaultPolicy AwsSolutions-IAM5[Resource::*]',
      'Forwarder/Schedules/DeadLetters AwsSolutions-SQS3',
    ]);
  });

  test('fails the synthesis for what is not acknowledged', () => {
    const app = appOf(MINIMAL);
    const [stack] = app.node.children.filter(Stack.isStack);
    if (!stack) throw new Error('The app has no stack');
    new CfnQueue(stack, 'Open');
    expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
  });

  test('is told the reason of every acknowledgement', () => {
    for (const [where, reason] of acknowledgements(appOf(COMPLETE))) expect(reason.length, where).toBeGreaterThan(30);
  });
});

test('the complete example gives every key that is not an alternative to another', () => {
  const alternatives = [
    ...['kongAdminTokenSecretArn', 'secretKmsKeyArn', 'kongCidr', 'channelArn', 'externalId', 'alarmTopicArn'],
    ...['redisSecurityGroupId', 'redisPasswordSecretArn', 'redisUsername', 'redisTls'],
  ];
  expect(CONTEXT_KEYS.filter((key) => !(key in EXAMPLE)).sort()).toEqual(alternatives.sort());
});

test('the complete example is synthesised without a word', () => {
  const cdk = resolve('node_modules/aws-cdk/bin/cdk');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cdk, 'synth', '--quiet', '--no-notices', '--output', scratch('cdk.out')],
    {
      cwd: 'infra/example',
      encoding: 'utf8',
      env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
    },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
