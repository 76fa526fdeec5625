import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../lambda/compose.ts';
import { ConfigError } from '../../../lambda/errors.ts';

const ARN = 'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/eks/prod/cluster';
const ENV = {
  SOURCE_LOG_GROUP_ARN: ARN,
  SOURCE_FORMAT: 'kubernetes-audit',
  REDIS_HOST: 'redis',
  CHANNEL_ARN: 'arn:aws:cloudtrail:eu-west-1:111122223333:channel/a',
};

function problemsOf(changes: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig({ ...ENV, ...changes });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('a log group as source', () => {
  test.each([
    ['kubernetes-audit', 'kubernetes-audit'],
    ['nginx', 'nginx-access'],
  ])('of the format %s has the event source %s, and is looked back at for seven days', (SOURCE_FORMAT, eventSource) => {
    const config = loadConfig({ ...ENV, SOURCE_FORMAT });
    expect(config).toMatchObject({ eventSource, auditTtlSeconds: 604_800 });
    expect(loadConfig({ ...ENV, EVENT_SOURCE: 'edge', AUDIT_TTL_SECONDS: '60' })).toMatchObject({
      eventSource: 'edge',
      auditTtlSeconds: 60,
    });
  });

  test.each([ARN, `${ARN}:*`])('is named by its ARN: %s', (SOURCE_LOG_GROUP_ARN) => {
    expect(loadConfig({ ...ENV, SOURCE_LOG_GROUP_ARN }).source.logGroup).toBe(ARN);
  });

  test.each([ARN, `${ARN}:*`])('is not its own destination: %s', (LOG_GROUP_ARN) => {
    expect(problemsOf({ CHANNEL_ARN: undefined, LOG_GROUP_ARN })).toEqual([
      expect.stringContaining('must not be its own destination'),
    ]);
    expect(problemsOf({ CHANNEL_ARN: undefined, LOG_GROUP_ARN: `${ARN}-2` })).toEqual([]);
  });

  test.each<[Record<string, string | undefined>, string]>([
    [{ SOURCE_FORMAT: undefined }, 'SOURCE_FORMAT is required with SOURCE_LOG_GROUP_ARN: kubernetes-audit or nginx'],
    [{ SOURCE_FORMAT: 'apache' }, 'SOURCE_FORMAT must be one of kubernetes-audit, nginx, got "apache"'],
    [{ SOURCE_LOG_GROUP_ARN: '/aws/eks/prod/cluster' }, 'SOURCE_LOG_GROUP_ARN must look like arn:aws:logs:'],
    [{ SOURCE_LOG_GROUP_ARN: `${ARN}:log-stream:a` }, 'SOURCE_LOG_GROUP_ARN must look like'],
    [{ SOURCE_STREAM_PREFIX: 'a:b' }, 'SOURCE_STREAM_PREFIX must be'],
    [{ AUDIT_VERBS: 'create,creat' }, 'AUDIT_VERBS must be verbs of Kubernetes'],
    [{ AUDIT_RESOURCES: 'ingresses.networking.k8s.io,in gresses' }, 'got "in gresses"'],
    [{ AUDIT_RESOURCES: ',' }, 'AUDIT_RESOURCES must name at least one'],
    [
      { SOURCE_FORMAT: 'nginx', AUDIT_RESOURCES: '*' },
      'AUDIT_RESOURCES goes with SOURCE_FORMAT=kubernetes-audit; remove it',
    ],
    [{ SOURCE_FORMAT: 'nginx', AUDIT_VERBS: '*' }, 'AUDIT_VERBS goes with SOURCE_FORMAT=kubernetes-audit; remove it'],
    [{ KONG_ADMIN_API: 'https://kong' }, 'KONG_ADMIN_API and SOURCE_LOG_GROUP_ARN are both set'],
    [
      { KONG_ADMIN_API: 'https://kong', SOURCE_LOG_GROUP_ARN: undefined },
      'SOURCE_FORMAT goes with SOURCE_LOG_GROUP_ARN',
    ],
    [
      { SOURCE_LOG_GROUP_ARN: undefined },
      'KONG_ADMIN_API (the URL of the Admin API, such as https://kong.internal:8444) or SOURCE_LOG_GROUP_ARN (the ARN of the log group to read) is required',
    ],
  ])('says what is wrong with %j', (changes, problem) => {
    expect(problemsOf(changes).join('\n')).toContain(problem);
  });

  test.each<Record<string, string>>([
    { AUDIT_RESOURCES: '*' },
    { AUDIT_RESOURCES: 'secrets, Pods, *.apps, deployments.*, *.*, kong-x.a-b.example.com' },
    { AUDIT_VERBS: '*' },
    { AUDIT_VERBS: 'create, GET,watch' },
    { SOURCE_STREAM_PREFIX: '*' },
    { SOURCE_STREAM_PREFIX: 'kube-apiserver-audit/2' },
  ])('takes %j', (changes) => {
    expect(problemsOf(changes)).toEqual([]);
  });
});
