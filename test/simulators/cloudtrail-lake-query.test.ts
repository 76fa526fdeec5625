import {
  CancelQueryCommand,
  CloudTrailClient,
  DescribeQueryCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
  type GetQueryResultsCommandInput,
} from '@aws-sdk/client-cloudtrail';
import { CloudTrailDataClient, PutAuditEventsCommand } from '@aws-sdk/client-cloudtrail-data';
import { describe, expect, test } from 'vitest';
import { calling } from './aws-json.ts';
import { startCloudTrailLake, type CloudTrailLakeOptions } from './cloudtrail-lake-query.ts';
import { startCloudTrail } from './cloudtrail.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

const NOW = Date.UTC(2026, 10, 15) / 1000;
const DAY = 86_400;

/** A CloudTrail with a Lake behind it, both on a clock that stands still, and AWS's own clients. */
async function start(options: Partial<CloudTrailLakeOptions> = {}) {
  const clock = { now: NOW };
  const now = () => clock.now;
  const cloudTrail = await startCloudTrail({ now });
  const lake = await startCloudTrailLake({ now, accepted: cloudTrail.accepted, ...options });
  const common = { region: 'eu-central-1', credentials: EXAMPLE_CREDENTIALS, maxAttempts: 1 };
  const data = new CloudTrailDataClient({ ...common, endpoint: cloudTrail.url });
  const client = (credentials: Credentials = EXAMPLE_CREDENTIALS) =>
    new CloudTrailClient({ ...common, endpoint: lake.url, credentials });
  const aws = client();
  const id = lake.eventDataStoreArn.split('/').at(-1) ?? '';
  const query = async (statement: string) =>
    (await aws.send(new StartQueryCommand({ QueryStatement: statement.replace('$EDS', id) }))).QueryId ?? '';
  const results = (QueryId: string, input: Partial<GetQueryResultsCommandInput> = {}) =>
    aws.send(new GetQueryResultsCommand({ QueryId, ...input }));
  return {
    cloudTrail,
    lake,
    model: lake.model,
    clock,
    aws,
    client,
    query,
    results,
    /** Sends one event for each UID, `seconds` before now. */
    put: async (seconds: number, ...uids: readonly string[]) => {
      const { channelArn } = cloudTrail;
      const auditEvents = uids.map((UID, index) => ({ id: String(index), eventData: eventData(UID, NOW - seconds) }));
      await data.send(new PutAuditEventsCommand({ channelArn, auditEvents }));
    },
    /** Polls to the end, reads all pages, and gives the rows as objects. */
    rows: async (statement: string): Promise<Record<string, string>[]> => {
      const queryId = await query(statement);
      const found: Record<string, string>[] = [];
      let page = await results(queryId);
      while (page.QueryStatus !== 'FINISHED') page = await results(queryId);
      for (;;) {
        for (const row of page.QueryResultRows ?? []) found.push(Object.assign({}, ...row) as Record<string, string>);
        if (page.NextToken === undefined) return found;
        page = await results(queryId, { NextToken: page.NextToken });
      }
    },
    [Symbol.asyncDispose]: async () => {
      await lake.close();
      await cloudTrail.close();
    },
  };
}

function eventData(UID: string, second: number): string {
  return JSON.stringify({
    version: '3.9.1.0',
    userIdentity: { type: 'KongUser', principalId: 'ann' },
    eventSource: 'kong-gateway',
    eventName: 'GET/services',
    eventTime: new Date(second * 1000).toISOString().replace('.000Z', 'Z'),
    UID,
    recipientAccountId: '111122223333',
  });
}

const WINDOW = "eventTime >= '2026-11-14 00:00:00' AND eventTime < '2026-11-15 00:00:00'";

