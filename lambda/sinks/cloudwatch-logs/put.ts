import type { PutOutcome, PutResult, PutSignals } from '../../pipeline/sink.ts';
import { describeAwsError } from '../aws-error.ts';
import { type Attempt, putWithRetries, type RetryOptions } from '../put-with-retries.ts';
import type { LogStream, Rejected } from './client.ts';
import type { LogLine } from './event.ts';
import { toProblem } from './problem.ts';

export interface PutDeps extends PutSignals, RetryOptions {
  readonly stream: Pick<LogStream, 'put'>;
  /** Names the group where a user reads it. */
  readonly logGroup: string;
}

/**
 * Puts one batch, in order of time as the service demands, and says for each line what became of it. A batch refused as a whole is
 * halved until the lines that are to blame stand alone. Never throws.
 */
export async function put(lines: readonly LogLine[], deps: PutDeps): Promise<PutResult> {
  const { stream, logGroup, aborting } = deps;
  return await putWithRetries(lines, deps, async (batch) => {
    const sorted = batch.toSorted((a, b) => a.timestamp - b.timestamp);
    try {
      return answered(sorted, await stream.put(sorted, aborting), logGroup);
    } catch (error) {
      const { name: errorCode, message: errorMessage } = describeAwsError(error);
      return { problem: toProblem(error, logGroup), errorCode, errorMessage };
    }
  });
}

/** The service takes what it can of a batch, and answers 200 whatever it left out. */
function answered(sorted: readonly LogLine[], rejected: Rejected, logGroup: string): Attempt<LogLine> {
  const outcomes = new Map(sorted.map((line, index) => [line, outcomeOf(line, index, rejected, logGroup)]));
  return { outcomes, again: new Set(), stop: null };
}

function outcomeOf(line: LogLine, index: number, rejected: Rejected, logGroup: string): PutOutcome {
  const { tooOldLogEventEndIndex, expiredLogEventEndIndex, tooNewLogEventStartIndex } = rejected;
  if (index < (tooOldLogEventEndIndex ?? 0)) return tooOld(line);
  if (index < (expiredLogEventEndIndex ?? 0)) return expired(line, logGroup);
  if (index >= (tooNewLogEventStartIndex ?? Infinity)) return tooNew(line);
  return { kind: 'accepted', reference: toReference(line.timestamp) };
}

/** What the ledger keeps: with the `UID`, enough to find the line. */
export const toReference = (timestamp: number): string => `logs:${timestamp}`;

const at = ({ timestamp }: LogLine): string => `the log timestamp ${new Date(timestamp).toISOString()}`;

const tooOld = (line: LogLine): PutOutcome => ({
  kind: 'refused',
  errorCode: 'TooOldLogEvent',
  errorMessage: `CloudWatch Logs takes nothing older than 14 days, such as ${at(line)}. The function's clock must be behind: set it, then replay this entry.`,
});

const expired = (line: LogLine, logGroup: string): PutOutcome => ({
  kind: 'refused',
  errorCode: 'ExpiredLogEvent',
  errorMessage: `The retention of ${logGroup} is over for ${at(line)}. Set the group's retention to more than 14 days (context key retentionDays), then replay this entry.`,
});

const tooNew = (line: LogLine): PutOutcome => ({
  kind: 'not-taken',
  errorCode: 'TooNewLogEvent',
  errorMessage: `CloudWatch Logs takes nothing more than 2 hours ahead, such as ${at(line)}; it is put again later. The function's clock must be ahead.`,
});
