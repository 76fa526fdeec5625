import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../lambda/errors.ts';
import type { Item } from '../../lambda/pipeline/activity.ts';
import { unseen, type UnseenDeps } from '../../lambda/pipeline/unseen.ts';
import { invalidItem, item } from '../support/item.ts';

/** What is unseen of `items`, where the ledger knows these outcomes. */
async function look(items: readonly Item[], known: Record<string, string> = {}, changes: Partial<UnseenDeps> = {}) {
  const asked: (readonly string[])[] = [];
  const deps: UnseenDeps = {
    ledger: {
      lookup: (ids) => {
        asked.push(ids);
        return Promise.resolve(ids.map((id) => known[id] ?? null));
      },
    },
    resends: () => false,
    claims: new Set(),
    tally: { own: 0, duplicates: 0 },
    ...changes,
  };
  const found = await unseen(items, deps);
  return { ids: found.map((one) => one.item.id), found, asked, claims: [...deps.claims], tally: deps.tally };
}

const items = (...ids: string[]) => ids.map((id) => item(id));

describe('unseen', () => {
  test('gives what has no outcome, in order, and counts the others, in one round trip', async () => {
    const known = { b: 'event-b', c: 'own', d: 'quarantined:X', f: 'logs:5' };
    const { ids, asked, claims, tally } = await look(items('a', 'b', 'c', 'd', 'e', 'f'), known);
    expect(ids).toEqual(['a', 'e']);
    expect(asked).toEqual([['a', 'b', 'c', 'd', 'e', 'f']]);
    expect(claims).toEqual(['a', 'e']);
    expect(tally).toEqual({ own: 1, duplicates: 3 });
  });

  test('gives of two rows with one id the one that can be sent, whichever comes first', async () => {
    for (const both of [
      [invalidItem('a'), item('a'), item('b')],
      [item('a'), invalidItem('a'), item('b')],
    ]) {
      const { found, tally, asked } = await look(both);
      expect(found.map((one) => [one.item.id, one.item.valid])).toEqual([
        ['a', true],
        ['b', true],
      ]);
      expect([tally.duplicates, asked]).toEqual([1, [['a', 'b']]]);
    }
  });

  test('gives an invalid one alone, after the valid ones', async () => {
    expect((await look([invalidItem('bad'), item('good')])).ids).toEqual(['good', 'bad']);
  });

  test('leaves out what another page is working on', async () => {
    const { ids, tally, claims } = await look(items('a', 'b'), {}, { claims: new Set(['a']) });
    expect([ids, tally.duplicates, claims]).toEqual([['b'], 1, ['a', 'b']]);
  });

  test('gives what is to be sent again whatever became of it, but never own requests', async () => {
    const known = { a: 'event-a', b: 'own', c: 'quarantined:X' };
    const { found, tally } = await look(items('a', 'b', 'c', 'd'), known, { resends: ({ id }) => id !== 'x' });
    expect(found.map((one) => [one.item.id, one.isKnown])).toEqual([
      ['a', true],
      ['c', true],
      ['d', false],
    ]);
    expect(tally).toEqual({ own: 1, duplicates: 0 });
  });

  test('claims nothing when the ledger does not answer', async () => {
    const claims = new Set(['other']);
    const ledger = { lookup: () => Promise.reject(new LedgerError('gone')) };
    await expect(look(items('a', 'b'), {}, { ledger, claims })).rejects.toThrow('gone');
    expect([...claims]).toEqual(['other']);
  });
});
