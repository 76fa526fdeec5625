import { SourceLogGroupError } from '../../errors.ts';
import { attempt, type Check } from '../../pipeline/check.ts';
import type { LogGroup } from './client.ts';
import type { Format } from './format.ts';
import { isLogEvent, type LogEvent, toLogEvent } from './log-event.ts';

const HOUR = 3600;
const MOST_LINES = 100;
/** A page without events may be followed by one with some. */
const MOST_PAGES = 5;

/** Can the group be read, has it events of the last hour, and is there a line of the format among them? */
export async function diagnoseLogGroup(group: LogGroup, format: Format): Promise<readonly Check[]> {
  const found = await attempt('source-log-group', async () => {
    const events = await lastHour(group);
    const lines = events.filter((event) => !('valid' in format.read(event))).length;
    if (events.length === 0) return `${group.arn} can be read; it has no event of the last hour`;
    if (lines > 0)
      return `${group.arn} can be read; of its ${events.length} latest lines of the last hour, ${lines} are of the given format`;
    throw new SourceLogGroupError(
      `${group.arn} can be read, but none of its ${events.length} latest lines of the last hour is of the given format`,
      {
        fix: 'Correct SOURCE_FORMAT (context key sourceFormat), or name the streams with such lines in SOURCE_STREAM_PREFIX (context key sourceStreamPrefix).',
      },
    );
  });
  const isEmpty = found.check.ok && found.check.detail.endsWith('no event of the last hour');
  return [isEmpty ? { ...found.check, fix: EMPTY } : found.check];
}

const EMPTY =
  'If there should be some: is the audit log turned on and sent to this group, and do the names of its streams begin with SOURCE_STREAM_PREFIX (context key sourceStreamPrefix)?';

async function lastHour(group: LogGroup): Promise<LogEvent[]> {
  const now = Date.now();
  const search = { startTime: now - HOUR * 1000, endTime: now, limit: MOST_LINES };
  const events: LogEvent[] = [];
  let nextToken: string | null = null;
  for (let page = 0; page < MOST_PAGES && events.length === 0; page += 1) {
    const found = await group.find({ ...search, ...(nextToken !== null && { nextToken }) });
    events.push(...found.rows.map(toLogEvent).filter(isLogEvent));
    ({ nextToken } = found);
    if (nextToken === null) break;
  }
  return events;
}
