import { pick, type Random } from '../simulators/random.ts';

/**
 * What is wrong with an entry for as long as it exists: the sink, or the mapping, fails in this way whenever it meets it. The
 * entry's `workspace` begins with the name.
 */
export const FLAWS = {
  /** CloudTrail names it as never to be taken. */
  refused: { passes: false, request: false },
  /** Every request that holds it is refused as invalid. */
  poison: { passes: false, request: true },
  /** Every request that holds it is refused with an error that no document names. */
  unnamed: { passes: false, request: true },
  /** It fails with `InternalFailure`, or `Throttling`. */
  failing: { passes: true, request: false },
  throttled: { passes: true, request: false },
  /** It is in neither list of the answer, and not stored; or stored. */
  omitted: { passes: true, request: false },
  hidden: { passes: true, request: false },
  /** Every request that holds it fails with 500. */
  breaking: { passes: true, request: true },
  /** No request that holds it is answered; nothing of it is stored, or all of it. */
  silent: { passes: true, request: true },
  swallowed: { passes: true, request: true },
  /** Its payload takes long to map. */
  heavy: { passes: false, request: false },
} as const satisfies Record<string, { readonly passes: boolean; readonly request: boolean }>;

export type Flaw = keyof typeof FLAWS;
const NAMES = Object.keys(FLAWS) as readonly Flaw[];

/** Nothing but the mapping is slow with these. */
export const isDeliverable = (flaw: Flaw | null): boolean => flaw === null || flaw === 'heavy';

/** The flaw of the entry of this workspace; null for a usual one. */
export function flawOf(workspace: string | undefined): Flaw | null {
  const name = workspace?.slice(0, workspace.lastIndexOf('-'));
  return NAMES.find((flaw) => flaw === name) ?? null;
}

/** How often each flaw is met, of all entries. */
export type FlawShares = Readonly<Partial<Record<Flaw, number>>>;

/** Those that CloudTrail names are always there; of the others, in each history different ones, and sometimes many slow payloads. */
export function drawFlaws(random: Random): FlawShares {
  const share = pick(random, [0, 0.15, 0.4]);
  const others = NAMES.filter((flaw) => flaw !== 'refused' && flaw !== 'poison' && random() < share);
  const often = pick(random, [0.003, 0.01, 0.02]);
  const shares = Object.fromEntries(others.map((flaw) => [flaw, often]));
  return { refused: 0.004, poison: 0.004, ...shares, ...(random() < 0.1 && { heavy: 0.3 }) };
}

/** @param shares of each flaw; what is left over has none */
export function drawFlaw(random: Random, shares: FlawShares): Flaw | null {
  let chance = random();
  for (const [flaw, share] of Object.entries(shares)) {
    chance -= share;
    if (chance < 0) return flaw as Flaw;
  }
  return null;
}
