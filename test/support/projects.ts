import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';

/** Test files by the project that runs them, relative to the repository's root. */
export interface TestFiles {
  /** Code alone. */
  readonly unit: string[];
  /** Real Redis, HTTP, TLS, processes, CloudFormation templates. */
  readonly system: string[];
  /** Simulated histories, mutants, and the like: minutes of CPU. */
  readonly simulation: string[];
}

/** What does not fit into a minute. */
const SIMULATIONS = [
  // Histories, wherever they are played.
  'test/chaos/**',
  '**/history.test.ts',
  // Whole deployments from the first to the last day, each several times.
  'test/demo.test.ts',
  'test/run/log-group-life.test.ts',
  // Waits for the retries of a Kong that fails, and of a Redis that is gone.
  'test/run/kong-fails.test.ts',
  'test/run/redis-gone.test.ts',
  // All that CDK makes: every template against CloudFormation's schemas, and the asset as it is deployed.
  'test/infra/validation.test.ts',
  'test/infra/asset.test.ts',
];
/** What makes a test a system test, be it imported by the test itself or by a helper under `test/`. */
const OUTSIDE = /^(node:(child_process|http2?|https)$|aws-cdk-lib\b)/;
/** A static import of more than types, on one line or more. */
const IMPORT = /^(?:import|export)\b(?! type\b)(?:[^';=(]*\bfrom)?\s*'([^']+)'/gm;

/**
 * Sorts every test file of the repository at `root` into its project. What a file imports decides, not its name or folder, so that a
 * test can be moved freely; only the simulations are told by folder and name.
 */
export function testFiles(root: string): TestFiles {
  const all = globSync('{test,vendor}/**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**'] });
  const simulation = all.filter((file) => SIMULATIONS.some((glob) => matchesGlob(file, glob)));
  const others = all.filter((file) => !simulation.includes(file));
  const system = others.filter((file) => reachesOutside(join(root, file), join(root, 'test'), new Set()));
  return { unit: others.filter((file) => !system.includes(file)), system, simulation };
}

/** @param helpers folder outside of which imports are not followed */
function reachesOutside(file: string, helpers: string, seen: Set<string>): boolean {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const imported = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => specifier);
  return imported.some((specifier) => {
    if (!specifier.startsWith('.')) return OUTSIDE.test(specifier);
    const path = join(dirname(file), specifier);
    return path.startsWith(helpers) && path.endsWith('.ts') && reachesOutside(path, helpers, seen);
  });
}
