import type { KongEra } from './kong-version.ts';

/** The body of Kong's 400 answers. */
export interface QueryProblem {
  readonly code: number;
  readonly name: string;
  readonly message: string;
}

/** Why `size` is refused, or null. Source: Kong's `kong/api/endpoints.lua` and `kong/db/dao`, `kong/db/errors.lua`. */
export function sizeProblem(query: URLSearchParams): QueryProblem | null {
  const given = query.getAll('size');
  const problem = (message: string): QueryProblem => ({ code: 9, name: 'invalid size', message });
  if (given.length === 0) return null;
  const size = given.length === 1 && given[0]?.trim() !== '' ? Number(given[0]) : NaN;
  if (Number.isNaN(size)) return problem('size must be a number');
  if (Number.isInteger(size) && size >= 1 && size <= 1000) return null;
  return problem('size must be an integer between 1 and 1000');
}

/** `key` is any JSON that is no array, too: it then has the wrong shape, which Kong does not tell from a row's key. */
export function decodeOffset(offset: string | null): { readonly key: readonly unknown[] } | QueryProblem | null {
  if (offset === null) return null;
  const problem = (reason: string): QueryProblem => ({
    code: 7,
    name: 'invalid offset',
    message: `'${offset}' is not a valid offset: ${reason}`,
  });
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(offset) || offset.replace(/=+$/, '').length % 4 === 1) {
    return problem('bad base64 encoding');
  }
  try {
    const key: unknown = JSON.parse(Buffer.from(offset, 'base64').toString('utf8'));
    return { key: Array.isArray(key) ? key : [] };
  } catch {
    return problem('bad json encoding');
  }
}

/** Unpadded base64 of the JSON array of the last row's key. */
export function encodeOffset(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64').replace(/=+$/, '');
}

/** The `next` of an answer: a path without host, workspace or prefix, with what that release forgot left out. */
export function nextPath(era: KongEra, query: URLSearchParams, offset: string): string {
  const kept = [...(era.nextKeepsSize ? ['size'] : []), ...(era.nextKeepsFilters ? ['after', 'before'] : [])].flatMap(
    (name) => {
      const value = query.get(name);
      return value === null ? [] : [`&${name}=${encodeURIComponent(value)}`];
    },
  );
  return `/audit/requests?offset=${encodeURIComponent(offset)}${kept.join('')}`;
}

/**
 * `after` or `before`: epoch seconds or `2024-04-25T15:03:24Z`, no fractions.
 *
 * What Kong answers to anything else is not documented; a 400 makes sure that nobody comes to depend on it.
 */
export function readTime(name: 'after' | 'before', query: URLSearchParams): number | undefined | QueryProblem {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) / 1000 : NaN;
  if (!Number.isNaN(time)) return time;
  return { code: 2, name: 'schema violation', message: `schema violation (${name}: expected a timestamp)` };
}
