import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudTrailClient, GetQueryResultsCommandOutput, QueryStatus } from '@aws-sdk/client-cloudtrail';
import { toError, VerifyError } from '../../errors.ts';
import type { SinkReader, StoredEvent } from '../../pipeline/sink.ts';
import type { Window } from '../../pipeline/window.ts';

export interface LakeReaderOptions {
  /** Of the event data store. Its Region is asked. */
  readonly arn: string;
  readonly eventSource: string;
  /** The longest time between two looks at a query that is under way; the first ones follow sooner. @default 1000 */
  readonly pollMs?: number;
}

/** Most queries of one day are answered in a second. */
const FIRST_WAIT_MS = 100;

const UNDER_WAY: ReadonlySet<QueryStatus | undefined> = new Set<QueryStatus>(['QUEUED', 'RUNNING']);

/**
 * Asks CloudTrail Lake what it holds: one query for each window, bounded in time on both sides, for Lake bills by the bytes it
 * scans. Events of other sources in the same store are left out by their `eventSource`.
 *
 * Source: CloudTrail API reference, StartQuery, GetQueryResults, CancelQuery; user guide, "CloudTrail Lake SQL constraints".
 */
export function createLakeReader({ arn, eventSource, pollMs = 1000 }: LakeReaderOptions): SinkReader {
  const [, , , region = ''] = arn.split(':');
  return {
    async *uids(window, signal) {
      const { CloudTrailClient: Client } = await import('@aws-sdk/client-cloudtrail');
      const client = new Client({
        region,
        requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
      });
      try {
        yield* query(client, statement(arn, eventSource, window), pollMs, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof VerifyError ? error : unreadable(error, arn);
      } finally {
        client.destroy();
      }
    },
  };
}

export function statement(arn: string, eventSource: string, { after, before }: Window): string {
  const store = arn.split('/').at(-1) ?? '';
  const source = eventSource.replaceAll("'", "''");
  return (
    `SELECT eventID, eventData.UID FROM ${store} WHERE eventTime >= '${timestamp(after)}' ` +
    `AND eventTime < '${timestamp(before)}' AND eventData.eventSource = '${source}'`
  );
}

const timestamp = (second: number): string => new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ');

async function* query(
  client: CloudTrailClient,
  sql: string,
  pollMs: number,
  abortSignal: AbortSignal,
): AsyncGenerator<readonly StoredEvent[]> {
  const { CancelQueryCommand, GetQueryResultsCommand, StartQueryCommand } = await import('@aws-sdk/client-cloudtrail');
  const { QueryId } = await client.send(new StartQueryCommand({ QueryStatement: sql }), { abortSignal });
  let isUnderWay = true;
  let waitMs = Math.min(FIRST_WAIT_MS, pollMs);
  try {
    let page: GetQueryResultsCommandOutput | undefined;
    do {
      // While it runs, an answer has a part of the rows and a token of its own: only what is finished is read on.
      const next = isUnderWay ? undefined : page?.NextToken;
      page = await client.send(new GetQueryResultsCommand({ QueryId, MaxQueryResults: 1000, NextToken: next }), {
        abortSignal,
      });
      if (UNDER_WAY.has(page.QueryStatus)) {
        await sleep(waitMs, undefined, { signal: abortSignal });
        waitMs = Math.min(2 * waitMs, pollMs);
        continue;
      }
      isUnderWay = false;
      if (page.QueryStatus !== 'FINISHED') throw unfinished(page);
      yield (page.QueryResultRows ?? []).flatMap((cells) => toStored(cells));
    } while (page.NextToken !== undefined || isUnderWay);
  } finally {
    // Of a query that nobody waits for any more. It has a short time of its own, for the run's may be up.
    if (isUnderWay)
      await client
        .send(new CancelQueryCommand({ QueryId }), { abortSignal: AbortSignal.timeout(3000) })
        .catch(() => undefined);
  }
}

/** A row is a list of objects with one member each. */
function toStored(cells: readonly Readonly<Record<string, string>>[]): StoredEvent[] {
  let uid: string | undefined;
  let reference: string | undefined;
  for (const cell of cells)
    for (const [name, value] of Object.entries(cell))
      if (/^(eventdata\.)?uid$/i.test(name)) uid = value;
      else if (/^eventid$/i.test(name)) reference = value;
  return uid === undefined ? [] : [{ uid, reference: reference ?? 'unknown' }];
}

function unfinished({ QueryStatus: status, ErrorMessage: said }: GetQueryResultsCommandOutput): VerifyError {
  return new VerifyError(`Expected CloudTrail Lake to finish the query, got ${status}${said ? `: ${said}` : ''}.`, {
    fix:
      status === 'TIMED_OUT'
        ? 'Verify a shorter window.'
        : 'Run it again; if it goes on, look at the event data store and at the queries in the CloudTrail console.',
  });
}

function unreadable(cause: unknown, arn: string): VerifyError {
  const { name, message } = toError(cause);
  return new VerifyError(`The event data store ${arn} could not be asked: ${name}: ${message}.`, {
    fix: fixFor(name),
    cause,
  });
}

function fixFor(name: string): string {
  if (/AccessDenied|UnrecognizedClient|ExpiredToken|Credentials/.test(name))
    return 'The function’s role needs cloudtrail:StartQuery, GetQueryResults and CancelQuery on the event data store (context key eventDataStoreArn).';
  if (/EventDataStore/.test(name)) return 'Correct EVENT_DATA_STORE_ARN (context key eventDataStoreArn).';
  if (/MaxConcurrentQueries|Throttl/.test(name))
    return 'Other queries are using up what the account may run at once; try again later.';
  return 'The function needs a way to the CloudTrail API on 443: a NAT, or an interface endpoint for cloudtrail.';
}
