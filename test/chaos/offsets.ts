/** What is known of the offsets Kong has given out, over all runs. */
export interface Offsets {
  /** Notes that a page asked for by `path` named `offset`. */
  given(path: string, offset: string): void;
  /** What the page that gave this path's offset was asked for, and this path is not: a client's mistake; null when all is well. */
  misuse(path: string): string | null;
  /** The status Kong answers for the path's offset with; null while the offset is good. */
  badStatus(path: string): number | null;
  /** Every offset given until now is bad for ever, as after an upgrade. */
  goBad(status: number): void;
}

export function watchOffsets(now: () => number): Offsets {
  /** Of each offset: which filters it was given for (the key of an empty id may be given for several), and when last. */
  const known = new Map<string, { readonly filters: Set<string>; at: number }>();
  let bad = { until: -Infinity, status: 400 };
  const lookUp = (path: string) => known.get(parameters(path).get('offset') ?? '');
  return {
    given(path, offset) {
      const entry = known.get(offset) ?? { filters: new Set(), at: 0 };
      entry.filters.add(filtersOf(path));
      entry.at = now();
      known.set(offset, entry);
    },
    misuse(path) {
      // Before 3.9, Kong's `next` forgets the filters: every page must be asked for with those of the page before it.
      return lookUp(path)?.filters.has(filtersOf(path)) === false ? `left the filters out: ${path}` : null;
    },
    badStatus(path) {
      const entry = lookUp(path);
      return entry && entry.at <= bad.until ? bad.status : null;
    },
    goBad(status) {
      bad = { until: now(), status };
    },
  };
}

const parameters = (path: string): URLSearchParams => new URL(path, 'http://kong').searchParams;

function filtersOf(path: string): string {
  const query = parameters(path);
  return `${query.get('after') ?? ''}-${query.get('before') ?? ''}`;
}
