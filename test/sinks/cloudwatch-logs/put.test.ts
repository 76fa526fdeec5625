import { describe, expect, test } from 'vitest';
import type { PutResult } from '../../../lambda/pipeline/sink.ts';
import { activities, activity, AN_HOUR } from '../../support/activity.ts';
import { kinds, putAll } from '../harness.ts';
import { DAY, GROUP, HOUR, NOON, openLogs } from './harness.ts';

const codes = ({ outcomes }: PutResult) =>
  outcomes.map((outcome) => ('errorCode' in outcome ? outcome.errorCode : outcome.kind));

describe('a line that is taken', () => {
  test('has a reference that finds it', async () => {
    await using logs = await openLogs();
    const { outcomes } = await putAll(logs, [activity('a'), activity('old', { second: AN_HOUR - 60 })]);
    expect(outcomes).toEqual([
      { kind: 'accepted', reference: `logs:${AN_HOUR * 1000}` },
      { kind: 'accepted', reference: `logs:${AN_HOUR * 1000 - 60_000}` },
    ]);
  });

  test('is put in order of time, as the service demands', async () => {
    await using logs = await openLogs();
    const mixed = [3, 1, 4, 1, 5, 9, 2, 6].map((second, index) => activity(`e${index}`, { second: AN_HOUR + second }));
    expect(kinds(await putAll(logs, mixed))).toEqual(mixed.map(() => 'accepted'));
    expect(logs.stored()).toEqual(['e1', 'e3', 'e6', 'e0', 'e2', 'e4', 'e7', 'e5']);
    expect(logs.requests()).toBe(1);
  });

  test('may be thirty days old', async () => {
    await using logs = await openLogs();
    const old = activities(31).map((item, index) => ({ ...item, second: NOON / 1000 - index * 86_400 }));
    for (const item of old) expect(kinds(await putAll(logs, [item]))).toEqual(['accepted']);
    expect(logs.model.accepted.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b)[0]).toBe(
      NOON - 14 * DAY + HOUR,
    );
  });
});

describe('lines that the service leaves out of a batch', () => {
  test('are those past the group’s retention: refused, with the retention as what to change', async () => {
    await using logs = await openLogs();
    logs.model.setRetention(GROUP, 7);
    const weekAgo = (NOON - 7 * DAY) / 1000;
    const result = await putAll(logs, [
      activity('fresh', { second: weekAgo + 3600 }),
      activity('expired', { second: weekAgo - 3600 }),
    ]);
    expect(codes(result)).toEqual(['accepted', 'ExpiredLogEvent']);
    expect(result.outcomes[1]).toMatchObject({
      kind: 'refused',
      errorMessage: expect.stringMatching(/log-group:kong-audit.+2026-11-07T11:00:00.000Z.+retentionDays/) as string,
    });
    expect(logs.stored()).toEqual(['fresh']);
  });

  test('are those too old by the service’s clock: refused', async () => {
    await using logs = await openLogs();
    logs.clock.service = NOON + 2 * HOUR;
    const result = await putAll(logs, [
      activity('old', { second: 0 }),
      activity('in time', { second: (NOON - 14 * DAY + 3 * HOUR) / 1000 }),
    ]);
    expect(codes(result)).toEqual(['TooOldLogEvent', 'accepted']);
    expect(result.outcomes[0]).toMatchObject({ kind: 'refused' });
  });

  test('are those too far ahead by the service’s clock: they are taken later', async () => {
    await using logs = await openLogs();
    logs.clock.service = NOON - HOUR;
    const ahead = activity('ahead', { second: (NOON + 100 * 60_000) / 1000 });
    const result = await putAll(logs, [ahead, activity('now')]);
    expect(codes(result)).toEqual(['TooNewLogEvent', 'accepted']);
    expect(result.outcomes[0]).toMatchObject({ kind: 'not-taken' });
    logs.clock.service = NOON;
    expect(codes(await putAll(logs, [ahead]))).toEqual(['accepted']);
    expect(logs.stored()).toEqual(['now', 'ahead']);
  });

  test('are told apart in one answer, wherever they stand in the batch', async () => {
    await using logs = await openLogs();
    const info = { tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 3, tooNewLogEventStartIndex: 5 };
    logs.faults.next({ fault: 'rewrite', body: (body) => ({ ...(body as object), rejectedLogEventsInfo: info }) });
    // In order of time: e5 e4 e3 e2 e1 e0.
    expect(
      codes(
        await putAll(
          logs,
          activities(6).map((item, index) => ({ ...item, second: AN_HOUR - index })),
        ),
      ),
    ).toEqual(['TooNewLogEvent', 'accepted', 'accepted', 'ExpiredLogEvent', 'ExpiredLogEvent', 'TooOldLogEvent']);
  });

  test.each([
    { tooOldLogEventEndIndex: 'all' },
    { expiredLogEventEndIndex: -1 },
    { tooNewLogEventStartIndex: 0.5 },
    'all',
  ])('are not guessed at: %j', async (rejectedLogEventsInfo) => {
    await using logs = await openLogs();
    logs.faults.next({ fault: 'rewrite', body: () => ({ rejectedLogEventsInfo }) });
    expect(kinds(await putAll(logs, activities(2)))).toEqual(['unknown', 'unknown']);
  });
});

describe('a batch that the service refuses as a whole', () => {
  test('because its lines lie too far apart is split until they are taken', async () => {
    await using logs = await openLogs();
    const apart = activities(4).map((item, index) => ({ ...item, second: AN_HOUR - index * 50_000 }));
    expect(kinds(await putAll(logs, apart))).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(logs.requests()).toBe(3);
  });
});
