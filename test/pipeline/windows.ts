import fc from 'fast-check';
import { contains, type Window } from '../../lambda/pipeline/window.ts';

const LAST_SECOND = 60;

const kind = fc.oneof(
  { arbitrary: fc.constant({}), weight: 3 },
  fc.integer({ min: 1, max: 4 }).map((tries) => ({ tries })),
  { arbitrary: fc.constant({ again: true as const }), weight: 2 },
  fc.constant({ resend: true as const }),
);
const cursor = fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, fc.constantFrom({ cursor: 'a' }, { cursor: 'b' }));

/** A window of any kind, within the first minute. */
const anyWindow: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 10 }), kind, cursor)
  .map(([after, length, ofKind, at]) => ({ after, before: after + length, ...ofKind, ...at }));

export const anyWindows = fc.array(anyWindow, { maxLength: 10 });

/** The seconds of the first minute that lie in some of them. */
export function secondsOf(windows: readonly Window[]): number[] {
  const all = Array.from({ length: LAST_SECOND }, (_, second) => second);
  return all.filter((second) => windows.some((window) => contains(window, second)));
}