describe('a query', () => {
  test('finds what CloudTrail accepted, in the form that Lake gives it', async () => {
    await using lake = await start();
    await lake.put(1, 'in');
    await lake.put(0, 'too late');
    await lake.put(DAY + 1, 'too early');
    const statement = `SELECT eventData.UID, eventTime, eventData.eventTime AS sent, eventID FROM $EDS WHERE ${WINDOW} AND eventData.eventSource = 'kong-gateway'`;
    const [first] = lake.cloudTrail.accepted;
    expect(await lake.rows(statement)).toEqual([
      { UID: 'in', eventTime: '2026-11-14 23:59:59.000', sent: '2026-11-14T23:59:59Z', eventID: first?.eventID },
    ]);
    expect(await lake.rows(statement.replace('kong-gateway', 'other'))).toEqual([]);
  });

  test('counts, groups, sorts and limits', async () => {
    await using lake = await start();
    await lake.put(1, 'a', 'b', 'c');
    await lake.put(2, 'b', 'c');
    await lake.put(3, 'c');
    const where = `FROM $EDS WHERE ${WINDOW}`;
    expect(await lake.rows(`SELECT COUNT(*) ${where}`)).toEqual([{ _col0: '6' }]);
    expect(
      await lake.rows(
        `SELECT COUNT(DISTINCT eventData.UID) AS n, MIN(eventTime) AS first, MAX(eventTime) AS last ${where}`,
      ),
    ).toEqual([{ n: '3', first: '2026-11-14 23:59:57.000', last: '2026-11-14 23:59:59.000' }]);
    expect(
      await lake.rows(`SELECT eventData.UID, COUNT(*) AS copies ${where} GROUP BY eventData.UID ORDER BY copies DESC`),
    ).toEqual([
      { UID: 'c', copies: '3' },
      { UID: 'b', copies: '2' },
      { UID: 'a', copies: '1' },
    ]);
    const duplicates = `SELECT eventData.UID, COUNT(*) AS copies ${where} GROUP BY eventData.UID HAVING COUNT(*) > 1`;
    expect(await lake.rows(`${duplicates} ORDER BY eventData.UID`)).toMatchObject([{ UID: 'b' }, { UID: 'c' }]);
    expect(await lake.rows(`SELECT DISTINCT eventData.UID ${where} ORDER BY eventData.UID DESC LIMIT 2`)).toEqual([
      { UID: 'c' },
      { UID: 'b' },
    ]);
    expect(await lake.rows(`SELECT count(*), max(eventTime) ${where} AND eventID = 'none'`)).toEqual([
      { _col0: '0', _col1: '' },
    ]);
  });

  test('promises no order that it was not asked for', async () => {
    await using lake = await start();
    const uids = Array.from({ length: 20 }, (_, index) => String(index).padStart(2, '0'));
    await lake.put(1, ...uids);
    const found = (await lake.rows(`SELECT eventData.UID FROM $EDS WHERE ${WINDOW}`)).map(({ UID }) => UID);
    expect(found).not.toEqual(uids);
    expect(found.toSorted()).toEqual(uids);
  });

  test('reads what the bounds on eventTime let it read, and no bound on eventData makes it cheaper', async () => {
    await using lake = await start();
    await lake.put(1, 'a');
    await lake.put(DAY + 1, 'b');
    const scanned = async (where: string) => {
      const QueryId = await lake.query(`SELECT eventData.UID FROM $EDS WHERE ${where}`);
      const { QueryStatistics } = await lake.aws.send(new DescribeQueryCommand({ QueryId }));
      return [QueryStatistics?.EventsScanned, QueryStatistics?.EventsMatched];
    };
    expect(await scanned(WINDOW)).toEqual([1, 1]);
    expect(await scanned("eventData.eventTime >= '2026-11-14T00:00:00Z'")).toEqual([2, 1]);
  });

  test('finds events minutes after they were accepted, and none past retention', async () => {
    await using lake = await start({ visibleAfterSeconds: 300, retentionDays: 7 });
    await lake.put(1, 'a');
    await lake.put(7 * DAY, 'old');
    const all = "SELECT eventData.UID FROM $EDS WHERE eventTime > '2020-01-01'";
    expect(await lake.rows(all)).toEqual([]);
    lake.clock.now += 300;
    expect(await lake.rows(all)).toEqual([{ UID: 'a' }]);
  });
});

