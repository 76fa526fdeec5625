import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CheckpointError } from '../../lambda/errors.ts';
import { type Checkpoint, parseCheckpoint, stringifyCheckpoint } from '../../lambda/ledger/checkpoint.ts';
import { contains, isDue, isLeftOver, type Window } from '../../lambda/pipeline/window.ts';
import { offsetOf } from '../../lambda/sources/kong/cursor.ts';
import { checkpoint } from './harness.ts';

const PLACE = { key: 'kong-audit:{kong}:checkpoint', reset: 'redis-cli DEL it' };
const parse = (value: unknown): Checkpoint => parseCheckpoint(JSON.stringify(value), PLACE);

function refusal(text: string): CheckpointError {
  try {
    parseCheckpoint(text, PLACE);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error('the checkpoint was accepted');
}

describe('a checkpoint', () => {
  test('is read as it was written, with every member or with none', () => {
    expect(parseCheckpoint(stringifyCheckpoint(checkpoint), PLACE)).toEqual(checkpoint);
    const empty: Checkpoint = { format: 2, planned: null, pending: [] };
    expect(parseCheckpoint(stringifyCheckpoint(empty), PLACE)).toEqual(empty);
  });

  test.each<[string, object]>([
    ['a window upside down', { pending: [{ after: 5, before: 5 }] }],
    ['a window that begins before time', { pending: [{ after: -1, before: 5 }] }],
    ['half a second', { planned: 0.5 }],
    ['no number', { planned: NaN }],
    ['tries that are none', { pending: [{ after: 0, before: 5, tries: 0 }] }],
    ['an empty cursor', { pending: [{ after: 0, before: 5, cursor: '' }] }],
    ['a word that says nothing', { pending: [{ after: 0, before: 5, again: false }] }],
    ['an unknown member', { watermark: 1 }],
  ])('with %s is not written', (_, changes) => {
    const broken = { ...checkpoint, ...changes } as Checkpoint;
    expect(() => stringifyCheckpoint(broken)).toThrow(CheckpointError);
    expect(() => stringifyCheckpoint(broken)).toThrow(/could not be read back.+The one saved before it stays/s);
  });

  test.each([
    ['no JSON', '{"format":2,'],
    ['empty text', ''],
    ['null', 'null'],
    ['a text', '"checkpoint"'],
    ['a list', '[]'],
    ['an object without a format', '{}'],
    ['an older format than any', '{"format":0}'],
    ['a format that is no number', '{"format":"2"}'],
    ['format 2 with what only format 1 has', JSON.stringify({ ...checkpoint, fullScan: null })],
    ['format 1 with what only format 2 has', JSON.stringify({ ...checkpoint, format: 1 })],
    ['a window upside down', JSON.stringify({ ...checkpoint, pending: [{ after: 5, before: 5 }] })],
    ['an unknown key', JSON.stringify({ ...checkpoint, watermark: 1 })],
  ])('that is %s is refused, with what is stored and how to reset it', (_, text) => {
    const { message, fix } = refusal(text);
    expect(message).toMatch(
      /^Expected a checkpoint of format 2 at kong-audit:\{kong\}:checkpoint, but what is stored /,
    );
    expect(message).toContain(JSON.stringify(text.slice(0, 80)).slice(0, -1));
    expect(fix).toMatch(/^To reset it: redis-cli DEL it\. .+Nothing is lost/);
  });

  test('is shown by its beginning only, however long the garbage is', () => {
    expect(refusal('x'.repeat(1_000_000)).message.length).toBeLessThan(1000);
  });

  test('of a newer format is refused: an older program must not guess', () => {
    const { message } = refusal(JSON.stringify({ ...checkpoint, format: 3, more: true }));
    expect(message).toMatch(/has format 3; this version reads format 2\. A newer version.+Deploy that version again/);
  });
});

describe('a checkpoint of format 1', () => {
  const upgrade = (members: object): Checkpoint => parse({ format: 1, pending: [], fullScan: null, ...members });

  test('with nothing pending is only what was planned', () => {
    expect(upgrade({ planned: null })).toEqual({ format: 2, planned: null, pending: [] });
    expect(upgrade({ planned: 2001, plannedAt: 1990, settled: 2001 })).toEqual({
      format: 2,
      planned: 2001,
      plannedAt: 1990,
      pending: [],
    });
  });

  test('had no full scan in its first days', () => {
    expect(parse({ format: 1, planned: 5, pending: [{ after: 1, before: 5 }] })).toEqual({
      format: 2,
      planned: 5,
      pending: [{ after: 1, before: 5 }],
    });
  });

  test('what was settled once is only read again, what lies above is unread', () => {
    expect(upgrade({ planned: 2001, settled: 1001, pending: [{ after: 900, before: 2001 }] }).pending).toEqual([
      { after: 900, before: 1001, again: true },
      { after: 1001, before: 2001 },
    ]);
  });

  test('a backfill that resends stays one, whatever was settled', () => {
    const resend = { after: 10, before: 2001, resend: true };
    expect(upgrade({ planned: 2001, settled: 1001, pending: [resend] }).pending).toEqual([resend]);
  });

  test('a full scan under way goes on where it was, for what it covers, and nothing of that is read twice', () => {
    const covers = [{ after: 0, before: 1501 }];
    const fullScan = { offset: 'WyJ0b2tlbiJd', kongVersion: '3.4.0.0', covers };
    const { pending } = upgrade({ planned: 2001, settled: 0, pending: [{ after: 0, before: 2001 }], fullScan });
    const [scanned, rest] = pending;
    expect(pending).toEqual([
      { after: 0, before: 1501, cursor: expect.any(String) as string },
      { after: 1501, before: 2001 },
    ]);
    expect(offsetOf(scanned?.cursor, 'key', '3.4.0.0')).toBe('WyJ0b2tlbiJd');
    expect(offsetOf(scanned?.cursor, 'key', '3.4.3.8')).toBeNull();
    expect(rest).not.toHaveProperty('cursor');
  });

  const window = fc
    .tuple(fc.nat(40), fc.integer({ min: 1, max: 20 }), fc.boolean())
    .map(([after, length, resend]): Window => ({ after, before: after + length, ...(resend && { resend }) }));
  const format1 = fc.record({
    planned: fc.nat(60),
    settled: fc.nat(60),
    pending: fc.array(window, { maxLength: 5 }),
    covers: fc.option(fc.array(window, { maxLength: 3 })),
  });
  const secondsOf = (windows: readonly Window[]): readonly number[] =>
    Array.from({ length: 70 }, (_, second) => second).filter((second) => windows.some((one) => contains(one, second)));

  test('comes to the same seconds: none lost, none added, none below what was settled taken for unread', () => {
    fc.assert(
      fc.property(format1, ({ covers, settled, ...members }) => {
        const fullScan = covers && { offset: 'a', kongVersion: '3.3.0.0', covers };
        const { pending } = upgrade({ ...members, settled, fullScan });
        const asked = [...members.pending, ...(covers ?? [])];
        for (const resend of [undefined, true] as const)
          expect(secondsOf(pending.filter((one) => one.resend === resend))).toEqual(
            secondsOf(asked.filter((one) => one.resend === resend)),
          );
        const ordinary = asked.filter((one) => !one.resend);
        expect(secondsOf(pending.filter(isDue))).toEqual(secondsOf(ordinary).filter((second) => second >= settled));
        expect(pending.some(isLeftOver)).toBe(false);
      }),
    );
  });

  test('can be saved in the new format', () => {
    fc.assert(
      fc.property(format1, ({ covers, ...members }) => {
        const upgraded = upgrade({ ...members, fullScan: covers && { offset: 'a', kongVersion: '3.3.0.0', covers } });
        expect(parseCheckpoint(stringifyCheckpoint(upgraded), PLACE)).toEqual(upgraded);
      }),
    );
  });
});
