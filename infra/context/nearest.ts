import { closest, distance } from 'fastest-levenshtein';

/** So many letters may be wrong, and no more than a third of them. */
const TYPING_ERRORS = 2;

/** Fewer letters stand in too many names to tell anything. */
const TELLING = 4;

/**
 * Which of `names` was meant by `asked`: the same but for capitals, `_` and `-`, else the shortest that `asked` begins, else
 * one that differs by a typing error, else the longest that begins `asked`, else the shortest that contains it. Undefined when nothing is near: a wrong
 * guess helps nobody.
 */
export function nearest(asked: string, names: readonly string[]): string | undefined {
  const bare = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');
  const wanted = bare(asked);
  const byLength = [...names].sort((a, b) => a.length - b.length);
  const near = closest(wanted, byLength.map(bare));
  const errors = Math.min(TYPING_ERRORS, Math.floor(wanted.length / 3));
  return (
    byLength.find((name) => bare(name) === wanted) ??
    byLength.find((name) => wanted.length >= TELLING - 1 && bare(name).startsWith(wanted)) ??
    (distance(wanted, near) <= errors ? byLength.find((name) => bare(name) === near) : undefined) ??
    byLength.findLast((name) => name.length >= TELLING && wanted.startsWith(bare(name))) ??
    byLength.find((name) => wanted.length >= TELLING && bare(name).includes(wanted))
  );
}
