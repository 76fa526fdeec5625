import { describe, expect, test } from 'vitest';
import { operate } from './support/operate.ts';

const RECORD = {
  id: 'b2f0c1d4',
  at: '2026-11-13T21:15:00Z',
  errorCode: 'FieldTooLong',
  errorMessage: 'requestParameters is longer than 100 kB',
  entry: { request_id: 'b2f0c1d4', method: 'PATCH', path: '/routes/orders-v1', payload: '{"token":"***"}' },
};
const INVALID = {
  id: 'sha-1',
  at: '2026-11-12T01:00:00Z',
  errorCode: 'InvalidEntry',
  errorMessage: 'no timestamp',
  entry: '{"odd"',
};
const page = (records: object[], more: object = {}) => ({ status: 'ok', size: records.length, records, ...more });
const summary = (more: object) => ({
  status: 'complete',
  mode: 'replay',
  fetched: 2,
  forwarded: 2,
  quarantined: 0,
  durationMs: 40,
  ...more,
});

describe('quarantine list', () => {
  test('is a table: what, since when, why', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [page([RECORD, INVALID])]);
    const { status, out } = await cli.run('quarantine', 'list');
    expect(out).toContain(`  id        since (UTC)          code          what and why
  b2f0c1d4  2026-11-13 21:15:00  FieldTooLong  PATCH /routes/orders-v1: requestParameters is longer than 100
                                               kB
  sha-1     2026-11-12 01:00:00  InvalidEntry  no timestamp`);
    expect(out).toContain('2 entries. Now it is 2026-11-14 12:00:00 UTC.');
    expect(out).toContain('kong-audit quarantine discard <id> --reason "…"');
    expect(status).toBe(0);
  });

  test('says that it is empty', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [page([]), page([])]);
    expect((await cli.run('quarantine', 'list')).out).toBe('The quarantine is empty.\n');
    expect((await cli.run('quarantine', 'list', '--code', 'InvalidData')).out).toBe(
      'Nothing in quarantine has the code InvalidData.\n',
    );
    expect(cli.asked()).toEqual([{ mode: 'quarantine' }, { mode: 'quarantine', errorCode: 'InvalidData' }]);
  });

  test('shows the newest page, says that there is more, and with --all goes through every page', async () => {
    const cli = await operate();
    const first = page([RECORD], { size: 2, cursor: 'next' });
    cli.fake.scripted.set('quarantine', [first, first, page([INVALID], { size: 2 })]);
    expect((await cli.run('quarantine', 'list')).out).toContain(
      '1 of 2 entries; all of them: kong-audit quarantine list --all',
    );
    const { out } = await cli.run('quarantine', 'list', '--all');
    expect(out).toContain('b2f0c1d4');
    expect(out).toContain('sha-1');
    expect(cli.asked().at(-1)).toEqual({ mode: 'quarantine', cursor: 'next' });
  });

  test('--json prints each page as it came', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [page([RECORD])]);
    expect((await cli.run('quarantine', 'list', '--json')).out).toBe(`${JSON.stringify(page([RECORD]))}\n`);
  });
});

describe('quarantine show', () => {
  test('gives all that is held of one entry', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [page([{ ...RECORD, payloadBytes: 120_000 }])]);
    const { status, out } = await cli.run('quarantine', 'show', 'b2f0c1d4');
    expect(out).toContain('Since         2026-11-13 21:15:00 UTC (14h 45m ago)');
    expect(out).toContain('payloadBytes  120000');
    expect(out).toContain('"path": "/routes/orders-v1"');
    expect(status).toBe(0);
    expect(cli.asked()).toEqual([{ mode: 'quarantine', ids: ['b2f0c1d4'] }]);
  });

  test('of an id that is not there is not good', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [page([])]);
    const { status, err } = await cli.run('quarantine', 'show', 'nope');
    expect(err).toContain('There is no nope in quarantine. What is there: kong-audit quarantine list');
    expect(status).toBe(1);
  });
});

describe('quarantine replay', () => {
  test('tries those named, or those with a code, or all', async () => {
    const cli = await operate();
    cli.fake.scripted.set('replay', [summary({}), summary({}), summary({})]);
    expect((await cli.run('quarantine', 'replay', 'a', 'b')).status).toBe(0);
    await cli.run('quarantine', 'replay', '--code', 'Throttling');
    const { out } = await cli.run('quarantine', 'replay');
    expect(out).toBe('Replay complete in 40 ms: 2 entries read, forwarded 2.\n');
    expect(cli.asked()).toEqual([
      { mode: 'replay', ids: ['a', 'b'] },
      { mode: 'replay', errorCode: 'Throttling' },
      { mode: 'replay' },
    ]);
  });

  test('is not good when an entry was refused again, or nothing was done', async () => {
    const cli = await operate();
    cli.fake.scripted.set('replay', [summary({ forwarded: 1, quarantined: 1 }), summary({ status: 'skipped' })]);
    const again = await cli.run('quarantine', 'replay');
    expect(again.status).toBe(1);
    expect(again.out).toContain('1 entry could not be sent: still in quarantine.\nWhy: kong-audit quarantine list');
    expect((await cli.run('quarantine', 'replay')).status).toBe(1);
  });
});

describe('quarantine discard', () => {
  test('hands over the reason and says what remains of it', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [{ status: 'ok', discarded: 1 }]);
    const { status, out } = await cli.run('quarantine', 'discard', 'sha-1', '--reason', 'test row of 12 November');
    expect(out).toBe("1 entry discarded. The function's log keeps reason, id and SHA-256 of each.\n");
    expect(status).toBe(0);
    expect(cli.asked()).toEqual([{ mode: 'quarantine', discard: ['sha-1'], reason: 'test row of 12 November' }]);
  });

  test('needs a reason that says something', async () => {
    const cli = await operate();
    const { status, err } = await cli.run('quarantine', 'discard', 'sha-1', '--reason', '  ');
    expect(err).toContain('--reason must say why');
    expect(status).toBe(2);
    expect(cli.asked()).toEqual([]);
  });

  test('of what is not there is not good', async () => {
    const cli = await operate();
    cli.fake.scripted.set('quarantine', [{ status: 'ok', discarded: 1 }, { status: 'skipped' }]);
    const some = await cli.run('quarantine', 'discard', 'a', 'b', '--reason', 'x');
    expect(some.out).toContain('1 of 2 entries discarded: the others are not in quarantine.');
    expect(some.status).toBe(1);
    const skipped = await cli.run('quarantine', 'discard', 'a', '--reason', 'x');
    expect(skipped.out).toContain('Nothing was discarded: a run holds the lock.');
    expect(skipped.status).toBe(1);
  });
});
