import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { afterAll } from 'vitest';
import { createApp } from '../../infra/app.ts';

export const CHANNEL_ARN = 'arn:aws:cloudtrail:eu-west-1:111122223333:channel/01234567-89ab-cdef-0123-456789abcdef';
export const KONG_TOKEN_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:kong/token-AbCdEf';
export const REDIS_PASSWORD_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:redis/password-AbCdEf';

/** What a deployment cannot do without, plus what keeps CDK from looking anything up. */
export const MINIMAL = {
  kongAdminApi: 'https://kong.internal:8444',
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: 'subnet-0a1b2c3d4e5f60718,subnet-0a1b2c3d4e5f60719',
  availabilityZones: 'eu-west-1a,eu-west-1b',
  vpcCidr: '10.0.0.0/16',
  channelArn: CHANNEL_ARN,
} as const;

export type Context = Readonly<Record<string, unknown>>;

let root: string | undefined;
let folders = 0;

/** An empty folder that goes when the tests of the file have run. */
export function scratch(name: string): string {
  root ??= mkdtempSync(join(tmpdir(), 'infra-'));
  const folder = join(root, `${(folders += 1)}-${name}`);
  mkdirSync(folder);
  return folder;
}

afterAll(() => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

/** Stands in for the bundle where a test is not about it. */
export function placeholderCode(): lambda.Code {
  const folder = scratch('code');
  writeFileSync(join(folder, 'index.mjs'), 'export const handler = () => {};');
  return lambda.Code.fromAsset(folder);
}

/** The template of the app with `context` on top of `MINIMAL`; a key set to undefined is left out. */
export function synthesize(context: Context = {}, env: Environment = {}): Template {
  const app = createApp({
    context: { ...MINIMAL, ...context },
    code: placeholderCode(),
    env,
    outdir: scratch('cdk.out'),
  });
  const [stack] = app.node.children.filter(Stack.isStack);
  if (!stack) throw new Error('The app has no stack');
  return Template.fromStack(stack);
}

/** The only resource of `type`, as the template has it. */
export function only(template: Template, type: string) {
  const found = Object.entries(template.findResources(type));
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`Expected one ${type}, found ${found.length}`);
  return { logicalId: first[0], properties: first[1]['Properties'] as Record<string, unknown>, resource: first[1] };
}

/** The function's environment as the template has it: text, or an intrinsic function. */
export function environmentOf(template: Template): Record<string, unknown> {
  const { Environment } = only(template, 'AWS::Lambda::Function').properties;
  return (Environment as { Variables: Record<string, unknown> }).Variables;
}
