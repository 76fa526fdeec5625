/** A source of numbers in [0, 1), like `Math.random` but repeatable. */
export type Random = () => number;

/**
 * A small seeded generator (mulberry32): the same seed gives the same sequence on every machine. Not for cryptography.
 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer in [0, `below`). */
export function integer(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** One of `items`. @throws {RangeError} there is none */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[integer(random, items.length)];
  if (item === undefined) throw new RangeError('pick() needs at least one item');
  return item;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `length` letters and digits, as Kong's request ids and tokens are. */
export function letters(random: Random, length: number): string {
  return text(random, LETTERS, length);
}

/** A version 4 UUID. */
export function uuid(random: Random): string {
  const hex = text(random, '0123456789abcdef', 30);
  const variant = pick(random, ['8', '9', 'a', 'b']);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(12, 15)}`, variant + hex.slice(15, 18), hex.slice(18)].join(
    '-',
  );
}

/** Made in one piece, not added letter by letter: such strings take many times the memory, and tables hold a million. */
function text(random: Random, alphabet: string, length: number): string {
  const codes: number[] = [];
  for (let index = 0; index < length; index += 1) codes.push(alphabet.charCodeAt(integer(random, alphabet.length)));
  return String.fromCharCode(...codes);
}
