import * as z from 'zod';
import type { Search } from './client.ts';

/** Where a search goes on. The service takes a token only with the question it was given for. */
export interface Place {
  readonly search: Search;
  readonly token: string;
  /** When the search began, epoch seconds. What was written since may lie above the place. */
  readonly since: number;
}

/** Stored in the checkpoint as a window's `cursor`. */
const cursorSchema = z.strictObject({
  from: z.int().min(0),
  to: z.int().min(0),
  pattern: z.string().exactOptional(),
  streams: z.string().exactOptional(),
  since: z.int().min(0),
  token: z.string().min(1),
});

/** What every search of one deployment has in common. */
export interface Question {
  readonly filterPattern?: string | undefined;
  readonly streamPrefix?: string | undefined;
}

export function toCursor({ search, token, since }: Place, { streamPrefix }: Question): string {
  const { startTime, endTime, filterPattern } = search;
  const cursor: z.infer<typeof cursorSchema> = {
    from: startTime,
    to: endTime,
    ...(filterPattern !== undefined && { pattern: filterPattern }),
    ...(streamPrefix !== undefined && { streams: streamPrefix }),
    since,
    token,
  };
  return JSON.stringify(cursor);
}

/** The place in `cursor`; null when there is none, or when it belongs to another question. */
export function toPlace(cursor: string | undefined, { filterPattern, streamPrefix }: Question): Place | null {
  const parsed = cursorSchema.safeParse(parse(cursor ?? '')).data;
  if (parsed?.pattern !== filterPattern || parsed?.streams !== streamPrefix || !parsed) return null;
  const search = { startTime: parsed.from, endTime: parsed.to, ...(filterPattern !== undefined && { filterPattern }) };
  return { search, token: parsed.token, since: parsed.since };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