describe('the life of a query', () => {
  const statement = `SELECT eventData.UID FROM $EDS WHERE ${WINDOW}`;

  test('is queued, runs with a part of its rows, and finishes with all', async () => {
    await using lake = await start();
    await lake.put(1, 'a', 'b', 'c', 'd');
    const id = await lake.query(statement);
    expect(await lake.results(id)).toMatchObject({ QueryStatus: 'QUEUED', QueryResultRows: [] });
    const running = await lake.results(id);
    expect(running).toMatchObject({ QueryStatus: 'RUNNING', QueryStatistics: { TotalResultsCount: 2 } });
    expect(running.QueryResultRows).toHaveLength(2);
    expect(running.NextToken).toBeUndefined();
    const finished = await lake.results(id);
    expect(finished).toMatchObject({ QueryStatus: 'FINISHED', QueryStatistics: { ResultsCount: 4 } });
    expect(finished.QueryResultRows).toHaveLength(4);
    expect(lake.model.statements).toHaveLength(1);
  });

  test('takes its time', async () => {
    await using lake = await start({ looks: 0, queuedSeconds: 5, runningSeconds: 10 });
    const QueryId = await lake.query(statement);
    const status = async () => (await lake.aws.send(new DescribeQueryCommand({ QueryId }))).QueryStatus;
    expect(await status()).toBe('QUEUED');
    lake.clock.now += 5;
    expect(await status()).toBe('RUNNING');
    lake.clock.now += 10;
    expect(await status()).toBe('FINISHED');
    lake.clock.now += 7 * DAY;
    await expect(status()).rejects.toMatchObject({ name: 'QueryIdNotFoundException' });
  });

  test('comes in pages whose tokens belong to it', async () => {
    await using lake = await start({ looks: 0 });
    const uids = Array.from({ length: 5 }, (_, index) => String(index));
    await lake.put(1, ...uids);
    const id = await lake.query(`${statement} ORDER BY eventData.UID`);
    const first = await lake.results(id, { MaxQueryResults: 3 });
    expect(first.QueryStatistics).toMatchObject({ ResultsCount: 3, TotalResultsCount: 5 });
    const second = await lake.results(id, { MaxQueryResults: 3, NextToken: first.NextToken });
    expect(second.QueryResultRows).toEqual([[{ UID: '3' }], [{ UID: '4' }]]);
    expect(second.NextToken).toBeUndefined();
    const invalid = { name: 'InvalidNextTokenException' };
    const other = await lake.query(statement);
    await expect(lake.results(other, { MaxQueryResults: 3, NextToken: first.NextToken })).rejects.toMatchObject(
      invalid,
    );
    await expect(lake.results(id, { NextToken: first.NextToken })).rejects.toMatchObject(invalid);
    await expect(lake.results(id, { NextToken: 'made-up-by-the-test' })).rejects.toMatchObject(invalid);
    for (const MaxQueryResults of [0, 1001]) {
      await expect(lake.results(id, { MaxQueryResults })).rejects.toMatchObject({ name: 'InvalidMaxResultsException' });
    }
  });

  test('can be cut short', async () => {
    await using lake = await start();
    const QueryId = await lake.query(statement);
    const cancel = () => lake.aws.send(new CancelQueryCommand({ QueryId }));
    expect(await cancel()).toMatchObject({ QueryId, QueryStatus: 'CANCELLED' });
    expect(await lake.results(QueryId)).toMatchObject({ QueryStatus: 'CANCELLED', QueryResultRows: [] });
    await expect(cancel()).rejects.toMatchObject({ name: 'InactiveQueryException' });
  });

  test('ends badly where the test says so', async () => {
    await using lake = await start({ looks: 0 });
    await lake.put(1, 'a', 'b', 'c', 'd');
    lake.lake.faults.next({ fault: 'query', status: 'FAILED', message: 'no capacity' });
    const failed = await lake.results(await lake.query(statement));
    expect(failed).toMatchObject({ QueryStatus: 'FAILED', ErrorMessage: 'no capacity', QueryResultRows: [] });
    lake.lake.faults.next({ fault: 'query', status: 'TIMED_OUT', share: 0.5 });
    const timedOut = await lake.results(await lake.query(statement));
    expect(timedOut.QueryStatus).toBe('TIMED_OUT');
    expect(timedOut.QueryResultRows).toHaveLength(2);
    lake.lake.faults.next({ fault: 'query', status: 'RUNNING' });
    const stuck = await lake.query(statement);
    expect((await lake.results(stuck)).QueryStatus).toBe('RUNNING');
    lake.clock.now += 3600;
    expect((await lake.results(stuck)).QueryStatus).toBe('TIMED_OUT');
  });

  test('has ten places', async () => {
    await using lake = await start({ runningSeconds: 60 });
    const ids = await Promise.all(Array.from({ length: 10 }, () => lake.query(statement)));
    await expect(lake.query(statement)).rejects.toMatchObject({ name: 'MaxConcurrentQueriesException' });
    await lake.aws.send(new CancelQueryCommand({ QueryId: ids[0] }));
    await lake.query(statement);
    await expect(lake.query(statement)).rejects.toMatchObject({ name: 'MaxConcurrentQueriesException' });
    lake.clock.now += 60;
    await lake.query(statement);
  });
});

