import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../lambda/compose.ts';

const ARN = 'arn:aws:logs:eu-central-1:111122223333:log-group:/audit/kong_1.a-b#c';
const CHANNEL_ARN = 'arn:aws:cloudtrail:eu-central-1:111122223333:channel/0b21ad4a-5f5f-4e2c-9d0c-3f4b3a1c2d5e';

const load = (env: Readonly<Record<string, string>>) =>
  loadConfig({ KONG_ADMIN_API: 'http://kong:8001', REDIS_HOST: 'redis', ...env });

describe('LOG_GROUP_ARN', () => {
  test.each([ARN, `${ARN}:*`, ` ${ARN} `])('chooses this sink and names the group: %s', (arn) => {
    expect(load({ LOG_GROUP_ARN: arn }).sink).toMatchObject({ name: 'cloudwatch-logs', logGroup: ARN });
  });

  test.each(['arn:aws-cn:logs:cn-north-1', 'arn:aws-us-gov:logs:us-gov-west-1', 'arn:aws-eusc:logs:eusc-de-east-1'])(
    'may be of any partition: %s',
    (beginning) => {
      const arn = `${beginning}:111122223333:log-group:kong`;
      expect(load({ LOG_GROUP_ARN: arn }).sink.logGroup).toBe(arn);
    },
  );

  test.each([
    'kong-audit',
    'arn:aws:logs:eu-central-1:1234:log-group:kong',
    'arn:aws:logs:eu-central-1:111122223333:log-group:',
    'arn:aws:logs:eu-central-1:111122223333:log-group:kong audit',
    `${ARN}:log-stream:kong`,
    `${ARN}:`,
    CHANNEL_ARN,
  ])('must be the ARN of a group: %s', (arn) => {
    expect(() => load({ LOG_GROUP_ARN: arn })).toThrow(
      /LOG_GROUP_ARN must look like arn:aws:logs:<region>:<account>:log-group:<name>/,
    );
  });

  test('goes with no channel, and with nothing that is a channel’s', () => {
    expect(() => load({ LOG_GROUP_ARN: ARN, CHANNEL_ARN })).toThrow(/CHANNEL_ARN and LOG_GROUP_ARN are both set/);
    for (const [name, value] of [
      ['EXTERNAL_ID', 'tenant-1'],
      ['EVENT_DATA_STORE_ARN', 'arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/0b21ad4a'],
    ] as const)
      expect(() => load({ LOG_GROUP_ARN: ARN, [name]: value })).toThrow(
        `${name} goes with CHANNEL_ARN, but LOG_GROUP_ARN is set`,
      );
  });

  test('or a channel is required', () => {
    expect(() => load({})).toThrow(/CHANNEL_ARN \(.+\) or LOG_GROUP_ARN \(.+\) is required/);
  });
});
