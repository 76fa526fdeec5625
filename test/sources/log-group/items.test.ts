import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindIds } from '../../../lambda/compose.ts';
import { createMemoryLedger } from '../../../lambda/ledger/memory.ts';
import { toItems } from '../../../lambda/sources/log-group/items.ts';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import type { LogEvent } from '../../../lambda/sources/log-group/log-event.ts';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { auditLine, nginxLine, readingLine } from './lines.ts';
import { logEvent } from './read.ts';

const format = nginx({ deriveErrorCode: false });
const CONFIG = { auditTtlSeconds: 604_800, ttlGraceSeconds: 3600 };

/** A ledger, and pages that are read with it. */
function open() {
  const clock = { now: 0 };
  const ledger = createMemoryLedger({ now: () => clock.now });
  const idsGiven = async (...page: LogEvent[]) =>
    (await toItems(page, format, bindIds(ledger, CONFIG))).items.map(({ id }) => id);
  return { clock, ledger, idsGiven };
}

let count = 0;
const line = (id: string, changes: object = {}): LogEvent => {
  count += 1;
  return logEvent(nginxLine({ http_x_request_id: id, ...changes }), { eventId: `event-${count}` });
};

describe('an id that a client chose', () => {
  test('is the line’s own while no other has it', async () => {
    const { idsGiven } = open();
    expect(await idsGiven(line('a'), line('b'))).toEqual(['a', 'b']);
  });

  test('is the older line’s where a page has two, which are newest first', async () => {
    const { idsGiven } = open();
    const [older, newer] = [line('a'), line('a', { request_method: 'POST' })];
    expect(await idsGiven(newer, older)).toEqual([`a-${newer.eventId}`, 'a']);
  });

  test('is the same at every reading, page by page, in whatever order, whatever came meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 }),
        async (readings) => {
          const { idsGiven } = open();
          // Twelve lines, three of them for each id.
          const lines = Array.from({ length: 12 }, (_, index) =>
            logEvent(nginxLine({ http_x_request_id: `id-${index % 4}`, request_uri: `/${index}` }), {
              eventId: `event-${index}`,
            }),
          );
          const known = new Map<number, string>();
          for (const reading of readings) {
            const page = [...new Set(reading)];
            const ids = await idsGiven(...page.flatMap((index) => lines[index] ?? []));
            page.forEach((index, at) => {
              const id = ids[at] ?? '';
              expect(known.get(index) ?? id).toBe(id);
              known.set(index, id);
            });
          }
          expect(new Set(known.values()).size).toBe(known.size);
          for (const [index, id] of known) expect([`id-${index % 4}`, `id-${index % 4}-event-${index}`]).toContain(id);
        },
      ),
    );
  });

  test('is one, where the very same line was delivered twice', async () => {
    const { idsGiven } = open();
    const once = line('a');
    expect(await idsGiven(once, { ...once, eventId: 'another' })).toEqual(['a', 'a']);
  });

  test('is another’s, where the same line comes at another time: it is another request', async () => {
    const { idsGiven } = open();
    const once = line('a');
    const again = { ...once, eventId: 'another', timestamp: once.timestamp + 1 };
    expect(await idsGiven(again, once)).toEqual(['a-another', 'a']);
  });

  test('that is already forwarded, and whose line nobody knows, is nobody’s', async () => {
    const { ledger, idsGiven } = open();
    await ledger.mark([{ id: 'a', value: 'an event', ttlSeconds: 60 }]);
    const late = line('a');
    expect(await idsGiven(late)).toEqual([`a-${late.eventId}`]);
    expect(await idsGiven(late)).toEqual([`a-${late.eventId}`]);
  });

  test('stays bound for longer than its mark lasts', async () => {
    const { clock, ledger, idsGiven } = open();
    const [first, second] = [line('a'), line('a', { request_method: 'POST' })];
    await idsGiven(first);
    await ledger.mark([{ id: 'a', value: 'an event', ttlSeconds: CONFIG.auditTtlSeconds + CONFIG.ttlGraceSeconds }]);
    clock.now += (CONFIG.auditTtlSeconds + CONFIG.ttlGraceSeconds + 900) * 1000;
    expect(await idsGiven(second, first)).toEqual([`a-${second.eventId}`, 'a']);
  });

  test('is the line’s own where there is no ledger', async () => {
    const [first, second] = [line('a'), line('a', { request_method: 'POST' })];
    const { items } = await toItems([second, first], format, undefined);
    expect(items.map(({ id }) => id)).toEqual(['a', 'a']);
  });

  test('is told apart also in a cluster’s log, where clients may send an Audit-ID', async () => {
    const kubernetes = kubernetesAudit(DEFAULT_SELECTION, 'prod');
    const { ledger } = open();
    const entries = ['patch', 'delete'].map((verb) =>
      logEvent(auditLine({ auditID: 'a', verb }), { eventId: `event-${verb}` }),
    );
    const read = async (rows: LogEvent[]) =>
      (await toItems(rows, kubernetes, bindIds(ledger, CONFIG))).items.map(({ id }) => id);
    expect(await read(entries.slice(0, 1))).toEqual(['a']);
    expect(await read(entries.toReversed())).toEqual(['a-event-delete', 'a']);
    // The same line, picked up once more by the agent.
    expect(await read(entries.slice(0, 1).map((row) => ({ ...row, eventId: 'x', timestamp: 5 })))).toEqual(['a']);
  });
});

describe('a page', () => {
  test('keeps its order, counts what was not wanted, and binds nothing for it', async () => {
    const { ledger } = open();
    const rows = [
      logEvent(readingLine(), { eventId: '1' }),
      logEvent('{"cut', { eventId: '2' }),
      logEvent(auditLine({ auditID: 'a' }), { eventId: '3' }),
      { message: 'no event' },
      logEvent(readingLine(), { eventId: '5' }),
    ];
    const { items, ignored } = await toItems(rows, kubernetesAudit(DEFAULT_SELECTION, 'prod'), bindIds(ledger, CONFIG));
    expect(items.map(({ id, valid }) => [id.slice(0, 5), valid])).toEqual([
      ['2', false],
      ['a', true],
      [expect.any(String), false],
    ]);
    expect(items[2]).toMatchObject({ second: null, reason: expect.stringContaining('eventId') as string });
    expect(ignored).toBe(2);
    expect(ledger.keys()).toEqual(['bound:a']);
  });

  test('without an id of a client’s choice asks the ledger for nothing', async () => {
    const bind = () => Promise.reject(new Error('not needed'));
    expect((await toItems([line('-'), logEvent('none')], format, bind)).items).toHaveLength(2);
  });
});
