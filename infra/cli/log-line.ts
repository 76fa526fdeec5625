import * as z from 'zod';
import { summarySchema } from './answers.ts';
import { inOperatorsTerms } from './operators-terms.ts';
import { renderSummary } from './render-run.ts';
import { bad, careful, dim } from './screen.ts';
import { formatTime, toRfc3339 } from './times.ts';

const lineSchema = z.looseObject({
  level: z.string(),
  message: z.string(),
  error: z.looseObject({ name: z.string(), message: z.string() }).optional(),
  summary: summarySchema.optional().catch(undefined),
});

/** What Powertools and Lambda add to each line, and what is shown in another way. */
const NOT_SHOWN = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'source',
  'requestId',
  'error',
  'summary',
  'sampling_rate',
  'xray_trace_id',
]);

/**
 * One line of the function's log for people; null for what says nothing: the beginning and end of each invocation, and metrics.
 *
 * @param timestamp epoch milliseconds
 * @param whole whether all lines of a message are shown, not only the first
 */
export function renderLogLine(timestamp: number, text: string, whole: boolean): string | null {
  const at = dim(formatTime(Math.floor(timestamp / 1000)));
  const said = parse(text);
  if (said === null) return isPlatformNoise(text) ? null : `${at}  ${paintPlain(text.trim())}`;
  const line = lineSchema.safeParse(said);
  if (!line.success) return null;
  const { level, message, error, ...more } = line.data;
  const fields = Object.entries(more)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}=${readable(value)}`);
  const details = detailsOf(line.data, Math.floor(timestamp / 1000));
  // A summary says what its message says, and more.
  const [first = '', ...rest] =
    !error && details.length > 0 ? details : [[message, ...fields.map(dim)].join('  '), ...details];
  const shown = whole ? rest : rest.slice(0, error ? 1 : 0);
  return [`${at}  ${paintLevel(level)}  ${first}`, ...shown.map((detail) => `    ${detail}`)].join('\n');
}

function detailsOf({ error, summary }: z.infer<typeof lineSchema>, now: number): string[] {
  if (error) return `${error.name}: ${inOperatorsTerms(error.message).text}`.split('\n');
  // That a window begins too early has a line of its own in the log.
  return summary && summary.status !== 'skipped'
    ? renderSummary({ ...summary, beyondRetention: false }, now).split('\n')
    : [];
}

/** Epoch seconds are for programs. */
function readable(value: unknown): string {
  const isTime = Number.isInteger(value) && Number(value) > 1e9 && Number(value) < 4e9;
  return isTime ? toRfc3339(Number(value)) : JSON.stringify(value);
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

const isPlatformNoise = (text: string): boolean =>
  /^(INIT_START|START|END|REPORT|XRAY|EXTENSION)\b/.test(text) && !/Status: (timeout|error)/.test(text);

const paintPlain = (text: string): string => (/timed out|exited|ERROR|OutOfMemory/.test(text) ? bad(text) : text);

function paintLevel(level: string): string {
  const word = level.padEnd(5);
  if (level === 'ERROR' || level === 'CRITICAL') return bad(word);
  return level === 'WARN' ? careful(word) : dim(word);
}
