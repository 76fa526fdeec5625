/** What begins a part of a text, and all places where it stands. */
export interface Mark<Name> {
  readonly name: Name;
  readonly length: number;
  /** What follows is of this form, and short; absent: anything, also marks. */
  readonly form: RegExp | undefined;
  /** Ascending; at least one. */
  readonly starts: readonly number[];
}

/** One start for each mark, in their order. */
export interface Cuts {
  readonly earliest: readonly number[];
  readonly latest: readonly number[];
}

/** Longer values have no form. */
const MOST_CHARACTERS = 200;

/**
 * All ways to cut `text` into one part for each mark, in the order of the marks, each part of its form: the one that cuts as early as
 * it can, and the one that cuts as late. Where both are the same, there is no other.
 *
 * @returns null where there is no way
 */
export function cutAtMarks(text: string, marks: readonly Mark<unknown>[]): Cuts | null {
  const reached = reachable(marks, possible(text, marks));
  if (marks.length === 0 || reached.some((starts) => starts.length === 0)) return null;
  return { earliest: earliestOf(marks, reached), latest: latestOf(marks, reached) };
}

/** Of each mark the starts from which the rest of the text can be cut, from the last mark to the first. */
function possible(text: string, marks: readonly Mark<unknown>[]): readonly (readonly number[])[] {
  const kept: (readonly number[])[] = [];
  let ends: readonly number[] = [text.length];
  for (const { length, form, starts } of marks.toReversed()) {
    const after = ends;
    ends = starts.filter((start) => {
      const from = start + length;
      const end = next(after, from);
      if (end === undefined || !form) return end !== undefined;
      // No mark is of any form, so only the nearest end can be right.
      return end - from <= MOST_CHARACTERS && form.test(text.slice(from, end));
    });
    kept.unshift(ends);
  }
  return kept;
}

/** Of those, the starts up to which the text can be cut, from the first mark to the last. */
function reachable(
  marks: readonly Mark<unknown>[],
  kept: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const reached: (readonly number[])[] = [];
  kept.forEach((starts, index) => {
    const before = marks[index - 1];
    if (!before) return reached.push(starts);
    const from = (reached[index - 1] ?? []).map((start) => start + before.length);
    const nearest = before.form && new Set(from.map((at) => next(starts, at)));
    return reached.push(starts.filter((start) => (nearest ? nearest.has(start) : start >= (from[0] ?? Infinity))));
  });
  return reached;
}

function earliestOf(marks: readonly Mark<unknown>[], reached: readonly (readonly number[])[]): number[] {
  let from = 0;
  return reached.map((starts, index) => {
    const start = next(starts, from) ?? 0;
    from = start + (marks[index]?.length ?? 0);
    return start;
  });
}

function latestOf(marks: readonly Mark<unknown>[], reached: readonly (readonly number[])[]): number[] {
  let end = Infinity;
  return reached
    .map((starts, index) => ({ starts, length: marks[index]?.length ?? 0 }))
    .toReversed()
    .map(({ starts, length }) => (end = starts.findLast((start) => start + length <= end) ?? 0))
    .toReversed();
}

/** The first of `sorted` that is `from` or more. */
function next(sorted: readonly number[], from: number): number | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}
