import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { type Arrived, parseEvent, type SourceStage } from './stage.ts';

/** In colour on a terminal, as plain text elsewhere. */
export function print(text: string): void {
  console.log(process.stdout.isTTY ? text : stripVTControlCharacters(text));
}

let steps = 0;

/** Begins the next step of the story. */
export function heading(text: string): void {
  steps += 1;
  print(`\n${styleText('bold', `${steps}  ${text}`)}`);
}

export function eventTable(events: readonly Arrived[], show: SourceStage['show'], referenceName: string): string {
  const table = new Table({
    head: ['when', 'who', 'did what', 'outcome', referenceName],
    style: { head: ['cyan'] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const inTime = events.toSorted((a, b) => parseEvent(a).eventTime.localeCompare(parseEvent(b).eventTime));
  for (const arrived of inTime) {
    const event = parseEvent(arrived);
    const { who, what, outcome, isBad } = show(event);
    table.push([event.eventTime, who, what, isBad ? styleText('red', outcome) : outcome, arrived.reference]);
  }
  return table.toString();
}
