import { randomUUID } from 'node:crypto';
import { NGINX_FIELDS, type NginxField } from '../../../lambda/sources/log-group/nginx-line.ts';

/** Members of an entry that a test is about; undefined leaves one out. */
export type EntryChanges = Readonly<Record<string, unknown>>;

/**
 * One event of `audit.k8s.io/v1` as kube-apiserver writes it: alice sets the timeout of an Ingress, in a cluster of EKS. Written after
 * the documented fields.
 *
 * @param at epoch milliseconds of its stage
 */
export function auditEntry(changes: EntryChanges = {}, at = 1_794_657_600_000): Record<string, unknown> {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: randomUUID(),
    stage: 'ResponseComplete',
    requestURI: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/checkout?fieldManager=kubectl-edit',
    verb: 'patch',
    user: {
      username: 'alice',
      uid: 'aws-iam-authenticator:111122223333:AIDAEXAMPLEALICE',
      groups: ['platform-team', 'system:authenticated'],
      extra: {
        accessKeyId: ['ASIAEXAMPLEKEY'],
        arn: ['arn:aws:sts::111122223333:assumed-role/platform/alice'],
        sessionName: ['alice'],
      },
    },
    sourceIPs: ['203.0.113.9', '10.20.0.17'],
    userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
    objectRef: {
      resource: 'ingresses',
      namespace: 'shop',
      name: 'checkout',
      apiGroup: 'networking.k8s.io',
      apiVersion: 'v1',
    },
    responseStatus: { metadata: {}, code: 200 },
    requestObject: { metadata: { annotations: { 'konghq.com/connect-timeout': '3000' } } },
    responseObject: { kind: 'Ingress', metadata: { name: 'checkout', namespace: 'shop' } },
    requestReceivedTimestamp: new Date(at - 12).toISOString().replace('Z', '487Z'),
    stageTimestamp: new Date(at).toISOString().replace('Z', '113Z'),
    annotations: {
      'authorization.k8s.io/decision': 'allow',
      'authorization.k8s.io/reason':
        'RBAC: allowed by RoleBinding "platform/shop" of Role "editor" to Group "platform-team"',
    },
    ...changes,
  };
}

/** Its line. */
export const auditLine = (changes: EntryChanges = {}, at?: number): string => JSON.stringify(auditEntry(changes, at));

/** What a controller does all day: read. Not wanted, though it holds the terms that are asked for. */
export const readingLine = (changes: EntryChanges = {}, at?: number): string =>
  auditLine(
    {
      level: 'Request',
      verb: 'list',
      requestURI: '/apis/networking.k8s.io/v1/ingresses?limit=500',
      user: { username: 'system:serviceaccount:kong:controller', groups: ['system:serviceaccounts'] },
      objectRef: { resource: 'ingresses', apiGroup: 'networking.k8s.io', apiVersion: 'v1' },
      requestObject: undefined,
      responseObject: undefined,
      ...changes,
    },
    at,
  );

const NGINX: Readonly<Record<NginxField, string>> = {
  http_x_request_id: '-',
  request_scheme: 'https',
  request_host: 'shop.example.com',
  remote_addr: '203.0.113.9',
  request_method: 'GET',
  request_uri: '/cart?size=2',
  server_protocol: 'HTTP/2.0',
  response_status: '200',
  request_body: '-',
  header_referer: '-',
  header_accept: '*/*',
  header_content_type: '-',
  server_port: '443',
};

/** An access line in the format; undefined leaves a field out. */
export function nginxLine(
  changes: Readonly<Partial<Record<NginxField, string | undefined>>> = {},
  prefix = '',
): string {
  const values = { ...NGINX, http_x_request_id: randomUUID(), ...changes };
  return (
    prefix +
    NGINX_FIELDS.flatMap((field) => (values[field] === undefined ? [] : `@@@${field}=${values[field]}`)).join('')
  );
}
