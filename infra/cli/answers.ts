import * as z from 'zod';
import { AnswerError } from './errors.ts';

/*
 * The function's answers, as far as the command line reads them. Members that it does not know are left alone: an older command
 * line must be able to read a newer function.
 */

const count = z.number().default(0);
const window = z.looseObject({ after: z.number(), before: z.number() });
export type Window = z.infer<typeof window>;

/** What a run returns: scheduled, backfill and replay. */
export const summarySchema = z.looseObject({
  status: z.enum(['complete', 'incomplete', 'skipped', 'failed']),
  mode: z.string().default('scheduled'),
  fetched: count,
  forwarded: count,
  duplicates: count,
  own: count,
  ignored: count,
  quarantined: count,
  watermark: z.number().nullish(),
  pending: z.array(window).default([]),
  durationMs: count,
  dryRun: z.boolean().optional(),
  wouldForward: z.number().optional(),
  wouldQuarantine: z.number().optional(),
  beyondRetention: z.boolean().optional(),
});
export type Summary = z.infer<typeof summarySchema>;

/** RFC 3339 or epoch seconds, as epoch seconds. */
const instant = z.union([z.number(), z.string().transform((text) => Date.parse(text) / 1000)]);

export const statusSchema = z.looseObject({
  status: z.literal('ok'),
  source: z.unknown(),
  sink: z.unknown(),
  watermark: z.number().nullish(),
  lagSeconds: z.number().nullish(),
  purgeHeadroomSeconds: z.number().nullish(),
  pending: z.array(window).default([]),
  quarantine: z.looseObject({ size: count, byCode: z.record(z.string(), z.number()).default({}) }).default({
    size: 0,
    byCode: {},
  }),
  lock: z
    .looseObject({
      runId: z.string(),
      secondsLeft: z.number(),
      // What the run has done so far, where the function says it.
      fetched: z.number().optional(),
      forwarded: z.number().optional(),
    })
    .nullish(),
  lastRun: z.looseObject({ at: instant, summary: summarySchema }).nullish(),
});
export type Status = z.infer<typeof statusSchema>;

export const checkSchema = z.looseObject({
  status: z.enum(['ok', 'failed']),
  checks: z.array(
    z.looseObject({ name: z.string(), ok: z.boolean(), detail: z.string(), fix: z.string().default('') }),
  ),
});

export const recordSchema = z.looseObject({
  id: z.string(),
  at: instant,
  errorCode: z.string(),
  errorMessage: z.string().default(''),
  entry: z.unknown(),
});
export type QuarantineRecord = z.infer<typeof recordSchema>;

export const quarantineSchema = z.looseObject({
  status: z.literal('ok'),
  size: count,
  records: z.array(recordSchema),
  cursor: z.string().nullish(),
});

export type QuarantinePage = z.infer<typeof quarantineSchema>;

export const discardSchema = z.looseObject({ status: z.enum(['ok', 'skipped']), discarded: count });

export const verifySchema = z.looseObject({
  status: z.enum(['complete', 'incomplete', 'skipped']),
  after: z.number().default(0),
  before: z.number().default(0),
  /** Where an incomplete one stopped; everything from here up to `before` was compared. */
  verifiedTo: z.number().optional(),
  source: count,
  sink: count,
  own: count,
  ignored: count,
  quarantined: count,
  missing: count,
  missingIds: z.array(z.string()).default([]),
  duplicates: count,
  repaired: count,
  digest: z.string().optional(),
  beyondRetention: z.boolean().optional(),
});
export type Verification = z.infer<typeof verifySchema>;

export const rewindSchema = z.looseObject({
  status: z.enum(['ok', 'skipped']),
  from: z.number().nullish(),
  to: z.number().nullish(),
  rereadSeconds: z.number().nullish(),
});

/**
 * The answer to what was asked for.
 *
 * @throws {AnswerError} it is none: mostly because the deployed function is of another version
 */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  const text = answer === undefined ? 'nothing' : JSON.stringify(answer);
  throw new AnswerError(
    `The function's answer was not understood (${problems.join('; ')}). ` +
      `Is the deployed function of the same version as this command line? It answered ${text.slice(0, 300)}`,
  );
}
