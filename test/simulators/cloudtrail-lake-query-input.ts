import * as z from 'zod';
import { awsProblem } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';

/*
 * What each operation takes. Source: service model of CloudTrail, 2013-11-01. Members that the model does not have are
 * refused, where AWS would ignore them; so are those that nothing here uses (`QueryAlias`, `DeliveryS3Uri` …).
 */

const eventDataStore = z
  .string()
  .min(3)
  .max(256)
  .regex(/^[a-zA-Z0-9._/\-:]+$/)
  .optional();
const owner = z
  .string()
  .regex(/^\d{12,16}$/)
  .optional();
const queryId = z.string().regex(/^[a-f0-9-]{36}$/);

export const START_QUERY = z.strictObject({
  QueryStatement: z.string().min(1).max(10_000),
  EventDataStoreOwnerAccountId: owner,
});

/** `EventDataStore` is no longer needed since 2023. */
export const DESCRIBE_QUERY = z.strictObject({
  EventDataStore: eventDataStore,
  QueryId: queryId,
  EventDataStoreOwnerAccountId: owner,
});

export const GET_QUERY_RESULTS = DESCRIBE_QUERY.extend({
  NextToken: z.string().min(4).max(1000).optional(),
  MaxQueryResults: z.int().min(1).max(1000).optional(),
});

const OWN_ERRORS: Readonly<Record<string, string>> = {
  NextToken: 'InvalidNextTokenException',
  MaxQueryResults: 'InvalidMaxResultsException',
};

/** `input` with the shape of `schema`, or the refusal; some members have an error of their own. */
export function readQueryInput<Schema extends z.ZodType<object>>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> | AwsProblem {
  const { data, error } = schema.safeParse(input);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const where = String(issue?.path[0] ?? '');
  const code = OWN_ERRORS[where] ?? 'InvalidParameterException';
  return awsProblem(code, `Value at '${where}' failed to satisfy constraint: ${issue?.message ?? ''}`);
}
