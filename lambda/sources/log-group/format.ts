import type { Activity, InvalidItem, WholePayload } from '../../pipeline/activity.ts';
import type { Redactor } from '../../redact/redactor.ts';
import type { LogEvent } from './log-event.ts';

/** An activity whose id was chosen by whoever is audited, so that others may have it, too. */
export interface Line {
  readonly activity: Activity;
  /** Tells the line from any other with the same id; null where the id is no one's choice. */
  readonly mark: string | null;
}

/** A kind of line: one file for each. */
export interface Format {
  /** What the service is asked for: plain terms, of which one is enough. Absent: everything. */
  readonly filterPattern?: string;
  /** One line; null where the selection leaves it out. Never throws. */
  select(event: LogEvent): Line | InvalidItem | null;
  /** One line, whatever the selection says. Never throws. */
  read(event: LogEvent): Line | InvalidItem;
  /** The line as it may be kept: secrets replaced, long values cut, and still a line that `read` reads. May throw. */
  keep(event: LogEvent, redactor: Redactor): KeptLine | null;
}

export interface KeptLine {
  readonly message: string;
  /** Of a request body that was cut. */
  readonly whole?: WholePayload;
}
