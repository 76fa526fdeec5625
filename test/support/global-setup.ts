import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { bundle } from '../../infra/bundle.ts';
import { findRedisServer, NO_REDIS } from './redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of `lambda-child.ts` as a bundle: a process starts in a third of the time, and runs what is deployed. */
    readonly lambdaChild: string;
  }
}

const CHILD = fileURLToPath(new URL('lambda-child.ts', import.meta.url));
const OUTDIR = fileURLToPath(new URL('../../dist/test/lambda-child', import.meta.url));

/** Before the first test of a project that needs the world outside. Without a Redis it says so once, and nothing is run. */
export default function setup(project: TestProject): void {
  if (findRedisServer() === null && process.env['REDIS_URL'] === undefined) {
    // An error thrown here would come with Vitest's stack and the list of all test files.
    console.error(NO_REDIS);
    process.exit(1);
  }
  project.provide('lambdaChild', join(bundle(OUTDIR, CHILD), 'index.mjs'));
}
