import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { awsSettings, functionName } from '../../infra/cli/target.ts';
import { operate } from './support/operate.ts';

describe('the function', () => {
  const made: string[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(made.splice(0).map((path) => rm(path, { recursive: true })));
  });
  const directory = async (cdkJson?: string) => {
    const path = await mkdtemp(join(tmpdir(), 'kong-audit-'));
    made.push(path);
    if (cdkJson !== undefined) await writeFile(join(path, 'cdk.json'), cdkJson);
    return path;
  };

  test('is the one named', async () => {
    const cli = await operate({ functionName: 'mine' });
    expect(await cli.run('status', '--function', 'mine')).toMatchObject({ status: 0 });
    expect(await cli.run('status')).toMatchObject({ status: 1 });
  });

  test('may be named before the command', async () => {
    const cli = await operate({ functionName: 'mine' });
    expect((await cli.run('--function', 'mine', 'status')).status).toBe(0);
  });

  test('is the output of the stack named', async () => {
    const cli = await operate({ functionName: 'mine', outputs: { Other: 'x', FunctionName: 'mine' } });
    expect(await cli.run('status', '--stack', 'KongAudit')).toMatchObject({ status: 0 });
  });

  test('of a stack that is not there, or is another, is told', async () => {
    const cli = await operate({ outputs: { Other: 'x' } });
    expect((await cli.run('status', '--stack', 'Nope')).err).toContain(
      'cloudformation:DescribeStacks on the stack Nope failed: ValidationError: Stack with id Nope does not exist\nNo such stack there',
    );
    const other = await cli.run('status', '--stack', 'KongAudit');
    expect(other.err).toContain('The stack KongAudit has no output FunctionName');
    expect(other.status).toBe(1);
  });

  test('is resourceName of the CDK app in this directory, else its default', async () => {
    expect(await functionName({}, awsSettings({}, {}), await directory('{"context":{"resourceName":"mine"}}'))).toBe(
      'mine',
    );
    expect(await functionName({}, awsSettings({}, {}), await directory('{"app":"x"}'))).toBe(
      'kong-cloudtrail-integration',
    );
    expect(await functionName({}, awsSettings({}, {}), await directory())).toBe('kong-cloudtrail-integration');
    await expect(functionName({}, awsSettings({}, {}), await directory('{'))).rejects.toThrow(
      'Correct it, or give --function.',
    );
  });
});

describe('the Region', () => {
  test.each([
    [
      { region: 'eu-central-1', function: 'arn:aws:lambda:eu-west-1:1:function:f' },
      { AWS_REGION: 'x' },
      'eu-central-1',
    ],
    [{ function: 'arn:aws:lambda:eu-west-1:1:function:f' }, { AWS_REGION: 'x' }, 'eu-west-1'],
    [{}, { AWS_REGION: 'a', AWS_DEFAULT_REGION: 'b' }, 'a'],
    [{}, { AWS_REGION: '', AWS_DEFAULT_REGION: 'b' }, 'b'],
    [{}, {}, undefined],
  ])('of %j in %j is %s', (options, env, region) => {
    expect(awsSettings(options, env).region).toBe(region);
  });
});

describe('AWS that does not answer as wished', () => {
  const answer = (status: number, code: string, message: string) =>
    ({
      fault: 'answer',
      status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
      body: { message },
    }) as const;

  test('a function that is not there', async () => {
    const cli = await operate();
    const { status, err } = await cli.run('status', '--function', 'nope');
    expect(err).toContain(
      'lambda:InvokeFunction on the function nope in eu-west-1 failed: ResourceNotFoundException: Function not found: nope',
    );
    expect(err).toContain(
      'No such function there: name it with --function or --stack, and check --region and --profile.',
    );
    expect(status).toBe(1);
  });

  test.each([
    [
      'AccessDeniedException',
      'Your AWS credentials lack a permission: allow lambda:InvokeFunction on the function kong-cloudtrail-integration in eu-west-1.',
    ],
    ['ExpiredTokenException', 'log in (aws sso login'],
    ['UnrecognizedClientException', 'AWS does not know these credentials'],
    ['SomethingNewException', 'aws sts get-caller-identity'],
  ])('%s', async (code, fix) => {
    const cli = await operate();
    cli.aws.lambda.faults.always(() => answer(403, code, 'no'));
    const { status, err } = await cli.run('status');
    expect(err).toContain(fix);
    expect(status).toBe(1);
  });

  test('no credentials', async () => {
    const cli = await operate();
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    expect((await cli.run('status')).err).toContain('No AWS credentials that are valid now: log in');
  });

  test('a profile that is not there', async () => {
    const cli = await operate();
    expect((await cli.run('status', '--profile', 'nope')).err).toContain('name a profile with --profile');
  });

  test('no Region', async () => {
    const cli = await operate({ env: { AWS_REGION: '' } });
    vi.stubEnv('AWS_REGION', undefined);
    expect((await cli.run('status')).err).toContain('No Region is set: give --region eu-west-1');
    vi.stubEnv('AWS_REGION', '');
    expect((await cli.run('status')).err).toContain('No Region is set: give --region eu-west-1');
  });

  test('nobody listens', async () => {
    const cli = await operate();
    vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', 'http://127.0.0.1:1');
    expect((await cli.run('run')).err).toContain(
      'AWS cannot be reached from here: check network, proxy, Region and AWS_ENDPOINT_URL.',
    );
  });
});
