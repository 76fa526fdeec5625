import { randomUUID } from 'node:crypto';
import { pick, type Random } from '../simulators/random.ts';
import { auditLine } from '../sources/log-group/lines.ts';
import type { Line } from './log-group.ts';

/*
 * What an EKS cluster writes into its audit log, after the documented fields: bodies for networking.k8s.io, metadata only for custom
 * resources, and far more from controllers than from people.
 */

export interface Actor {
  readonly user: Readonly<Record<string, unknown>>;
  readonly userAgent: string;
  readonly address: string;
}

/** One request to the API server. */
export interface Call {
  readonly by: Actor;
  readonly verb: string;
  /** `<resource>.<group>`, or `<resource>/<subresource>.<group>`. */
  readonly on: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly body?: object;
  readonly isDenied?: boolean;
  /** It changes nothing that stands for an Ingress. */
  readonly isUnwanted?: boolean;
}

/** Somebody who signs in with a role of IAM. */
export const person = (name: string, address: string): Actor => ({
  user: {
    username: name,
    uid: `aws-iam-authenticator:111122223333:AROAEXAMPLE${name.toUpperCase()}`,
    groups: ['platform-team', 'system:authenticated'],
    extra: {
      accessKeyId: [`ASIAEXAMPLE${name.toUpperCase()}`],
      arn: [`arn:aws:sts::111122223333:assumed-role/platform/${name}`],
      sessionName: [name],
    },
  },
  userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
  address,
});

export const controller = (namespace: string, name: string, address: string): Actor => ({
  user: {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid: '5d0c6a3e-7c1b-4b55-9d36-0e0b6a1f5c11',
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  },
  userAgent: `${name}/v3.5.0`,
  address,
});

export const ALICE = person('alice', '203.0.113.9');
export const BOB = person('bob', '203.0.113.24');
export const CAROL = person('carol', '198.51.100.7');
export const MALLORY = person('mallory', '192.0.2.66');
export const KONG = controller('kong', 'kong-controller', '10.0.12.31');
export const ARGO_CD = controller('argocd', 'argocd-application-controller', '10.0.12.77');
const KUBELET: Actor = {
  user: { username: 'system:node:ip-10-0-12-9.eu-central-1.compute.internal', groups: ['system:nodes'] },
  userAgent: 'kubelet/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
  address: '10.0.12.9',
};

/** The line of `call`, which came at `at` (epoch seconds) and was answered at once. */
export function clusterLine(call: Call, at: number): Line {
  const { by, verb, on, namespace, name, body, isDenied = false, isUnwanted = false } = call;
  const [kind = '', ...group] = on.split('.');
  const [resource = '', subresource] = kind.split('/');
  const apiGroup = group.join('.');
  const auditID = randomUUID();
  const path = [`/apis/${apiGroup}/v1`, namespace && `namespaces/${namespace}`, resource, name, subresource];
  const message = auditLine(
    {
      auditID,
      level: body ? 'RequestResponse' : 'Metadata',
      verb,
      requestURI: path.filter(Boolean).join('/'),
      user: by.user,
      sourceIPs: [by.address],
      userAgent: by.userAgent,
      objectRef: { resource, subresource, namespace, name, apiGroup, apiVersion: 'v1' },
      requestObject: body,
      responseObject: undefined,
      ...(isDenied && denial(call, resource, apiGroup)),
    },
    at * 1000,
  );
  return { message, at, id: () => auditID, isUnwanted };
}

function denial({ by, verb, namespace, name }: Call, resource: string, apiGroup: string) {
  const user = String(by.user['username']);
  const message =
    `${resource}.${apiGroup} "${name}" is forbidden: User "${user}" cannot ${verb} resource "${resource}" ` +
    `in API group "${apiGroup}" in the namespace "${namespace}"`;
  return {
    responseStatus: { metadata: {}, status: 'Failure', message, reason: 'Forbidden', code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
  };
}

const INGRESSES = 'ingresses.networking.k8s.io';
const annotate = (key: string, value: string) => ({ metadata: { annotations: { [key]: value } } });

/** What goes on all day; what stands here more than once is more common. */
const ROUTINE: readonly Call[] = [
  ...Array.from({ length: 6 }, (): Call => ({ by: KUBELET, verb: 'update', on: 'leases.coordination.k8s.io', namespace: 'kube-node-lease', name: 'ip-10-0-12-9', isUnwanted: true })),
  ...Array.from({ length: 3 }, (): Call => ({ by: KONG, verb: 'list', on: INGRESSES, isUnwanted: true })),
  { by: KONG, verb: 'update', on: 'ingresses/status.networking.k8s.io', namespace: 'shop', name: 'checkout', isUnwanted: true },
  { by: KONG, verb: 'watch', on: 'kongplugins.configuration.konghq.com', isUnwanted: true },
  { by: ALICE, verb: 'get', on: INGRESSES, namespace: 'shop', name: 'checkout', isUnwanted: true },
  { by: ARGO_CD, verb: 'patch', on: INGRESSES, namespace: 'shop', name: 'catalog', body: annotate('konghq.com/retries', '3') },
  { by: BOB, verb: 'update', on: 'httproutes.gateway.networking.k8s.io', namespace: 'payments', name: 'v1' },
  { by: CAROL, verb: 'patch', on: INGRESSES, namespace: 'shop', name: 'cart', body: annotate('konghq.com/read-timeout', '9000') },
]; // prettier-ignore

/** `count` lines of routine, one after the other in `[from, to)`, epoch seconds. */
export function* routine(random: Random, count: number, from: number, to: number): Generator<Line> {
  const step = (to - from) / count;
  for (let index = 0; index < count; index += 1)
    yield clusterLine(pick(random, ROUTINE), from + (index + random()) * step);
}
