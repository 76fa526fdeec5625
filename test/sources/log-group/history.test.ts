import { describe, expect, test } from 'vitest';
import { useAnyCredentials } from '../../support/any-credentials.ts';
import { simulate } from './history/history.ts';

useAnyCredentials();

const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const HISTORIES = Number(process.env['HISTORIES'] ?? 120);

describe('histories of a log group', () => {
  test('lose no line, give each its id for good, and send nothing twice without need', async () => {
    let requests = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed += 1) {
      const history = await simulate(seed);
      requests += history.requests;
      expect(history.violations, `seed ${seed}\n${history.log.join('\n')}`).toEqual([]);
    }
    expect(requests).toBeGreaterThan(HISTORIES);
  }, 300_000);
});
