import type { CloudWatchLogsSimulator } from '../simulators/cloudwatch-logs.ts';
import { seeded } from '../simulators/random.ts';
import { ALICE, ARGO_CD, BOB, type Call, CAROL, clusterLine, KONG, MALLORY, routine } from './cluster-lines.ts';
import { lateAct, lineWriter } from './log-group.ts';
import type { SourceStage } from './stage.ts';

const GROUP = '/aws/eks/prod/cluster';
const LINES = 5000;
const DAY = 86_400;

/** Two people, two controllers, and somebody who may not. */
const CALLS: readonly Call[] = [
  { by: ALICE, verb: 'patch', on: 'ingresses.networking.k8s.io', namespace: 'shop', name: 'checkout', body: { metadata: { annotations: { 'konghq.com/connect-timeout': '3000', 'example.com/webhook-token': 'hunter2-and-more' } } } },
  { by: KONG, verb: 'list', on: 'kongplugins.configuration.konghq.com', isUnwanted: true },
  { by: KONG, verb: 'update', on: 'ingresses/status.networking.k8s.io', namespace: 'shop', name: 'checkout', isUnwanted: true },
  { by: BOB, verb: 'create', on: 'httproutes.gateway.networking.k8s.io', namespace: 'payments', name: 'v2' },
  { by: MALLORY, verb: 'delete', on: 'kongplugins.configuration.konghq.com', namespace: 'shop', name: 'checkout-acl', isDenied: true },
  { by: CAROL, verb: 'get', on: 'ingresses.networking.k8s.io', namespace: 'shop', name: 'checkout', isUnwanted: true },
  { by: ARGO_CD, verb: 'patch', on: 'ingresses.networking.k8s.io', namespace: 'shop', name: 'catalog', body: { spec: { ingressClassName: 'kong' } } },
]; // prettier-ignore

const LATE: Call = { by: CAROL, verb: 'delete', on: 'ingresses.networking.k8s.io', namespace: 'shop', name: 'legacy' };
const LATE_SECONDS = 1200;
/** In the middle of the object that tells who it was. */
const CUT_AT = 600;

/** The audit log of an EKS cluster, with almost a week behind it. */
export function stageKubernetesAudit(logs: CloudWatchLogsSimulator): Promise<SourceStage> {
  const { written, write } = lineWriter(logs, GROUP, 'kube-apiserver-audit-4f1c2a');
  const now = Math.floor(Date.now() / 1000);
  write(routine(seeded(1), LINES, now - 6 * DAY, now - 60));
  return Promise.resolve({
    name: 'Kubernetes audit log',
    service: 'CloudWatch Logs',
    row: 'line',
    rows: 'lines',
    env: { ...logs.env, SOURCE_LOG_GROUP_ARN: logs.model.groupArn(GROUP), SOURCE_FORMAT: 'kubernetes-audit' },
    backlog: `${GROUP} holds ${LINES} lines of six days, and nothing was forwarded yet`,
    acts: [
      {
        title: 'People and controllers change things in the cluster, and read',
        point: 'only changes, and only new ones',
        perform() {
          write(CALLS.map((call, index) => clusterLine(call, now - 50 + 7 * index)));
        },
      },
      lateAct(() => {
        const cut = clusterLine(LATE, now - 10).message.slice(0, CUT_AT);
        write([clusterLine(LATE, now - LATE_SECONDS), { message: cut, at: now - 10 }]);
      }),
    ],
    verified: '6d',
    telling: {
      title: 'the person, the role of IAM, and what was asked for, without the token',
      isIn: (text) => text.includes('connect-timeout'),
    },
    remark: ({ duplicates, ignored }) =>
      `${duplicates} duplicates were dropped (the overlap reads the last hour again); ${ignored} lines that change nothing were left out.`,
    show: ({ eventName, userIdentity, errorCode, additionalEventData: { namespace, name, decision } }) => ({
      who: userIdentity.principalId,
      what: `${eventName} ${namespace}/${name}`,
      outcome: errorCode ?? decision ?? '',
      isBad: errorCode !== undefined,
    }),
    written: () => written,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
