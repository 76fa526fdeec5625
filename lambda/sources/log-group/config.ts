import * as z from 'zod';
import { arn, got, names, oneOf, readVariables } from '../../environment.ts';
import type { Loaded, SourceRoom, SourceSettings } from '../../room.ts';
import type { Format } from './format.ts';
import { kubernetesAudit } from './kubernetes-audit.ts';
import { nginx } from './nginx.ts';
import { DEFAULT_SELECTION } from './selection.ts';
import { createLogGroupSource } from './source.ts';

/** A group's name may have the characters that CreateLogGroup takes (API reference). Consoles and stacks give the ARN with `:*`. */
const LOG_GROUP_ARN = /^(arn:aws[a-z-]*:logs:([a-z0-9-]+):\d{12}:log-group:([\w.\-/#]{1,512}))(?::\*)?$/;

const FORMATS = ['kubernetes-audit', 'nginx'] as const;
const VERBS = [
  ...['create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['get', 'list', 'watch', 'post', 'put', 'head', 'options', '*'],
];
/** No stream's name holds one, so it can stand for all streams. */
const ANY_STREAM = '*';

const listOf = (isGood: (name: string) => boolean, shape: string) =>
  names.transform((found, context): readonly string[] => {
    const lower = found.map((name) => name.toLowerCase());
    for (const name of lower) if (!isGood(name)) context.addIssue(`must be ${shape}, got ${got(name, 100)}`);
    return lower;
  });

const variables = z.object({
  SOURCE_LOG_GROUP_ARN: arn(LOG_GROUP_ARN, 'arn:aws:logs:<region>:<account>:log-group:<name>'),
  SOURCE_FORMAT: oneOf(FORMATS).optional(),
  SOURCE_STREAM_PREFIX: z
    .string()
    .regex(/^(?:[^:*]{1,512}|\*)$/, {
      error: 'must be how names of streams begin, without : and *; or * for all streams',
    })
    .optional(),
  AUDIT_RESOURCES: listOf(
    (name) => /^(?:\*|[a-z0-9-]+)(?:\.(?:\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*))?$/.test(name),
    '<resource>.<group> such as ingresses.networking.k8s.io or *.configuration.konghq.com, or * for all',
  ).optional(),
  AUDIT_VERBS: listOf((name) => VERBS.includes(name), `verbs of Kubernetes (${VERBS.join(', ')})`).optional(),
});

/** Lines in a group of CloudWatch Logs. */
export const logGroup: SourceRoom = {
  chosenBy: 'SOURCE_LOG_GROUP_ARN',
  hint: 'the ARN of the log group to read',
  onlyHere: ['SOURCE_FORMAT', 'SOURCE_STREAM_PREFIX', 'AUDIT_RESOURCES', 'AUDIT_VERBS'],
  load(env) {
    const { values, problems } = readVariables(variables, env);
    const wrong = [...problems, ...combinationProblems(env)];
    if (!values?.SOURCE_FORMAT || wrong.length > 0) return { problems: wrong };
    return load(values, values.SOURCE_FORMAT);
  },
};

function combinationProblems(env: Readonly<Record<string, string | undefined>>): string[] {
  const { SOURCE_FORMAT } = env;
  if (SOURCE_FORMAT === undefined)
    return [`SOURCE_FORMAT is required with SOURCE_LOG_GROUP_ARN: ${FORMATS.join(' or ')}`];
  if (SOURCE_FORMAT !== 'nginx') return [];
  return ['AUDIT_RESOURCES', 'AUDIT_VERBS']
    .filter((name) => env[name] !== undefined)
    .map((name) => `${name} goes with SOURCE_FORMAT=kubernetes-audit; remove it`);
}

function load(values: z.infer<typeof variables>, name: (typeof FORMATS)[number]): Loaded<SourceSettings> {
  const [, groupArn = '', region = '', groupName = ''] = LOG_GROUP_ARN.exec(values.SOURCE_LOG_GROUP_ARN) ?? [];
  const isKubernetes = name === 'kubernetes-audit';
  const prefix = values.SOURCE_STREAM_PREFIX ?? (isKubernetes ? 'kube-apiserver-audit' : ANY_STREAM);
  const streamPrefix = prefix === ANY_STREAM ? undefined : prefix;
  const selection = {
    resources: values.AUDIT_RESOURCES ?? DEFAULT_SELECTION.resources,
    verbs: values.AUDIT_VERBS ?? DEFAULT_SELECTION.verbs,
  };
  const formatOf = (deriveErrorCode: boolean): Format =>
    isKubernetes ? kubernetesAudit(selection, clusterOf(groupName)) : nginx({ deriveErrorCode });
  return {
    problems: [],
    settings: {
      eventSource: isKubernetes ? 'kubernetes-audit' : 'nginx-access',
      auditTtlSeconds: 604_800,
      logGroup: groupArn,
      connect: async ({ signals, log, bind, deriveErrorCode, lookbackSeconds, overlapSeconds, isCheck }) => {
        const { connectLogGroup } = await import('./client.ts');
        return createLogGroupSource({
          group: connectLogGroup({
            arn: groupArn,
            region,
            streamPrefix,
            stopping: signals.stopping,
            aborting: signals.aborting,
            ...(isCheck && CHECK_LIMITS),
          }),
          format: formatOf(deriveErrorCode),
          streamPrefix,
          bind,
          lookbackSeconds,
          overlapSeconds,
          log,
        });
      },
    },
  };
}

const CHECK_LIMITS = { retries: 1, answerTimeoutMs: 15_000 };

/** EKS writes to `/aws/eks/<cluster>/cluster`; elsewhere the group stands for the cluster. */
const clusterOf = (groupName: string): string => /^\/aws\/eks\/([^/]+)\/cluster$/.exec(groupName)?.[1] ?? groupName;
