import { describe, expect, test } from 'vitest';
import { hunt } from './mutate.ts';
import { MUTANTS } from './mutants.ts';

/** The simulation is worth something only if it notices what breaks the promise. */
describe('the simulation catches a forwarder that', () => {
  test.each(MUTANTS)(
    '$name',
    async (mutant) => {
      expect(await hunt(mutant, 200)).not.toBeNull();
    },
    120_000,
  );
});
