/** A deliberate bug: edits in a copy of `lambda/`. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly file: string;
  /** Must be there exactly once. */
  readonly search: string;
  readonly replace: string;
}

/** Each breaks the promise in a way that tests of single functions, or a run that goes well, may not show. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'marks before the put',
    edits: [
      {
        file: 'pipeline/deliver.ts',
        search: '  const result = await deps.sink.put(events, deps.signals);',
        replace: `  await deps.ledger.mark(parcels.map(({ item }) => ({ id: item.id, value: 'sent', ttlSeconds: deps.ttlSeconds(item) })));
  const result = await deps.sink.put(events, deps.signals);`,
      },
    ],
  },
  {
    name: 'never marks',
    edits: [{ file: 'pipeline/deliver.ts', search: '  await deps.ledger.mark(fresh);', replace: '' }],
  },
  {
    name: 'forgets what was left over',
    edits: [{ file: 'pipeline/drain.ts', search: 'tidy([...left, ...open])', replace: 'tidy([...left])' }],
  },
  {
    name: 'takes a page that was cut short for settled',
    edits: [
      {
        file: 'pipeline/forward.ts',
        search: 'left: isCutShort ? null : page.left',
        replace: 'left: page.left',
      },
    ],
  },
  {
    name: 'forgets what is pending when it plans',
    edits: [
      {
        file: 'pipeline/plan.ts',
        search: 'pending: tidy([...pending, ...windows.filter',
        replace: 'pending: tidy([...windows.filter',
      },
    ],
  },
  {
    name: 'plans without the overlap',
    edits: [
      { file: 'pipeline/plan.ts', search: 'overlapSeconds + (lead?.seconds ?? 0)', replace: '0 * overlapSeconds' },
    ],
  },
  {
    name: 'asks for further pages without the filters',
    edits: [
      {
        file: 'sources/kong/pages.ts',
        search: 'next = { ...query, size: Math.min(query.size, page.size * 2), offset: page.offset };',
        replace: 'next = { size: query.size, offset: page.offset };',
      },
    ],
  },
  {
    name: 'sends again in the same run what got no answer',
    edits: [
      {
        file: 'pipeline/deliver.ts',
        search: 'deps.traffic.spent.add(parcel.item.id);',
        replace: 'void parcel;',
      },
    ],
  },
  {
    name: 'never puts what is stuck into quarantine',
    edits: [
      {
        file: 'pipeline/forward.ts',
        search: 'export const MOST_TRIES = 5;',
        replace: 'export const MOST_TRIES = 1e9;',
      },
    ],
  },
  {
    name: 'works without the lock',
    edits: [
      {
        file: 'commands/run.ts',
        search: 'isLocked = await ledger.lock(deps.runId, deps.lockSeconds);',
        replace: 'isLocked = (await ledger.lock(deps.runId, deps.lockSeconds)) || true;',
      },
    ],
  },
];
