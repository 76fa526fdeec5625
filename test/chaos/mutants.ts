import type { Profile } from './profile.ts';

/** A deliberate bug: edits in a copy of `lambda/`. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Which histories can show it at all. Default: every one. */
  readonly shows?: (profile: Profile) => boolean;
}

export interface Edit {
  readonly file: string;
  /** Must be there exactly once. */
  readonly search: string;
  readonly replace: string;
}

/**
 * Each breaks the promise in a way that tests of single functions, or a run that goes well, may not show. Beside the ten that break its
 * foundations there is one for everything that was seen to starve, double or be silent before the drain was redesigned.
 *
 * Two of those are not played here:
 *
 * - `OVERLAP_SECONDS=0`: the simulation does not judge what is written within a few seconds of a plan. test/config.test.ts keeps the
 *   setting at 1 or more; "plans without the overlap" shows what no overlap costs.
 * - An invocation nested 20,000 deep never reaches a run: test/invocation.test.ts.
 */
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
    shows: ({ rates }) => (rates['kong refuses the offset'] ?? 0) > 0 && (rates['put answer lost'] ?? 0) > 0.02,
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
      { file: 'ledger/memory.ts', search: 'if (holder !== runId) throw lockLost(runId, holder);', replace: '' },
    ],
  },
  // One entry that always fails, and a backlog longer than one run reads.
  {
    name: 'stretches what is pending over what was left over and what is unread',
    edits: [
      {
        file: 'pipeline/drain.ts',
        search: 'const pending = tidy([...left, ...open]);',
        replace: `const all = [...left, ...open];
      const hull = { after: Math.min(...all.map((w) => w.after)), before: Math.max(...all.map((w) => w.before)) };
      const pending = open.length > 0 ? [hull] : tidy(all);`,
      },
    ],
  },
  // A log longer than one run reads, of a Kong that cannot filter; nothing else is wrong.
  {
    name: 'begins a scan, newest first, at the top in every run',
    shows: ({ versions, backlogRows, scan }) => versions[0] === '3.4.3.8' && backlogRows > 0 && scan === 'auto',
    edits: [
      {
        file: 'sources/kong/newest-first.ts',
        search: "withOffset(rest, 'time', version, page.offset)",
        replace: 'rest.map(withoutCursor)',
      },
    ],
  },
  // One entry for which the whole request is refused with an error that no document names.
  {
    name: 'stops for a request that is refused with an error it does not know',
    edits: [
      {
        file: 'sinks/put-with-retries.ts',
        search: '        if (batch.length > 1) return await halve(batch);',
        replace: "        if (batch.length > 1 && problem.kind === 'poison') return await halve(batch);",
      },
    ],
  },
  // Two nodes whose clocks are hours apart, answering in turn.
  {
    name: 'forgets how far the clock of a node was ahead',
    shows: ({ skews, isInTurn, overlapSeconds }) => isInTurn && Math.abs(skews[1] ?? 0) > overlapSeconds,
    edits: [
      {
        file: 'pipeline/plan.ts',
        search: 'const known = knownLead(checkpoint, ownNow);',
        replace: 'const known = undefined as Checkpoint["lead"];',
      },
    ],
  },
  // Offsets go bad: 500 or 404, where 400 was expected.
  {
    name: 'keeps a saved offset that Kong answers with an error',
    edits: [
      {
        file: 'sources/kong/full-scan.ts',
        search: 'if (offset !== null && !begun && isRefusal(error)) return false;',
        replace: 'if (offset !== null && !begun && error instanceof OffsetRefused) return false;',
      },
    ],
  },
  {
    name: 'keeps a saved offset, newest first, that Kong answers with an error',
    shows: ({ versions, backlogRows, scan }) => versions[0] === '3.4.3.8' && backlogRows > 0 && scan === 'auto',
    edits: [
      {
        file: 'sources/kong/newest-first.ts',
        search: 'if (offset !== null && !begun && isRefusal(error)) throw new SavedOffsetRefused();',
        replace: 'if (offset !== null && !begun && error instanceof OffsetRefused) throw new SavedOffsetRefused();',
      },
    ],
  },
  // A resend, and something in it that is stuck.
  {
    name: 'resends a window as long as it holds something that is left over',
    shows: ({ resendsAtEnd }) => resendsAtEnd,
    edits: [
      {
        file: 'pipeline/drain.ts',
        search: 'tidy([...left, ...open])',
        replace: 'tidy([...left, ...open, ...(open.length > 0 ? todo.filter(({ resend }) => resend) : [])])',
      },
    ],
  },
  // Two entries that keep failing, far apart.
  {
    name: 'reads what lies between two that are left over',
    edits: [{ file: 'pipeline/tidy.ts', search: 'MOST_LEFT_OVERS = 1000', replace: 'MOST_LEFT_OVERS = 1' }],
  },
  // The sink accepts, but answers after 10.5 seconds; or accepts, and breaks the connection.
  {
    name: 'gives up a put after 10 seconds',
    shows: ({ putSeconds }) => putSeconds > 10,
    edits: [
      {
        file: 'sinks/cloudtrail-lake/client.ts',
        search: '{ attemptTimeoutMs = 30_000 }',
        replace: '{ attemptTimeoutMs = 10_000 }',
      },
    ],
  },
  {
    name: 'lets the SDK send again what may have been delivered',
    edits: [
      {
        file: 'sinks/aws-attempt.ts',
        search: 'throw isAnswered(error) || isNotConnected(error) ? error : unanswered(error);',
        replace: 'throw error;',
      },
    ],
  },
  // The sink fails for all, for hours.
  {
    name: 'goes on asking a sink that is down',
    shows: ({ rates, putConcurrency }) => (rates.outage ?? 0) > 0 && putConcurrency <= 2,
    edits: [
      {
        file: 'pipeline/traffic.ts',
        search: 'if (failedPuts < firstPuts) return;',
        replace: 'return;',
      },
      {
        file: 'pipeline/traffic.ts',
        search: "if (how === 'taken' || isUp || failure || stopping.aborted) release();",
        replace: 'release();',
      },
    ],
  },
  // Payloads that cost time.
  {
    name: 'does not look at the time while it maps',
    shows: ({ flaws, pageSize }) => flaws.heavy === 0.3 && pageSize === 500,
    edits: [
      {
        file: 'pipeline/turns.ts',
        search: 'if (now() - turnedAt < SLICE_MS) return undefined;',
        replace: 'return undefined;',
      },
    ],
  },
  {
    name: 'waits for a full batch, however long that takes',
    shows: ({ flaws, pageSize, budgetSeconds }) => flaws.heavy === 0.3 && pageSize === 500 && budgetSeconds === 30,
    edits: [{ file: 'pipeline/deliver.ts', search: 'LONGEST_MAPPING_MS = 1000', replace: 'LONGEST_MAPPING_MS = 1e6' }],
  },
  // PUT_CALLS_PER_SECOND=1 with PUT_CONCURRENCY=20.
  {
    name: 'waits for the rate limit beyond its deadline',
    shows: ({ callsPerSecond, eventsPerPut, putConcurrency }) =>
      callsPerSecond === 1 && eventsPerPut === 5 && putConcurrency === 20,
    edits: [
      { file: 'sinks/aws-attempt.ts', search: ', strict: true, signal: stopping }', replace: ', strict: true }' },
    ],
  },
  // Redis fails over and loses the last writes.
  {
    name: 'does not ask whether a quarantine record is still there',
    shows: ({ rates }) => (rates['ledger failover'] ?? 0) > 0.1 && (rates['event refused'] ?? 0) > 0.02,
    edits: [{ file: 'pipeline/progress.ts', search: 'confirming.map(({ id }) => id),', replace: '[],' }],
  },
  // An answer that never comes, one that drips, and pages without end.
  {
    name: 'says nothing when the source gave no page',
    edits: [
      {
        file: 'pipeline/drain.ts',
        search: 'if (settled === 0 && isInterruption(signals.stopping.reason))',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'waits for an answer as long as it drips',
    shows: ({ rates, budgetSeconds }) => (rates['kong drips'] ?? 0) > 0 && budgetSeconds === 900,
    edits: [
      {
        file: 'sources/kong/client.ts',
        search: 'AbortSignal.any([aborting, AbortSignal.timeout(answerTimeoutMs)])',
        replace: 'aborting',
      },
    ],
  },
  {
    name: 'reads empty pages without end',
    shows: ({ rates }) => (rates['kong empty pages without end'] ?? 0) > 0.05,
    edits: [
      {
        file: 'sources/kong/pages.ts',
        search: 'if (emptyInARow === MOST_EMPTY_PAGES) throw endless(kong);',
        replace: '',
      },
    ],
  },
  // The deadline comes while Kong answers.
  {
    name: 'aborts its last request before it has learnt its id',
    shows: ({ rates, budgetSeconds }) => (rates.deadline ?? 0) > 0.1 && budgetSeconds === 30,
    edits: [
      {
        file: 'sources/kong/client.ts',
        search: 'aborting = signal, timeoutMs',
        replace: 'signal: aborting, timeoutMs',
      },
    ],
  },
  // Found by the simulation itself.
  {
    name: 'reads a second that is left over on two pages from one of them',
    shows: ({ versions, pageSize, ties, flaws }) =>
      versions[0] === '3.4.3.8' && pageSize < 5 && ties > 0.5 && Object.keys(flaws).length > 3,
    edits: [
      {
        file: 'pipeline/tidy.ts',
        search: 'others.every((other) => other.cursor === first.cursor) ? first.cursor : undefined',
        replace: 'first.cursor',
      },
    ],
  },
];
