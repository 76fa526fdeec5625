import { describeBindings } from './contract/bindings.ts';
import { describeCheckpoint } from './contract/checkpoint.ts';
import { describeLastRun } from './contract/last-run.ts';
import { describeLock } from './contract/lock.ts';
import { describeOutcomes } from './contract/outcomes.ts';
import { describeQuarantine } from './contract/quarantine.ts';
import { describeReadOnly } from './contract/read-only.ts';
import { describeUpkeep } from './contract/upkeep.ts';
import type { OpenLedger } from './harness.ts';

/** What every ledger does, whatever it is made of. */
export function describeLedger(name: string, open: OpenLedger): void {
  describeOutcomes(name, open);
  describeBindings(name, open);
  describeLock(name, open);
  describeCheckpoint(name, open);
  describeLastRun(name, open);
  describeQuarantine(name, open);
  describeReadOnly(name, open);
  describeUpkeep(name, open);
}
