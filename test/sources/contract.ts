import { describeCursors } from './contract/cursors.ts';
import { describeInterruptions } from './contract/interruptions.ts';
import { describePages } from './contract/pages.ts';
import { describeRows } from './contract/rows.ts';
import { describeUpkeep } from './contract/upkeep.ts';
import type { SourceSubject } from './harness.ts';

/** What every source does, wherever its activities come from. */
export function describeSource(subject: SourceSubject): void {
  describePages(subject);
  describeInterruptions(subject);
  describeCursors(subject);
  describeRows(subject);
  describeUpkeep(subject);
}
