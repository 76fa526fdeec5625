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
        file: 'deliver.ts',
        search: '  const { outcomes, stop } = await deps.put(group.map(({ event }) => event));',
        replace: `  await deps.ledger.mark(
    group.map(({ entry }) => ({ id: entry.id, value: 'sent', ttlSeconds: deps.ttlSeconds(entry) })),
  );
  const { outcomes, stop } = await deps.put(group.map(({ event }) => event));`,
      },
    ],
  },
  {
    name: 'drops a window before all of it is settled',
    edits: [{ file: 'drain.ts', search: '    const left = hull(unread, open);', replace: '    const left = unread;' }],
  },
  {
    name: 'drops the windows when it plans the next one',
    edits: [
      { file: 'plan.ts', search: '    pending: merge([...pending, window]),', replace: '    pending: [window],' },
    ],
  },
  {
    name: 'asks for further pages without the filters',
    edits: [
      {
        file: 'kong/scan.ts',
        search: '    next = { ...query, size: Math.min(query.size, page.size * 2), offset: page.offset };',
        replace: '    next = { size: query.size, offset: page.offset };',
      },
    ],
  },
  {
    name: 'takes the first page for the whole log',
    edits: [
      {
        file: 'kong/scan.ts',
        search: '    if (page.offset === null) return;\n    if (page.offset === next.offset)',
        replace: '    if (page.offset !== null) return;\n    if (page.offset === next.offset)',
      },
    ],
  },
  {
    name: 'marks what failed',
    edits: [
      {
        file: 'cloudtrail/put.ts',
        search: "outcomes.set(id, { kind: 'undelivered', reason: `${errorCode}: ${message}` });",
        replace: "outcomes.set(id, { kind: 'accepted', eventID: errorCode });",
      },
    ],
  },
  {
    name: 'takes what is in neither list for accepted',
    edits: [
      {
        file: 'cloudtrail/put.ts',
        search: "    leave(batch, 'CloudTrail answered with this event neither in successful nor in failed');",
        replace: "    for (const { id } of batch) outcomes.set(id, { kind: 'accepted', eventID: id });",
      },
    ],
  },
  {
    name: 'takes a put that failed as a whole for settled',
    edits: [
      {
        file: 'deliver.ts',
        search: "    else if (outcome?.kind === 'refused') refused.push({ entry, ...outcome });",
        replace: `    else if (outcome?.kind === 'refused') refused.push({ entry, ...outcome });
    else if (outcome) done(entry);`,
      },
    ],
  },
  {
    name: 'works without the lock',
    edits: [
      {
        file: 'run.ts',
        search: '    locked = dryRun || (await deps.ledger.lock(deps.runId, deps.lockSeconds));',
        replace: '    locked = true;',
      },
      // The ledger would refuse to save.
      { file: 'ledger/memory.ts', search: '      if (holder !== runId) throw lockLost(runId, holder);', replace: '' },
    ],
  },
  {
    name: 'never takes the lock, so that nothing is ever saved',
    edits: [
      {
        file: 'run.ts',
        search: '    locked = dryRun || (await deps.ledger.lock(deps.runId, deps.lockSeconds));',
        replace: '    locked = true;',
      },
    ],
  },
  {
    name: 'forgets marks without waiting for the grace',
    edits: [
      {
        file: 'run.ts',
        search: 'Math.max(0, ttlSeconds ?? config.auditTtlSeconds) + config.ttlGraceSeconds,',
        replace: 'Math.max(0, ttlSeconds ?? config.auditTtlSeconds),',
      },
    ],
  },
  {
    name: 'never forgets marks',
    edits: [
      {
        file: 'run.ts',
        search: 'Math.max(0, ttlSeconds ?? config.auditTtlSeconds) + config.ttlGraceSeconds,',
        replace: 'config.auditTtlSeconds * 2 + config.ttlGraceSeconds,',
      },
    ],
  },
  {
    name: 'plans without the overlap',
    edits: [
      {
        file: 'window.ts',
        search: 'last.planned - overlapSeconds - ',
        replace: 'last.planned - ',
      },
    ],
  },
  {
    name: 'gives up the lowest second of a page that may be cut in two',
    edits: [
      {
        file: 'kong/scan.ts',
        search: 'before: Math.min(lowest + 1, window.before) },',
        replace: 'before: Math.min(lowest, window.before) },',
      },
    ],
  },
  {
    name: 'takes everybody’s reading of the audit log for its own',
    edits: [
      {
        file: 'unseen.ts',
        search: '    const outcome = outcomes[index] ?? null;',
        replace: `    const mine = entry.valid && entry.path.startsWith('/audit/requests');
    const outcome = mine ? OWN : (outcomes[index] ?? null);`,
      },
    ],
  },
  {
    name: 'marks what is refused without keeping a record',
    edits: [
      {
        file: 'quarantine.ts',
        search: '  await deps.ledger.quarantine(\n    refused',
        replace: '  await Promise.all(\n    refused',
      },
    ],
  },
  {
    name: 'saves the offset of a full scan though an entry before it is open',
    edits: [
      {
        file: 'drain.ts',
        search: "    } else if (rest.kind === 'offset' && !open) {",
        replace: "    } else if (rest.kind === 'offset') {",
      },
    ],
  },
  {
    name: 'drops the windows at the end of a full scan though an entry is open',
    edits: [
      {
        file: 'drain.ts',
        search: '      const left = [...subtract(progress.current().pending, covers), ...(open ? [open] : [])];',
        replace: '      const left = subtract(progress.current().pending, covers);\n      open = null;',
      },
    ],
  },
  {
    name: 'overlooks that the node it asked was ahead',
    edits: [
      {
        file: 'window.ts',
        search: '  return planned + elapsed - (kongNow + 1);',
        replace: '  return planned + elapsed * 0 - (kongNow + 1);',
      },
    ],
  },
  {
    name: 'takes an empty page for the end of a full scan',
    edits: [
      {
        file: 'kong/scan.ts',
        search: '      if (page.endedEarly !== null) {\n        if (restarted)',
        replace: '      if (page.endedEarly?.status === 400) {\n        if (restarted)',
      },
    ],
  },
  {
    name: 'counts the age of a replayed record from its latest refusal',
    edits: [{ file: 'replay.ts', search: 'at: records.get(entry.id)?.at ?? record.at', replace: 'at: record.at' }],
  },
];
