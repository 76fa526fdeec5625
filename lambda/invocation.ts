import * as z from 'zod';
import { InvocationError } from './errors.ts';
import { toJson } from './to-json.ts';

/** What an invocation asks for. Times are epoch seconds; an absent bound means everything retained, or the source's now. */
export type Invocation = z.infer<ReturnType<typeof createSchema>>;

const EXPECTED =
  'Expected {} or an EventBridge event for a scheduled run, or one of {"mode":"scheduled"}, ' +
  '{"mode":"backfill","after":…,"before":…,"dryRun":false,"resend":false}, {"mode":"replay","ids":[…],"errorCode":"…"}, ' +
  '{"mode":"check"}, {"mode":"status"}, {"mode":"quarantine","ids":[…],"errorCode":"…","cursor":"…"}, ' +
  '{"mode":"quarantine","discard":[…],"reason":"…"}, {"mode":"verify","after":…,"before":…,"repair":false}, ' +
  '{"mode":"rewind","to":…,"dryRun":false}';

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
        // A bare date is its midnight, UTC.
        z.iso.date().transform((date) => Date.parse(`${date}T00:00:00Z`) / 1000),
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
          `must be RFC 3339 such as 2026-11-01T00:00:00Z, a date such as 2026-11-01, or epoch seconds, got ${excerpt(issue.input)}`,
      },
    )
    .refine((seconds) => seconds >= 0 && seconds <= LATEST, { error: 'must be between the years 1970 and 9999' });

/** RFC 3339, section 5.6, lets `t` and `z` be lower case, and a space stand for `T`. */
const toUpperCaseT = (text: string): string => text.replace(/^(.{10})[ t]/, '$1T').replace(/z$/, 'Z');

const text = z.string().min(1, { error: 'must not be empty' });
const list = (what: string) => z.array(text).min(1, { error: `must name at least one ${what}` });

const isInOrder = ({ after, before }: { readonly after?: number; readonly before?: number }): boolean =>
  after === undefined || before === undefined || after < before;
const IN_ORDER = { path: ['after'], error: 'must be earlier than before' };

/** Made when it is needed: a scheduled run begins sooner without. */
function createSchema() {
  const window = { after: time('out').exactOptional(), before: time('in').exactOptional() };
  const selection = { ids: list('id').exactOptional(), errorCode: text.exactOptional() };

  const modes = [
    z.strictObject({ mode: z.literal('scheduled') }),
    z
      .strictObject({
        mode: z.literal('backfill'),
        ...window,
        dryRun: z.boolean().default(false),
        resend: z.boolean().default(false),
      })
      .refine(isInOrder, IN_ORDER),
    z.strictObject({ mode: z.literal('replay'), ...selection }),
    z.strictObject({ mode: z.literal('check') }),
    z.strictObject({ mode: z.literal('status') }),
    z
      .strictObject({
        mode: z.literal('quarantine'),
        ...selection,
        cursor: text.exactOptional(),
        discard: list('id to discard').exactOptional(),
        reason: z.string().trim().min(1, { error: 'must say why' }).exactOptional(),
      })
      .refine(({ discard, reason }) => discard === undefined || reason !== undefined, {
        path: ['reason'],
        error: 'is needed to discard: it is logged with each entry',
      })
      .refine(({ discard, reason }) => reason === undefined || discard !== undefined, {
        path: ['reason'],
        error: 'goes with "discard"',
      })
      .refine(({ discard, ids, errorCode, cursor }) => !discard || !(ids ?? errorCode ?? cursor), {
        path: ['discard'],
        error: 'names the entries itself: give neither ids, errorCode nor cursor',
      }),
    z
      .strictObject({ mode: z.literal('verify'), ...window, repair: z.boolean().default(false) })
      .refine(isInOrder, IN_ORDER),
    z.strictObject({ mode: z.literal('rewind'), to: time('out'), dryRun: z.boolean().default(false) }),
  ] as const;

  return z.discriminatedUnion('mode', modes, {
    error: ({ input }) =>
      isObject(input)
        ? `must be one of ${modes.map(({ shape }) => shape.mode.value).join(', ')}`
        : 'it must be a JSON object',
  });
}

let invocationSchema: ReturnType<typeof createSchema> | undefined;

const eventBridgeSchema = z.looseObject({ source: z.string(), 'detail-type': z.string() });

/**
 * Reads the event the function was invoked with.
 *
 * @throws {InvocationError} when it is not one of the documented shapes; nothing has been read or written by then
 */
export function toInvocation(event: unknown): Invocation {
  if (
    event === undefined ||
    (isObject(event) && Object.keys(event).length === 0) ||
    eventBridgeSchema.safeParse(event).success
  )
    return { mode: 'scheduled' };
  invocationSchema ??= createSchema();
  const parsed = invocationSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(' '));
  throw new InvocationError(`The invocation was not understood (${problems.join('; ')}): got ${excerpt(event)}.`, {
    fix: `${EXPECTED}.`,
  });
}

const isObject = (event: unknown): event is object =>
  typeof event === 'object' && event !== null && !Array.isArray(event);

function excerpt(event: unknown): string {
  const text = event === undefined ? 'nothing' : toJson(event);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
