import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { startCloudFormation, type CloudFormationSimulator } from './cloudformation.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

const describeStacks = async (
  { url: endpoint }: CloudFormationSimulator,
  StackName?: string,
  credentials: Credentials = EXAMPLE_CREDENTIALS,
) => {
  const client = new CloudFormationClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
  return (await client.send(new DescribeStacksCommand({ StackName }))).Stacks ?? [];
};

const outputs = { FunctionName: 'kong-audit', Query: `a < b &amp; "c"` };
const stacks = [{ name: 'audit', outputs }, { name: 'other' }, { name: 'gone', status: 'DELETE_COMPLETE' }];

test('describes a stack with its outputs, by name and by ARN', async () => {
  await using cloudFormation = await startCloudFormation({ stacks });
  const [stack] = await describeStacks(cloudFormation, 'audit');
  expect(stack).toMatchObject({
    StackName: 'audit',
    StackId: cloudFormation.stackArn('audit'),
    StackStatus: 'CREATE_COMPLETE',
    CreationTime: new Date('2026-01-01T00:00:00Z'),
  });
  expect(stack?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])).toEqual(
    Object.entries(outputs),
  );
  expect(await describeStacks(cloudFormation, cloudFormation.stackArn('audit'))).toHaveLength(1);
});

test('describes all stacks but the deleted ones, which are found by ARN only', async () => {
  await using cloudFormation = await startCloudFormation({ stacks });
  expect((await describeStacks(cloudFormation)).map(({ StackName }) => StackName)).toEqual(['audit', 'other']);
  await expect(describeStacks(cloudFormation, 'gone')).rejects.toMatchObject({ name: 'ValidationError' });
  expect(await describeStacks(cloudFormation, cloudFormation.stackArn('gone'))).toMatchObject([
    { StackStatus: 'DELETE_COMPLETE' },
  ]);
});

test('refuses what does not exist, and whom it does not know', async () => {
  await using cloudFormation = await startCloudFormation();
  await expect(describeStacks(cloudFormation, 'missing')).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id missing does not exist',
    $metadata: { httpStatusCode: 400 },
  });
  const stranger = { ...EXAMPLE_CREDENTIALS, secretAccessKey: 'wrong' };
  await expect(describeStacks(cloudFormation, 'x', stranger)).rejects.toMatchObject({
    name: 'InvalidSignatureException',
    $metadata: { httpStatusCode: 403 },
  });
  cloudFormation.faults.next({ fault: 'error', code: 'Throttling', message: 'Rate exceeded' });
  await expect(describeStacks(cloudFormation)).rejects.toMatchObject({ name: 'Throttling' });
  cloudFormation.settings.denied = true;
  await expect(describeStacks(cloudFormation)).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('has one action', async () => {
  await using cloudFormation = await startCloudFormation({ verifySignatures: false });
  const post = async (body: string) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(cloudFormation.url, { method: 'POST', headers, body });
    return [response.status, await response.text()];
  };
  expect(await post('Action=ListStacks&Version=2010-05-15')).toEqual([
    400,
    expect.stringContaining('<Code>InvalidAction</Code>'),
  ]);
  expect(await post('Action=DescribeStacks&Version=2010-05-15&NextToken=x')).toEqual([
    400,
    expect.stringContaining('<Code>ValidationError</Code>'),
  ]);
});
