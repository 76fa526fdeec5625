import { Duration } from 'aws-cdk-lib';

/**
 * A run peaks below 200 MB, whatever the size of the log (docs/benchmarks.md), and pages of 32 MB take more. Lambda gives CPU
 * by memory, 1769 MB being one vCPU, and a run is TLS, JSON and SHA-256: with 1024 MB it has the CPU to catch up within the
 * timeout, and an hourly run still costs cents a month.
 */
export const MEMORY_MB = 1024;

/** An upper bound on the cost of a hang more than a need: a first run may have 30 days of entries to read. */
export const TIMEOUT = Duration.minutes(15);

/** "The total size of all environment variables doesn't exceed 4 KB" (Lambda quotas). Lambda measures them as JSON. */
export const MAX_ENVIRONMENT_BYTES = 4096;
