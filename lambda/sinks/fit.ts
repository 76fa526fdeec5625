import { cutJsonText, jsonBytes } from '../cut-text.ts';

/**
 * CloudTrail's limits for one event, in UTF-8 bytes; kB read as 1000, the smaller reading.
 * Source: CloudTrail user guide, "CloudTrail Lake integrations event schema".
 */
export const EVENT_LIMITS = {
  name: 1024,
  type: 128,
  principalId: 1024,
  error: 256,
  version: 256,
  requestParameters: 100_000,
  additionalEventData: 28_000,
} as const;

/** A flat object as Lake's SQL holds it; what is undefined is left out. */
export type Members = Record<string, string | number | boolean | undefined>;

/**
 * Cuts the longest members of a flat object until it takes at most `maxBytes` as JSON, the longest first, so that short
 * members, which identify the request, stay whole. `truncated` then names the members that were cut.
 */
export function fitMembers(members: Readonly<Members>, maxBytes: number): Members {
  const fitted = { ...members };
  const cutNames: string[] = [];
  for (;;) {
    const candidate = cutNames.length > 0 ? { ...fitted, truncated: cutNames.join(',') } : fitted;
    const excess = jsonBytes(candidate) - maxBytes;
    const [name, text] = longest(fitted);
    if (excess <= 0 || text === '') return candidate;
    if (!cutNames.includes(name)) cutNames.push(name);
    // Leave room for the list of names itself, and never less than half: several members may share the load.
    const bytes = jsonBytes(text) - 2;
    fitted[name] = cutJsonText(text, Math.max(bytes - excess - 64, Math.floor(bytes / 2)));
  }
}

function longest(members: Readonly<Members>): [name: string, text: string] {
  let found: [string, string] = ['', ''];
  for (const [name, value] of Object.entries(members)) {
    if (typeof value === 'string' && value.length > found[1].length) found = [name, value];
  }
  return found;
}
