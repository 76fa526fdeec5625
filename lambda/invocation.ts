import * as z from 'zod';
import { InvocationError } from './errors.ts';

/** What a run is asked to do. Times are epoch seconds; an absent bound means everything retained, or Kong's now. */
export type Invocation =
  | { readonly mode: 'scheduled' }
  | {
      readonly mode: 'backfill';
      readonly after?: number;
      readonly before?: number;
      readonly dryRun: boolean;
      readonly resend: boolean;
    }
  | { readonly mode: 'replay' }
  | { readonly mode: 'check' };

const EXPECTED =
  'Expected {} or an EventBridge event for a scheduled run, or one of {"mode":"scheduled"}, ' +
  '{"mode":"backfill","after":…,"before":…,"dryRun":false,"resend":false}, {"mode":"replay"}, {"mode":"check"}';

/** 9999-12-31T23:59:59Z */
const LATEST = 253_402_300_799;

/** @param fraction what becomes of a begun second: `before` counts it in, for an entry of that second lies earlier */
const time = (fraction: 'in' | 'out') =>
  z
    .union(
      [
        z.int(),
        z
          .string()
          .regex(/^\d{1,12}$/)
          .transform(Number),
        z
          .string()
          .transform(toUpperCaseT)
          .pipe(z.iso.datetime({ offset: true }))
          .transform((text) => {
            const second = Date.parse(text.replace(/\.\d+/, '')) / 1000;
            return fraction === 'in' && /\.\d*[1-9]/.test(text) ? second + 1 : second;
          }),
      ],
      {
        error: (issue) =>
          `must be RFC 3339 such as 2026-11-01T00:00:00Z, or epoch seconds, got ${excerpt(issue.input)}`,
      },
    )
    .refine((seconds) => seconds >= 0 && seconds <= LATEST, { error: 'must be between the years 1970 and 9999' });

/** RFC 3339, section 5.6, lets `t` and `z` be lower case, and a space stand for `T`. */
const toUpperCaseT = (text: string): string => text.replace(/^(.{10})[ t]/, '$1T').replace(/z$/, 'Z');

const invocationSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('scheduled') }),
  z
    .strictObject({
      mode: z.literal('backfill'),
      after: time('out').exactOptional(),
      before: time('in').exactOptional(),
      dryRun: z.boolean().default(false),
      resend: z.boolean().default(false),
    })
    .refine(({ after, before }) => after === undefined || before === undefined || after < before, {
      path: ['after'],
      error: 'must be earlier than before',
    }),
  z.strictObject({ mode: z.literal('replay') }),
  z.strictObject({ mode: z.literal('check') }),
]);

const eventBridgeSchema = z.looseObject({ source: z.string(), 'detail-type': z.string() });

/**
 * Reads the event the function was invoked with.
 *
 * @throws {InvocationError} when it is not one of the documented shapes; nothing has been read or written by then
 */
export function toInvocation(event: unknown): Invocation {
  if (event === undefined || isEmptyObject(event) || eventBridgeSchema.safeParse(event).success)
    return { mode: 'scheduled' };
  const parsed = invocationSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(' '));
  throw new InvocationError(
    `The invocation was not understood (${problems.join('; ')}). ${EXPECTED}; got ${excerpt(event)}`,
  );
}

function isEmptyObject(event: unknown): boolean {
  return typeof event === 'object' && event !== null && !Array.isArray(event) && Object.keys(event).length === 0;
}

function excerpt(event: unknown): string {
  const text = JSON.stringify(event);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
