import type { Invocation } from '../invocation.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Deadline } from '../pipeline/deadline.ts';
import type { Call } from './execute.ts';

export interface VerifyReport {
  readonly status: 'complete' | 'incomplete';
}

export interface VerifyDeps extends Call {
  readonly deadline: Deadline;
  readonly ledger: Ledger;
  readonly runId: string;
  readonly lockSeconds: number;
}

export function verify(_asked: Extract<Invocation, { mode: 'verify' }>, _deps: VerifyDeps): Promise<VerifyReport> {
  return Promise.reject(new Error('not yet'));
}
