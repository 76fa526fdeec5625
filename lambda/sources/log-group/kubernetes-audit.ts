import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import type { Activity, InvalidItem } from '../../pipeline/activity.ts';
import type { Redactor } from '../../redact/redactor.ts';
import { toJson } from '../../to-json.ts';
import { type AuditEntry, entrySchema, subjectSchema } from './audit-entry.ts';
import type { Format, Line } from './format.ts';
import { keepEntry } from './keep-entry.ts';
import { toLineId, toMark } from './line-id.ts';
import { invalidLine, type LogEvent, secondOf } from './log-event.ts';
import { createSelects, type Selection, toFilterPattern } from './selection.ts';

/** The members of `user.extra` that EKS fills, as far as they are told. */
const EXTRA = ['arn', 'sessionName', 'accessKeyId'] as const;
const READS = new Set(['get', 'list', 'watch', 'head', 'options']);

/**
 * The audit log of a Kubernetes cluster, one event of `audit.k8s.io/v1` a line.
 *
 * @param cluster its name
 */
export function kubernetesAudit(selection: Selection, cluster: string): Format {
  const isWanted = createSelects(selection);
  const filterPattern = toFilterPattern(selection);
  const verbs = selection.verbs.includes('*') ? null : new Set(selection.verbs);

  function read(event: LogEvent, isSelecting: boolean): Line | InvalidItem | null {
    const value = parse(event.message);
    if (value === undefined) return invalidLine(event, 'the line must be JSON; it is none, or was cut');
    const subject = subjectSchema.safeParse(value);
    if (!subject.success) return invalidLine(event, reasonOf(subject.error));
    if (isSelecting && !isWanted(subject.data)) return null;
    const entry = entrySchema.safeParse(value);
    if (!entry.success) return invalidLine(event, reasonOf(entry.error));
    // The line tells when the request came, so it is the same line wherever it turns up again.
    return { activity: toActivity(entry.data, event, cluster), mark: toMark(event.message) };
  }

  return {
    ...(filterPattern !== undefined && { filterPattern }),
    select(event) {
      const verb = verbs && verbOf(event.message);
      return verb && !verbs.has(verb) ? null : read(event, true);
    },
    read: (event) => read(event, false) as Line | InvalidItem,
    keep: (event: LogEvent, redactor: Redactor) => keepEntry(event.message, requestText, redactor),
  };
}

/**
 * The verb, found without reading a line of thousands of characters as JSON; null where that would be a guess. kube-apiserver writes
 * the verb before the first member that is an object, and bare quotes are never part of a text. A line that was cut does not
 * often end in a brace; if it does, its verb is known all the same.
 */
function verbOf(message: string): string | null {
  return message.endsWith('}') ? (/^\{[^{}]*?"verb":"([a-z]+)"/.exec(message)?.[1] ?? null) : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const reasonOf = ({ issues }: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string =>
  issues.map((issue) => `${issue.path.join('.') || 'the line'} ${issue.message}`).join('; ');

function toActivity(entry: AuditEntry, event: LogEvent, cluster: string): Activity {
  const { auditID, stage, verb, user, objectRef, responseStatus, sourceIPs, annotations } = entry;
  const uri = entry.requestURI ?? '';
  const username = user.username ?? 'anonymous';
  return {
    valid: true,
    id: toLineId(stage === 'Panic' ? `${auditID}-${stage}` : auditID),
    second: secondOf(event),
    doneAt: entry.requestReceivedTimestamp,
    ttlSeconds: null,
    version: entry.apiVersion ?? 'audit.k8s.io/v1',
    actor: {
      type: 'KubernetesUser',
      id: username,
      details: userDetails(entry),
      isAnonymous:
        user.username === null || username === 'system:anonymous' || user.groups.includes('system:unauthenticated'),
    },
    action: actionOf(entry),
    method: verb,
    path: uri,
    isWrite: !READS.has(verb),
    status: responseStatus.code,
    error: errorOf(entry),
    // A client can forge all but the last one, which the cluster adds.
    sourceIp: sourceIPs.findLast((address) => isIP(address) !== 0 && !address.includes('%')) ?? null,
    userAgent: entry.userAgent,
    request: [
      { name: 'requestURI', as: 'path', text: uri },
      { name: 'requestObject', as: 'payload', text: requestText(entry) },
    ],
    details: {
      auditID,
      stage,
      level: entry.level,
      verb,
      namespace: objectRef?.namespace ?? null,
      name: objectRef?.name ?? null,
      apiGroup: objectRef?.apiGroup ?? null,
      resource: objectRef?.resource ?? null,
      subresource: objectRef?.subresource ?? null,
      sourceIPs: sourceIPs.join(',') || null,
      decision: annotations['authorization.k8s.io/decision'] ?? null,
      reason: annotations['authorization.k8s.io/reason'] ?? null,
      cluster,
    },
    row: event,
  };
}

function userDetails({ user, impersonatedUser }: AuditEntry): Record<string, string> {
  const details: Record<string, string> = {};
  if (user.uid !== null) details['uid'] = user.uid;
  if (user.groups.length > 0) details['groups'] = user.groups.join(',');
  for (const name of EXTRA) {
    const values = user.extra[name] ?? [];
    if (values.length > 0) details[name] = values.join(',');
  }
  if (impersonatedUser.username !== null) details['impersonatedUser'] = impersonatedUser.username;
  return details;
}

function actionOf({ verb, objectRef, requestURI }: AuditEntry): string {
  if (!objectRef?.resource) return verb + ((requestURI ?? '').split('?', 1)[0] || '/');
  return `${verb}/${[objectRef.resource, objectRef.apiGroup].filter(Boolean).join('.')}`;
}

function errorOf({ responseStatus: { code, reason, message } }: AuditEntry): Activity['error'] {
  if (code === null || code < 400) return null;
  return { code: reason ?? String(code), message: message ?? STATUS_CODES[code] ?? `HTTP status ${code}` };
}

/** A Secret holds nothing else than secrets, under names of anybody's choice. */
function requestText({ requestObject, objectRef }: AuditEntry): string {
  if (requestObject === undefined || requestObject === null) return '';
  if (objectRef?.resource === 'secrets' && objectRef.apiGroup === null) return '***';
  // "skipped-too-big-size-object", as some clusters write it, and what `keep` wrote.
  return (typeof requestObject === 'string' ? requestObject : toJson(requestObject)).toWellFormed();
}