describe('refusals', () => {
  test('name what is wrong', async () => {
    await using lake = await start();
    const name = (expected: string) => ({ name: expected, $metadata: { httpStatusCode: 400 } });
    await expect(lake.query('SELECT * FROM $EDS')).rejects.toMatchObject(name('InvalidQueryStatementException'));
    const other = 'SELECT eventID FROM 00000000-0000-4000-8000-000000000000';
    await expect(lake.query(other)).rejects.toMatchObject(name('EventDataStoreNotFoundException'));
    await expect(lake.query(' '.repeat(10_001))).rejects.toMatchObject(name('InvalidParameterException'));
    const unknown = lake.results('00000000-0000-4000-8000-000000000000');
    await expect(unknown).rejects.toMatchObject(name('QueryIdNotFoundException'));
    const id = await lake.query('SELECT eventID FROM $EDS');
    const elsewhere = lake.results(id, { EventDataStore: 'other' });
    await expect(elsewhere).rejects.toMatchObject(name('EventDataStoreNotFoundException'));
    expect(await lake.results(id, { EventDataStore: lake.lake.eventDataStoreArn })).toMatchObject({
      QueryStatus: 'QUEUED',
    });
    lake.model.settings.inactive = true;
    const inactive = lake.query('SELECT eventID FROM $EDS');
    await expect(inactive).rejects.toMatchObject(name('InactiveEventDataStoreException'));
    lake.model.settings.denied = ['StartQuery'];
    await expect(lake.query('SELECT eventID FROM $EDS')).rejects.toMatchObject(name('AccessDeniedException'));
  });

  test('meet strangers, hasty callers and bad days', async () => {
    await using lake = await start({ callsPerSecond: { GetQueryResults: 1 } });
    const stranger = lake.client({ ...EXAMPLE_CREDENTIALS, secretAccessKey: 'wrong' });
    const QueryId = await lake.query('SELECT eventID FROM $EDS');
    await expect(stranger.send(new GetQueryResultsCommand({ QueryId }))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    await lake.results(QueryId);
    await expect(lake.results(QueryId)).rejects.toMatchObject({ name: 'ThrottlingException' });
    lake.lake.faults.next({ fault: 'error', code: 'ConflictException' }, { match: calling('CancelQuery') });
    const cancel = lake.aws.send(new CancelQueryCommand({ QueryId }));
    await expect(cancel).rejects.toMatchObject({ name: 'ConflictException' });
    lake.lake.faults.next({ fault: 'reset', at: 'before-headers' });
    await expect(lake.query('SELECT eventID FROM $EDS')).rejects.toThrow();
    expect(lake.model.statements).toHaveLength(2);
  });
});
