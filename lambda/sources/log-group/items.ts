import type { Item } from '../../pipeline/activity.ts';
import type { SourceDeps } from '../../room.ts';
import type { Format, Line } from './format.ts';
import { isLogEvent, toLogEvent } from './log-event.ts';

export interface Selected {
  readonly items: readonly Item[];
  /** Lines that the selection left out. */
  readonly ignored: number;
}

/**
 * The items of one page, in its order.
 *
 * Ids that a client chose can repeat. The first line that asks for an id has it for as long as the ledger may know it; every other line
 * with that id gets its own `eventId` behind it. Who is first is settled before anything is forwarded, so each line has the same
 * id at every reading.
 */
export async function toItems(rows: readonly unknown[], format: Format, bind: SourceDeps['bind']): Promise<Selected> {
  let ignored = 0;
  const items: Item[] = [];
  const chosen: { readonly index: number; readonly id: string; readonly value: string; readonly eventId: string }[] =
    [];
  for (const row of rows) {
    const event = toLogEvent(row);
    const line = isLogEvent(event) ? format.select(event) : event;
    if (line === null) {
      ignored += 1;
      continue;
    }
    if (isLine(line) && line.mark !== null && isLogEvent(event))
      chosen.push({ index: items.length, id: line.activity.id, value: line.mark, eventId: event.eventId });
    items.push(isLine(line) ? line.activity : line);
  }
  // Pages are newest first, and of two lines that are new, the older one was first.
  const oldestFirst = chosen.reverse();
  const has = oldestFirst.length > 0 && bind ? await bind(oldestFirst) : [];
  oldestFirst.forEach(({ index, id, eventId }, at) => {
    const item = items[index];
    if (item && has[at] === false) items[index] = { ...item, id: `${id}-${eventId}` };
  });
  return { items, ignored };
}

/** One row, whatever the selection says; its id is the one that its line has when no other has it. */
export function toItem(row: unknown, format: Format): Item {
  const event = toLogEvent(row);
  if (!isLogEvent(event)) return event;
  const line = format.read(event);
  return isLine(line) ? line.activity : line;
}

const isLine = (line: Line | Item): line is Line => 'activity' in line;
