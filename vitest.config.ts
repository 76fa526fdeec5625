import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { testFiles } from './test/support/projects.ts';

const { unit, system, simulation } = testFiles(import.meta.dirname);
// Processes and threads of the tests compile once what they share.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

const world = { globalSetup: 'test/support/global-setup.ts' };

export default defineConfig({
  test: {
    // Only for what hangs: on a machine with much else to do a test of two seconds takes half a minute.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: 'test/support/leave-no-trace.ts',
    // System tests wait for more than half of their time. Each more of them costs some seconds of CPU: it compiles and warms up for itself.
    maxWorkers: availableParallelism() + 2,
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
