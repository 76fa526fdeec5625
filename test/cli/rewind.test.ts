import { expect, test } from 'vitest';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const ANSWER = { status: 'ok', from: NOON - 3600, to: NOON - 7 * 86_400, rereadSeconds: 7 * 86_400 };
const TO = '2026-11-07T12:00:00Z';

test('says what will be read again, asks, and sets the checkpoint back', async () => {
  const cli = await operate({ isTTY: true, types: 'y\n', env: { NO_COLOR: '1' } });
  cli.fake.scripted.set('rewind', [ANSWER, ANSWER]);
  const { status, out, err } = await cli.run('rewind', '7d');
  expect(out).toContain('The checkpoint would go back from 2026-11-14 11:00:00 UTC to 2026-11-07 12:00:00 UTC.');
  expect(out).toContain('The next run would read 7d of the log again. What the ledger knows is not sent twice');
  expect(err).toContain('Set it back? [y/N]');
  expect(out).toContain('Done. The next scheduled run reads it; now: kong-audit run --watch');
  expect(status).toBe(0);
  expect(cli.asked()).toEqual([
    { mode: 'rewind', to: TO, dryRun: true },
    { mode: 'rewind', to: TO, dryRun: false },
  ]);
});

test.each(['n\n', '\n', 'nope\n'])('changes nothing when %j is the answer', async (types) => {
  const cli = await operate({ isTTY: true, types });
  cli.fake.scripted.set('rewind', [ANSWER]);
  const { status, err } = await cli.run('rewind', '7d');
  expect(err).toContain('Nothing was changed.');
  expect(status).toBe(1);
  expect(cli.asked()).toHaveLength(1);
});

test('--yes does not ask', async () => {
  const cli = await operate();
  cli.fake.scripted.set('rewind', [ANSWER, ANSWER]);
  expect(await cli.run('rewind', '7d', '--yes')).toMatchObject({ status: 0, err: '' });
});

test('where nobody can answer, it needs --yes', async () => {
  const cli = await operate();
  cli.fake.scripted.set('rewind', [ANSWER]);
  const { status, err } = await cli.run('rewind', '7d');
  expect(err).toContain('there is no terminal to ask at: give --yes, or --dry-run to only look');
  expect(status).toBe(2);
  expect(cli.asked()).toHaveLength(1);
});

test('--dry-run only looks', async () => {
  const cli = await operate();
  cli.fake.scripted.set('rewind', [ANSWER, ANSWER]);
  expect((await cli.run('rewind', '2026-11-07', '--dry-run')).status).toBe(0);
  expect((await cli.run('rewind', '2026-11-07', '--dry-run', '--json')).out).toBe(`${JSON.stringify(ANSWER)}\n`);
  expect(cli.asked().every(({ dryRun }) => dryRun === true)).toBe(true);
});

test('while a run holds the lock nothing is changed', async () => {
  const cli = await operate();
  cli.fake.scripted.set('rewind', [ANSWER, { status: 'skipped' }]);
  const { status, out } = await cli.run('rewind', '7d', '--yes');
  expect(out).toContain('Nothing was changed: a run holds the lock.');
  expect(status).toBe(1);
});
