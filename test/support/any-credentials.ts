import { afterAll, beforeAll, vi } from 'vitest';
import { stubAwsEnvironment } from './aws-environment.ts';

/** Lets the clients of a file's tests sign what they send; nobody looks at it. */
export function useAnyCredentials(): void {
  beforeAll(() => {
    stubAwsEnvironment({ AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
}
