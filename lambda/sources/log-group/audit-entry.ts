import * as z from 'zod';
import { toJson } from '../../to-json.ts';

const filled = z
  .string()
  .trim()
  .min(1, { error: 'must not be empty' })
  .transform((text) => text.toWellFormed());

/** Lenient: what is of no use is absent. */
const text = z
  .unknown()
  .optional()
  .transform((value): string | null => {
    if (value === undefined || value === null || value === '') return null;
    return (typeof value === 'string' ? value : toJson(value)).toWellFormed();
  });

const texts = z
  .unknown()
  .optional()
  .transform((value): readonly string[] => {
    const all = Array.isArray(value) ? (value as unknown[]) : [value];
    return all.flatMap((one) => (typeof one === 'string' && one !== '' ? [one.toWellFormed()] : []));
  });

const status = z
  .unknown()
  .optional()
  .transform((value): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null));

const time = z.string().transform((value, context) => {
  const seconds = Math.floor(Date.parse(value) / 1000);
  if (seconds >= 0 && seconds <= MOST_SECONDS) return seconds;
  context.addIssue('must be a time in RFC 3339');
  return z.NEVER;
});

/** The end of the year 9999: an event's time has four digits for it. */
const MOST_SECONDS = 253_402_300_799;

const name = z
  .string()
  .nullish()
  .transform((value) => (value ? value.toWellFormed() : null));

/** What decides whether an entry is wanted; never guessed. */
export const subjectSchema = z.object({
  stage: filled,
  verb: filled,
  objectRef: z
    .object({ resource: name, apiGroup: name, subresource: name, namespace: name, name: name })
    .nullish()
    .transform((value) => value ?? null),
});

/** Lenient: what is no object is one without members. */
const members = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}),
    z.object(shape),
  );

/** One event of `audit.k8s.io/v1` (Kubernetes, "kube-apiserver Audit Configuration"), as far as it is used. */
export const entrySchema = subjectSchema.extend({
  apiVersion: text,
  auditID: filled,
  level: text,
  requestURI: text,
  user: members({ username: text, uid: text, groups: texts, extra: z.record(z.string(), texts).catch({}) }),
  impersonatedUser: members({ username: text }),
  sourceIPs: texts,
  userAgent: text,
  responseStatus: members({ code: status, reason: text, message: text }),
  requestObject: z.unknown().optional(),
  requestReceivedTimestamp: time,
  annotations: z.record(z.string(), text).catch({}),
});

export type AuditEntry = z.infer<typeof entrySchema>;
