import type * as Errors from '../../lambda/errors.ts';
import type * as Memory from '../../lambda/ledger/memory.ts';
import type * as Run from '../../lambda/commands/run.ts';
import type * as Tally from '../../lambda/pipeline/tally.ts';
import type * as DeadlineModule from '../../lambda/pipeline/deadline.ts';

/** The code under test. Loaded from a folder, so that a copy with a deliberate bug can take its place. */
export interface Subject {
  readonly run: typeof Run.run;
  readonly markOwn: typeof Run.markOwn;
  readonly newTally: typeof Tally.newTally;
  readonly createMemoryLedger: typeof Memory.createMemoryLedger;
  readonly DeadlineReached: typeof DeadlineModule.DeadlineReached;
  /** Classes of the same copy: the code tells errors apart with `instanceof`. */
  readonly errors: typeof Errors;
}

/** This repository's `lambda/`. */
export const LAMBDA = new URL('../../lambda/', import.meta.url).href;

/** @param folder URL of a `lambda/` folder, with its slash at the end */
export async function loadSubject(folder: string = LAMBDA): Promise<Subject> {
  const load = async (file: string): Promise<unknown> => await import(new URL(file, folder).href);
  const { run, markOwn } = (await load('run.ts')) as typeof Run;
  const { newTally } = (await load('tally.ts')) as typeof Tally;
  const { createMemoryLedger } = (await load('ledger/memory.ts')) as typeof Memory;
  const { DeadlineReached } = (await load('deadline.ts')) as typeof DeadlineModule;
  const errors = (await load('errors.ts')) as typeof Errors;
  return { run, markOwn, newTally, createMemoryLedger, DeadlineReached, errors };
}
