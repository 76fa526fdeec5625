import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createApp } from '../../infra/app.ts';
import { CONTEXT_KEYS } from '../../infra/context/schema.ts';
import { type Context, DEPLOYMENTS, MINIMAL, placeholderCode, scratch, stackOf } from './support.ts';

// As in a real synthesis; other tests leave the check against CloudFormation's schemas out (vitest.config.ts).
beforeAll(() => {
  vi.stubEnv('CDK_VALIDATION', undefined);
  return () => vi.unstubAllEnvs();
});

/** The context of an example, as if it were run from the root of the repository. */
function exampleContext(folder: string): Context {
  const { context } = JSON.parse(readFileSync(`infra/${folder}/cdk.json`, 'utf8')) as { context: Context };
  const files = ['kongRootCa', 'nodeExtraCaCerts'].filter((key) => context[key] !== undefined);
  return { ...context, ...Object.fromEntries(files.map((key) => [key, `infra/${folder}/${String(context[key])}`])) };
}

const EXAMPLES = ['example', 'example-cloudwatch-logs', 'example-kubernetes-audit'] as const;
const COMPLETE = exampleContext('example');

const { full, existing, bare, cluster, channel } = DEPLOYMENTS;

/** Between them every resource that the app can make, each in the forms that it can have. */
const CONTEXTS: Readonly<Record<string, Context>> = {
  ...Object.fromEntries(EXAMPLES.map((folder) => [`infra/${folder}`, exampleContext(folder)])),
  ...Object.fromEntries(
    Object.entries({ full, existing, bare, cluster }).map(([name, context]) => [name, { ...MINIMAL, ...context }]),
  ),
  'the longest name': { ...MINIMAL, ...channel, resourceName: 'k'.repeat(50) },
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

const shorten = (path: string) => path.replace(/^[\w-]+\//, '');

const FOUND_IN_THE_COMPLETE_EXAMPLE = [
  'Cache/Password AwsSolutions-SMG4',
  'Forwarder/KongAdminToken AwsSolutions-SMG4',
  'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::*]',
  'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:*:subnet/*]',
  'Forwarder/Role/NetworkInterfaces AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:*/*]',
  'Forwarder/Role/Resource/DefaultPolicy AwsSolutions-IAM5[Resource::*]',
  'Forwarder/Schedules/DeadLetters AwsSolutions-SQS3',
];

/** Ends a test that hangs; a busy machine takes a minute to start the CDK CLI. */
const NO_HURRY = 600_000;

describe.each(Object.entries(CONTEXTS))('%s', (_, context) => {
  let app: App, outdir: string;
  beforeAll(() => {
    outdir = scratch('cdk.out');
    app = appOf(context, outdir);
    app.synth();
  }, NO_HURRY);

  test('is synthesised without error or warning of cdk-nag, CloudFormation or CDK', () => {
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
      pluginReports: unknown;
    };
    expect(report.pluginReports).toEqual([]);
  });

  test('describes security groups and their rules with what EC2 takes', () => {
    const descriptions = securityGroupDescriptions(Template.fromStack(stackOf(app)));
    expect(descriptions.length).toBeGreaterThan(3);
    for (const description of descriptions) expect(description).toMatch(EC2_DESCRIPTION);
  });

  test('acknowledges what cdk-nag finds one by one, with a reason, and nothing besides', () => {
    const acknowledged = acknowledgements(app);
    const found = findings(app);
    if (context === CONTEXTS['infra/example']) expect(found.sort()).toEqual(FOUND_IN_THE_COMPLETE_EXAMPLE);
    expect(found.length).toBeGreaterThan(0);
    for (const [where, reason] of acknowledged) expect(reason.length, where).toBeGreaterThan(30);
    const rules = (all: Iterable<string>) => new Set([...all].map((one) => one.slice(one.indexOf(' ') + 1)));
    expect([...rules(found)].filter((rule) => !rules(acknowledged.keys()).has(rule))).toEqual([]);
    expect(
      [...rules(acknowledged.keys())].filter((rule) => rule.startsWith('AwsSolutions') && !rules(found).has(rule)),
    ).toEqual([]);
  });
});

test('cdk-nag fails the synthesis for what is not acknowledged', () => {
  const app = appOf(MINIMAL);
  new CfnQueue(stackOf(app), 'Open');
  expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
});

test('the complete example gives every key that is not an alternative to another', () => {
  const alternatives = [
    ...['kongAdminTokenSecretArn', 'secretKmsKeyArn', 'kongCidr', 'alarmTopicArn'],
    ...['redisSecurityGroupId', 'redisPasswordSecretArn', 'redisUsername', 'redisTls'],
    ...['channelArn', 'externalId', 'eventDataStoreArn', 'eventDataStoreKmsKeyArn'],
    ...['logGroupArn', 'createLogGroup', 'logGroupKmsKeyArn', 'endpoints'],
    ...['sourceLogGroupArn', 'sourceFormat', 'sourceStreamPrefix', 'auditResources', 'auditVerbs'],
  ];
  expect(CONTEXT_KEYS.filter((key) => !(key in COMPLETE)).sort()).toEqual(alternatives.sort());
});

test('the examples together give every key that they can', () => {
  const given = new Set(EXAMPLES.flatMap((folder) => Object.keys(exampleContext(folder))));
  const needed = ['createLogGroup', 'logGroupArn', 'logGroupKmsKeyArn', 'endpoints', 'sourceLogGroupArn'];
  expect(needed.filter((key) => !given.has(key))).toEqual([]);
});

test(
  'npm run synth synthesises the complete example without a word of the CDK CLI, and says what it made',
  () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['infra/synth.ts', 'infra/example', scratch('cdk.out')],
      {
        encoding: 'utf8',
        env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [file = '', resources = '', ...more] = stdout.trim().split('\n');
    expect(file).toMatch(/kong-cloudtrail-integration\.template\.json: Forwards Kong's audit log to CloudTrail Lake$/);
    expect(resources).toMatch(/^\d+ resources, \d+ kB: 11 CloudWatch::Alarm, /);
    expect(more).toEqual([]);
  },
  NO_HURRY,
);

test.each([
  [['nowhere'], 'nowhere has no cdk.json'],
  [['--contxt', 'a=b'], "unknown option '--contxt'"],
])('npm run synth refuses %j, and shows what it takes', (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, ['infra/synth.ts', ...args], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toContain('Usage: npm run synth -- [options] [folder] [output]');
});
