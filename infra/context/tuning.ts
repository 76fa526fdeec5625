import { Duration } from 'aws-cdk-lib';
import { z } from 'zod';
import { given } from '../constructs/given.ts';
import type { ForwarderTuning } from '../constructs/tuning.ts';
import type { DeploymentConfig } from './schema.ts';
import * as value from './values.ts';

/** Keys that tune the function; each is in capitals the variable that it sets. */
export const tuningKeys = {
  overlapSeconds: value.wholeNumber.exactOptional(),
  auditTtlSeconds: value.wholeNumber.exactOptional(),
  ttlGraceSeconds: value.wholeNumber.exactOptional(),
  putConcurrency: value.wholeNumber.exactOptional(),
  putCallsPerSecond: value.wholeNumber.exactOptional(),
  deadlineReserveMs: value.wholeNumber.exactOptional(),
  ignoreMethods: value.commaList.exactOptional(),
  // Not a comma list: a regular expression may have commas of its own, which the function knows to tell apart.
  ignorePaths: z.string().exactOptional(),
  deriveErrorCode: value.flag.exactOptional(),
  eventSource: z.string().exactOptional(),
  redactKeys: z.string().exactOptional(),
  logLevel: z
    .string()
    .toUpperCase()
    .pipe(value.oneOf(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SILENT']))
    .exactOptional(),
};

/** Their names. */
export const TUNING_KEYS: readonly string[] = Object.keys(tuningKeys);

/** The tuning that `config` asks for, in the units of the construct. */
export function tuningOf(config: DeploymentConfig): ForwarderTuning {
  const seconds = (amount: number | undefined) => (amount === undefined ? undefined : Duration.seconds(amount));
  const { putConcurrency, putCallsPerSecond, ignoreMethods, ignorePaths, deriveErrorCode } = config;
  const { eventSource, redactKeys, logLevel, deadlineReserveMs } = config;
  return given({
    overlap: seconds(config.overlapSeconds),
    auditTtl: seconds(config.auditTtlSeconds),
    ttlGrace: seconds(config.ttlGraceSeconds),
    deadlineReserve: deadlineReserveMs === undefined ? undefined : Duration.millis(deadlineReserveMs),
    putConcurrency,
    putCallsPerSecond,
    ignoreMethods,
    ignorePaths: ignorePaths === undefined ? undefined : [ignorePaths],
    deriveErrorCode,
    eventSource,
    redactKeys,
    logLevel,
  });
}
