import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { testFiles } from './test/support/projects.ts';

const { unit, system, simulation } = testFiles(import.meta.dirname);
const world = { globalSetup: 'test/support/global-setup.ts' };

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    setupFiles: 'test/support/leave-no-trace.ts',
    // System tests wait for more than half of their time.
    maxWorkers: availableParallelism() + 3,
    // CDK's check against CloudFormation's schemas takes seconds in each process; test/infra/validation.test.ts turns it on.
    env: { CDK_VALIDATION: 'false' },
    projects: [
      { extends: true, test: { name: 'unit', include: unit, isolate: false } },
      { extends: true, test: { name: 'system', include: system, isolate: false, ...world } },
      // Each simulation takes two cores: alone, after all others.
      { extends: true, test: { name: 'simulation', include: simulation, ...world, sequence: { groupOrder: 1 } } },
    ],
  },
});
