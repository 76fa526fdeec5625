import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { bundle } from '../../infra/bundle.ts';
import { existingServer, findRedisServer, NO_REDIS, startRedis } from './redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of `lambda-child.ts` as a bundle: a process starts in a third of the time, and runs what is deployed. */
    readonly lambdaChild: string;
    /** A server for all tests that keep to keys of their own; the one of `REDIS_URL` will do. */
    readonly redisUrl: string;
    /** A folder for what tests write. */
    readonly scratch: string;
  }
}

const CHILD = fileURLToPath(new URL('lambda-child.ts', import.meta.url));
const OUTDIR = fileURLToPath(new URL('../../dist/test/lambda-child', import.meta.url));

/** Before the first test of a project that needs the world outside. Without a Redis it says so once, and nothing is run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { REDIS_URL } = process.env;
  if (findRedisServer() === null && REDIS_URL === undefined) {
    // An error thrown here would come with Vitest's stack and the list of all test files.
    console.error(NO_REDIS);
    process.exit(1);
  }
  const redis = REDIS_URL === undefined ? await startRedis() : existingServer(REDIS_URL);
  const scratch = mkdtempSync(join(tmpdir(), 'tests-'));
  project.provide('lambdaChild', join(bundle(OUTDIR, CHILD), 'index.mjs'));
  project.provide('redisUrl', redis.url);
  project.provide('scratch', scratch);
  return async () => {
    rmSync(scratch, { recursive: true, force: true });
    await redis[Symbol.asyncDispose]();
  };
}
