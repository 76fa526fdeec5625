import { OWN } from '../../lambda/ledger/ledger.ts';
import type { DemoForwarder } from './forwarder.ts';
import { parseEvent, type SinkStage, type SourceStage } from './stage.ts';

/** What became of every row that the source was given. */
export interface Account {
  readonly isGood: boolean;
  /** One sentence. */
  readonly text: string;
}

/** Every row is in the sink once, or in quarantine, or is one that must not be there. */
export async function account(source: SourceStage, sink: SinkStage, forwarder: DemoForwarder): Promise<Account> {
  const uids = sink.arrived().map((one) => parseEvent(one).UID);
  const held = new Set(uids);
  const written = source.written();
  const unwanted = written.filter(({ isUnwanted }) => isUnwanted);
  const absent = written.filter(({ id, isUnwanted }) => !isUnwanted && !held.has(id)).map(({ id }) => id);
  const outcomes = await forwarder.lookup(absent);
  const own = outcomes.filter((outcome) => outcome === OWN).length;
  const quarantined = outcomes.filter((outcome) => outcome?.startsWith('quarantined:')).length;
  const lost = absent.length - own - quarantined;
  const twice = uids.length - held.size;
  // Also what nobody wrote.
  const surplus = held.size - (written.length - unwanted.length - absent.length);
  const text = [
    `${held.size} in ${sink.name}`,
    `${quarantined} in quarantine`,
    ...(own > 0 ? [`${own} own requests left out`] : []),
    ...(unwanted.length > 0 ? [`${unwanted.length} that change nothing left out`] : []),
    `${lost} lost`,
    `${twice} twice`,
    ...(surplus > 0 ? [`${surplus} that should not be there`] : []),
  ].join(', ');
  return { isGood: lost + twice + surplus === 0, text: `Every ${source.row} accounted for: ${text}.` };
}
