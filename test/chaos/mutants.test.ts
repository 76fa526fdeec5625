import { describe, expect, test } from 'vitest';
import { hunt } from './mutate.ts';
import { MUTANTS } from './mutants.ts';

/** Of those that can show the bug at all. Most show within five; which ones changes with every change of the code. */
const HISTORIES = 60;

/** The simulation is worth something only if it notices what breaks the promise. */
describe('the simulation catches a forwarder that', () => {
  test.each(MUTANTS)(
    '$name',
    async (mutant) => {
      expect(await hunt(mutant, HISTORIES)).not.toBeNull();
    },
    300_000,
  );
});
