import { MASK, type Replacement, type Span } from './replacement.ts';

/** The private members of a JSON Web Key (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1). */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']);
/** Of an object that is cut off nobody knows whether it is a key; what could be a key's member is long and base64url. */
const KEY_MATERIAL = /^"[\w-]{20,}"?$/;

/** False for most texts: those that hold no such key. */
export const mayHoldJwk = (text: string): boolean => HINT.test(text);

const HINT = /"kty"|"(?:d|p|q|dp|dq|qi|k)"\s*:\s*"[\w-]{20}/;

/**
 * Finds the private members of JSON Web Keys: their names are too short to mean anything, but for the `kty` that every key has
 * beside them, before or after.
 */
export function createJwks() {
  const found: Replacement[] = [];
  /** Members that are secrets if the object they stand in turns out to be a key. */
  const candidates: Replacement[] = [];
  const firstCandidates: number[] = [];
  const areKeys: boolean[] = [];

  return {
    open(): void {
      firstCandidates.push(candidates.length);
      areKeys.push(false);
    },
    member(name: string, { from, to }: Span): void {
      if (name === 'kty') areKeys[areKeys.length - 1] = true;
      else if (PRIVATE_MEMBERS.has(name)) candidates.push({ from, to, by: `"${MASK}"`, keys: [name] });
    },
    close(): void {
      const first = firstCandidates.pop() ?? 0;
      if (areKeys.pop()) for (const candidate of candidates.slice(first)) found.push(candidate);
      candidates.length = first;
    },
    /** What was found until the end of `text`, together with `others`, in order. */
    addTo(others: readonly Replacement[], text: string): readonly Replacement[] {
      const isCutKey = areKeys.includes(true);
      for (const candidate of candidates)
        if (isCutKey || KEY_MATERIAL.test(text.slice(candidate.from, candidate.to))) found.push(candidate);
      return found.length === 0 ? others : inOrder([...found, ...others]);
    },
  };
}

/** Sorted, and without what lies within another. */
function inOrder(replacements: readonly Replacement[]): Replacement[] {
  let end = 0;
  return replacements
    .toSorted((a, b) => a.from - b.from || b.to - a.to)
    .filter(({ from, to }) => {
      const isFree = from >= end;
      if (isFree) end = to;
      return isFree;
    });
}
