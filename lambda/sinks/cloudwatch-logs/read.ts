import * as z from 'zod';
import { VerifyError } from '../../errors.ts';
import type { SinkReader, StoredEvent } from '../../pipeline/sink.ts';
import type { Window } from '../../pipeline/window.ts';
import { describeAwsError, isCredentialsProblem } from '../aws-error.ts';
import type { Found, LogStream, Search } from './client.ts';
import { isMissing, missingGroup } from './problem.ts';
import { toReference } from './put.ts';
import { searches } from './searches.ts';

export interface LogReaderOptions {
  readonly stream: Pick<LogStream, 'find'>;
  readonly logGroup: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const lineSchema = z.object({ UID: z.string(), eventTime: z.string() });

/**
 * Finds lines by FilterLogEvents, newest first, wherever their log timestamp put them. What counts is the `eventTime` in the message.
 * Lines of the stream that are no events of this program are passed over.
 */
export function createLogReader(options: LogReaderOptions): SinkReader {
  return {
    async *uids(window, signal) {
      for (const search of searches(window, options.now()))
        for await (const lines of pages(search, signal, options)) {
          const found = lines.flatMap((line) => toStored(line, window));
          if (found.length > 0) yield found;
        }
    },
  };
}

type Line = NonNullable<Found['events']>[number];

/** A page without lines that has a token is not the last one. Where there is no stream, nothing was put yet. */
async function* pages(search: Search, signal: AbortSignal, options: LogReaderOptions): AsyncGenerator<readonly Line[]> {
  let nextToken: string | null | undefined;
  do {
    const found = await find({ ...search, ...(nextToken && { nextToken }) }, signal, options);
    if (found === null) return;
    yield found.events ?? [];
    ({ nextToken } = found);
  } while (nextToken);
}

async function find(
  search: Search,
  signal: AbortSignal,
  { stream, logGroup }: LogReaderOptions,
): Promise<Found | null> {
  signal.throwIfAborted();
  try {
    return await stream.find(search, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    if (isMissing(error, 'stream')) return null;
    if (isMissing(error)) throw missingGroup(logGroup, error);
    const { name, message } = describeAwsError(error);
    throw new VerifyError(`CloudWatch Logs did not say what ${logGroup} holds: ${name} ${message}.`, {
      cause: error,
      fix: isCredentialsProblem(error)
        ? `The function's role needs logs:FilterLogEvents on ${logGroup}:*.`
        : 'Nothing was changed by this. Ask again; if it goes on, look at the state of the AWS service and at the quota of FilterLogEvents.',
    });
  }
}

function toStored({ timestamp, message }: Line, { after, before }: Window): StoredEvent[] {
  const line = lineSchema.safeParse(parse(message)).data;
  const second = Date.parse(line?.eventTime ?? '') / 1000;
  return line && second >= after && second < before ? [{ uid: line.UID, reference: toReference(timestamp) }] : [];
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return null;
  }
}
