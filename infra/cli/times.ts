import prettyMilliseconds from 'pretty-ms';
import { UsageError } from './errors.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DAY = 86_400;

const EXPECTED =
  'a time: 2026-11-14 (midnight UTC), 2026-11-14T08:30:00Z, yesterday, today, now, or how long ago: 30m, 36h, 7d';

/**
 * A time as an operator writes it, in epoch seconds. Everything is UTC: a bare date is its midnight, `7d` is seven times 24 hours ago.
 *
 * @param now epoch seconds
 * @throws {UsageError} for anything else, also for a date that the calendar does not have
 */
export function parseTime(text: string, now: number): number {
  const word = text.trim();
  const midnight = now - (now % DAY);
  if (word === 'now') return now;
  if (word === 'today') return midnight;
  if (word === 'yesterday') return midnight - DAY;
  const ago = /^(\d{1,9})([smhdw])$/.exec(word);
  if (ago) return notBefore1970(text, now - Number(ago[1]) * (UNIT_SECONDS[ago[2] ?? ''] ?? 0));
  if (/^\d{9,11}$/.test(word)) return Number(word);
  return parseDate(text, word);
}

function parseDate(text: string, word: string): number {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?([Zz]|[+-]\d{2}:\d{2})?)?$/.exec(word);
  if (!parts) throw new UsageError(`Expected ${EXPECTED}; got "${text}".`);
  const [, date = '', time, zone] = parts;
  if (time !== undefined && zone === undefined)
    throw new UsageError(`"${text}" does not say its time zone. For UTC write ${date}T${time}Z.`);
  const milliseconds = Date.parse(`${date}T${time ?? '00:00:00'}${zone?.toUpperCase() ?? 'Z'}`);
  if (Number.isNaN(milliseconds) || !isInCalendar(date))
    throw new UsageError(`"${text}" is not a time that the calendar has. Expected ${EXPECTED}.`);
  return notBefore1970(text, Math.floor(milliseconds / 1000));
}

/** JavaScript reads 30 February as 2 March. */
const isInCalendar = (date: string): boolean => new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);

function notBefore1970(text: string, seconds: number): number {
  if (seconds >= 0) return seconds;
  throw new UsageError(`"${text}" lies before 1970. Expected ${EXPECTED}.`);
}

/** For a payload: `2026-11-14T08:30:00Z`. */
export const toRfc3339 = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

/** For people: `2026-11-14 08:30:00 UTC`. */
export const formatTime = (seconds: number): string => `${clock(seconds)} UTC`;

/** `2026-11-14 08:30:00 UTC (3h 12m ago)`. */
export function formatTimeWithAge(seconds: number, now: number): string {
  const age = now - seconds;
  // What was just planned ends a second from now.
  if (age <= 0 && age > -5) return `${formatTime(seconds)} (now)`;
  return `${formatTime(seconds)} (${age > 0 ? `${formatDuration(age)} ago` : `in ${formatDuration(-age)}`})`;
}

/** A window `[after, before)`. Epoch 0 stands for everything that the source still has. */
export function formatWindow({ after, before }: { readonly after: number; readonly before: number }): string {
  if (after === 0) return `everything retained before ${formatTime(before)}`;
  return `${clock(after)} to ${formatTime(before)} (${formatDuration(before - after)})`;
}

/** The two largest units: `3d 4h`, `12m 5s`, `0s`; a day more or less is not told to the second. */
export function formatDuration(seconds: number): string {
  const step = seconds >= 2 * DAY ? 3600 : seconds >= 7200 ? 60 : 1;
  const whole = Math.floor(Math.round(seconds) / step) * step;
  return whole <= 0 ? '0s' : prettyMilliseconds(whole * 1000, { unitCount: 2, hideYear: true });
}

const clock = (seconds: number): string => toRfc3339(seconds).replace('T', ' ').slice(0, -1);
