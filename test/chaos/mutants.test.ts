import { describe, expect, test } from 'vitest';
import { hunt } from './mutate.ts';
import { MUTANTS } from './mutants.ts';

/**
 * The simulation is worth something only if it notices what breaks the promise. These bugs show within ten
 * histories; which ones changes with every change of the code.
 */
describe('the simulation catches a forwarder that', () => {
  test.each(MUTANTS)(
    '$name',
    async (mutant) => {
      expect(await hunt(mutant, 300)).not.toBeNull();
    },
    300_000,
  );
});
