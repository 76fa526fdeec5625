import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { type Arrived, parseEvent } from './stage.ts';

/** In colour on a terminal, as plain text elsewhere. */
export function print(text: string): void {
  console.log(process.stdout.isTTY ? text : stripVTControlCharacters(text));
}

export function heading(step: number, text: string): void {
  print(`\n${styleText('bold', `${step}  ${text}`)}`);
}

export function eventTable(events: readonly Arrived[], referenceName: string): string {
  const table = new Table({
    head: ['when', 'who', 'did what', 'status', referenceName],
    style: { head: ['cyan'] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const inTime = events.toSorted((a, b) => parseEvent(a).eventTime.localeCompare(parseEvent(b).eventTime));
  for (const arrived of inTime) {
    const { eventTime, eventName, userIdentity, additionalEventData } = parseEvent(arrived);
    const { status } = additionalEventData;
    table.push([
      eventTime,
      userIdentity.details.userName ?? userIdentity.type,
      eventName,
      status < 400 ? status : styleText('red', String(status)),
      arrived.reference,
    ]);
  }
  return table.toString();
}
