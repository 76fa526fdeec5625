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
  let text = '';
  for (let index = 0; index < length; index += 1) text += LETTERS.charAt(Math.floor(random() * LETTERS.length));
  return text;
}

/** A version 4 UUID. */
export function uuid(random: Random): string {
  const hex = (digits: number): string => {
    let text = '';
    for (let index = 0; index < digits; index += 1) text += integer(random, 16).toString(16);
    return text;
  };
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(random, ['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}
