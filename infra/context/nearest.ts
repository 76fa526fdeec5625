import { closest, distance } from 'fastest-levenshtein';

/** So many letters may be wrong before a name that contains the other, or begins it, is the better guess. */
const TYPING_ERRORS = 2;

/**
 * Which of `names` was meant by `asked`: the same but for capitals, `_` and `-`, else the shortest that `asked` begins, else
 * one that differs by a typing error, else the longest that begins `asked`, else one that contains it, else the least different.
 */
export function nearest(asked: string, names: readonly string[]): string {
  const bare = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');
  const wanted = bare(asked);
  const byLength = [...names].sort((a, b) => a.length - b.length);
  const near = closest(wanted, byLength.map(bare));
  const isNear = (name: string) => bare(name) === near;
  return (
    byLength.find((name) => bare(name) === wanted) ??
    byLength.find((name) => bare(name).startsWith(wanted)) ??
    (distance(wanted, near) <= TYPING_ERRORS ? byLength.find(isNear) : undefined) ??
    byLength.findLast((name) => wanted.startsWith(bare(name))) ??
    byLength.find((name) => bare(name).includes(wanted)) ??
    byLength.find(isNear) ??
    near
  );
}
