import { cutText, jsonBytes } from '../../cut-text.ts';
import { beginningOf, type Redactor } from '../../redact/redactor.ts';
import { type AuditEntry, entrySchema } from './audit-entry.ts';
import type { KeptLine } from './format.ts';
import { digestOf, KEPT_MAX_BYTES, redactUri } from './keep.ts';

/** No member but the request's object needs more. */
const MEMBER_MAX_BYTES = 2000;
const MOST_ELEMENTS = 100;

/**
 * An entry that can be read again: what is not used of it is left out, and of the request's object only as much is kept as there is
 * room for. Null for what is no entry.
 *
 * @param requestText the request's object as text, without what is secret as a whole
 */
export function keepEntry(
  message: string,
  requestText: (entry: AuditEntry) => string,
  redactor: Redactor,
): KeptLine | null {
  const { data: entry } = entrySchema.safeParse(JSON.parse(message));
  if (!entry) return null;
  const { requestReceivedTimestamp, requestURI, sourceIPs, user } = entry;
  const small = {
    ...entry,
    requestObject: undefined,
    requestURI: requestURI && redactUri(requestURI, redactor),
    user: { ...user, groups: user.groups.slice(0, MOST_ELEMENTS) },
    // The last one counts.
    sourceIPs: sourceIPs.slice(-MOST_ELEMENTS),
    requestReceivedTimestamp: new Date(requestReceivedTimestamp * 1000).toISOString(),
  };
  const kept = JSON.parse(JSON.stringify(small, cutMembers)) as object;
  const text = requestText(entry);
  if (text === '') return { message: JSON.stringify(kept) };
  const beginning = beginningOf(text);
  const redacted = redactor.payload(beginning).text;
  const cut = cutText(redacted, Math.max(MEMBER_MAX_BYTES, KEPT_MAX_BYTES - jsonBytes(kept)));
  const isCut = cut !== redacted || beginning !== text;
  return {
    message: JSON.stringify({ ...kept, requestObject: cut }),
    ...(isCut && { whole: digestOf(text) }),
  };
}

const cutMembers = (_: string, value: unknown): unknown =>
  typeof value === 'string' ? cutText(value, MEMBER_MAX_BYTES) : value;
