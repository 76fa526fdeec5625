import { describe, expect, test } from 'vitest';
import { readLakeSql } from './cloudtrail-lake-query-sql.ts';

const ID = '5c2f7a3e-8f0b-4f0e-9a55-0d7b1c2e3f40';

describe('readLakeSql', () => {
  test('reads every part', () => {
    const query = readLakeSql(`
      select distinct eventData.UID, eventdata.userIdentity.type as who, COUNT(*) AS copies, max(eventTime), count(distinct eventID)
      FROM ${ID}
      WHERE eventTime >= '2026-11-14 00:00:00' AND eventTime < timestamp '2026-11-15'
        AND eventData.eventSource = 'it''s' AND eventData.eventName in ('a', 'b') AND eventData.eventTime != '2026-11-14T00:00:00Z'
      GROUP BY eventData.uid, eventData.userIdentity.type HAVING COUNT(*) > 1
      ORDER BY copies DESC, eventData.UID LIMIT 10;`);
    expect(query).toEqual({
      distinct: true,
      select: [
        { name: 'UID', value: { kind: 'column', column: 'eventdata.uid' } },
        { name: 'who', value: { kind: 'column', column: 'eventdata.useridentity.type' } },
        { name: 'copies', value: { kind: 'count', column: null, distinct: false } },
        { name: '_col3', value: { kind: 'max', column: 'eventtime' } },
        { name: '_col4', value: { kind: 'count', column: 'eventid', distinct: true } },
      ],
      from: ID,
      where: [
        { column: 'eventtime', is: '>=', values: ['2026-11-14 00:00:00.000'] },
        { column: 'eventtime', is: '<', values: ['2026-11-15 00:00:00.000'] },
        { column: 'eventdata.eventsource', is: '=', values: ["it's"] },
        { column: 'eventdata.eventname', is: '=', values: ['a', 'b'] },
        { column: 'eventdata.eventtime', is: '<>', values: ['2026-11-14T00:00:00Z'] },
      ],
      groupBy: ['eventdata.uid', 'eventdata.useridentity.type'],
      having: [{ value: { kind: 'count', column: null, distinct: false }, is: '>', number: 1 }],
      orderBy: [
        { value: { kind: 'count', column: null, distinct: false }, descending: true },
        { value: { kind: 'column', column: 'eventdata.uid' }, descending: false },
      ],
      limit: 10,
    });
  });

  test.each([
    ['', 'expected SELECT'],
    ['DELETE FROM x', 'expected SELECT'],
    [`SELECT * FROM ${ID}`, 'expected a column'],
    [`SELECT eventID FROM events`, 'the id of an event data store'],
    [`SELECT eventID FROM "${ID}"`, 'cannot read'],
    [`SELECT eventID FROM ${ID} AS e`, 'expected the end, got AS'],
    [`SELECT eventID e FROM ${ID}`, 'expected FROM, got e'],
    [`SELECT eventData FROM ${ID}`, "column 'eventData' cannot be resolved"],
    [`SELECT UID FROM ${ID}`, "column 'UID' cannot be resolved"],
    [`SELECT eventData.requestId FROM ${ID}`, "column 'eventData.requestId' cannot be resolved"],
    [`SELECT constructor FROM ${ID}`, 'cannot be resolved'],
    [`SELECT eventID FROM ${ID} WHERE eventTime > '2026-11-14T00:00:00Z'`, "a time such as '2026-11-14 12:00:00'"],
    [`SELECT eventID FROM ${ID} WHERE eventTime > '2026-02-30 25:00:00'`, "a time such as '2026-11-14 12:00:00'"],
    [`SELECT eventID FROM ${ID} WHERE eventData.eventTime > '2026-11-14 00:00:00'`, 'compares wrongly'],
    [`SELECT eventID FROM ${ID} WHERE eventData.eventTime > timestamp '2026-11-14 00:00:00'`, 'is a string'],
    [`SELECT eventID FROM ${ID} WHERE eventTime > 1763078400`, 'a text in quotes'],
    [`SELECT eventID FROM ${ID} WHERE eventData.recipientAccountId = 111122223333`, 'a text in quotes'],
    [`SELECT eventID FROM ${ID} WHERE eventID = eventData.UID`, 'a text in quotes'],
    [`SELECT eventID FROM ${ID} WHERE eventID LIKE 'a%'`, 'a comparison'],
    [`SELECT eventID FROM ${ID} WHERE eventID = 'a' OR eventID = 'b'`, 'expected the end, got OR'],
    [`SELECT eventID FROM ${ID} WHERE (eventID = 'a')`, 'expected a column'],
    [`SELECT eventID FROM ${ID} WHERE eventID = 'a`, 'cannot read'],
    [`SELECT eventID, count(*) FROM ${ID}`, 'must be an aggregate expression or appear in GROUP BY'],
    [`SELECT eventID FROM ${ID} GROUP BY eventData.UID`, 'must be an aggregate expression or appear in GROUP BY'],
    [`SELECT count(*) AS n FROM ${ID} GROUP BY n`, 'cannot be resolved'],
    [`SELECT count(*) FROM ${ID} HAVING max(eventTime) > 1`, 'HAVING takes only COUNT'],
    [`SELECT DISTINCT eventData.UID FROM ${ID} ORDER BY eventTime`, 'must appear in select list'],
    [`SELECT sum(eventID) FROM ${ID}`, 'cannot be resolved'],
    [`SELECT eventID FROM ${ID} LIMIT 10 OFFSET 10`, 'expected the end, got OFFSET'],
    [`SELECT eventID FROM ${ID} -- all`, 'cannot read'],
    [`SELECT eventID FROM ${ID}; SELECT eventID FROM ${ID}`, 'expected the end'],
    [`SELECT eventID FROM ${ID} UNION SELECT eventID FROM ${ID}`, 'expected the end, got UNION'],
  ])('refuses %s', (statement, reason) => {
    expect(() => readLakeSql(statement)).toThrow(reason);
  });
});
