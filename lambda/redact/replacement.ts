import type { Names } from './names.ts';

/** What stands in place of a secret. */
export const MASK = '***';

/** What a text turned out to hold. */
export interface Found {
  /** The text without its secrets. */
  readonly text: string;
  /** The names of the keys whose values were replaced, in order of appearance. */
  readonly keys: readonly string[];
  /** What was recognised by its shape, under no name of its own: `bearer`, `private_key` … */
  readonly kinds: readonly string[];
}

/** A stretch of a text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One stretch of a text to be replaced, and what to call what stood there. */
export interface Replacement extends Span {
  readonly by: string;
  readonly keys: readonly string[];
  readonly kinds?: readonly string[];
}

/** What a finder needs to know beside the text. */
export interface Reading {
  readonly names: Names;
  /** Reads a value that may itself be JSON, a form, or text with `name: value` in it. */
  value(text: string): Found;
  /** Reads what holds a secret only if it looks like one. */
  shape(text: string): Found;
}

/** Finds secrets: in order, none overlapping another, in linear time whatever the text. */
export type Find = (text: string, reading: Reading) => readonly Replacement[];

/** Adds what a value is replaced by, if anything in it is a secret; what has no name of its own is called after its `key`. */
export function replaceValue(
  replacements: Replacement[],
  { from, to }: Span,
  { text, keys, kinds }: Found,
  encode: (text: string) => string,
  key: string | null,
): void {
  if (keys.length === 0 && kinds.length === 0) return;
  const by = encode(text);
  if (key === null || kinds.length === 0) replacements.push({ from, to, by, keys, kinds });
  else replacements.push({ from, to, by, keys: [...keys, key] });
}

/** Applies the finders one after the other. */
export function apply(finders: readonly Find[], text: string, reading: Reading): Found {
  let found: Found = { text, keys: NONE, kinds: NONE };
  for (const find of finders) {
    const replacements = find(found.text, reading);
    if (replacements.length === 0) continue;
    found = {
      text: replaceAll(found.text, replacements),
      keys: union(found.keys, replacements, ({ keys }) => keys),
      kinds: union(found.kinds, replacements, ({ kinds = NONE }) => kinds),
    };
  }
  return found;
}

const NONE: readonly string[] = [];

function union(
  before: readonly string[],
  replacements: readonly Replacement[],
  namesOf: (replacement: Replacement) => readonly string[],
): readonly string[] {
  const [only] = replacements;
  if (replacements.length === 1 && before.length === 0 && only) return namesOf(only);
  return [...new Set([...before, ...replacements.flatMap(namesOf)])];
}

/** `text` with every stretch replaced. */
function replaceAll(text: string, replacements: readonly Replacement[]): string {
  const [first] = replacements;
  if (replacements.length === 1 && first) return text.slice(0, first.from) + first.by + text.slice(first.to);
  const kept: string[] = [];
  let position = 0;
  for (const { from, to, by } of replacements) {
    kept.push(text.slice(position, from), by);
    position = to;
  }
  kept.push(text.slice(position));
  return kept.join('');
}

/** `null`, booleans and nothing hold no secret, and an auditor may want them. */
export const isHarmless = (value: string): boolean => HARMLESS.has(value);

const HARMLESS: ReadonlySet<string> = new Set(['null', 'true', 'false', '']);
