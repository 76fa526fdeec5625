import * as z from 'zod';
import { awsProblem } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';

/*
 * What each operation takes. Source: service model of CloudWatch Logs, 2014-03-28. Members that the model does not have are
 * refused, where AWS would ignore them.
 */

const groupName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[.\-_/#A-Za-z0-9]+$/);
const groupIdentifier = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^[\w#+=/:,.@-]*$/);
const streamName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^:*]*$/);
const timestamp = z.int().min(0);
const nextToken = z.string().min(1);
const describeLimit = z.int().min(1).max(50);

export const CREATE_LOG_STREAM = z.strictObject({ logGroupName: groupName, logStreamName: streamName });

export const PUT_LOG_EVENTS = z.strictObject({
  logGroupName: groupName,
  logStreamName: streamName,
  logEvents: z
    .array(z.strictObject({ timestamp, message: z.string().min(1) }))
    .min(1)
    .max(10_000),
  /** Ignored since 2023. */
  sequenceToken: z.string().min(1).optional(),
  entity: z.looseObject({}).optional(),
});

export const FILTER_LOG_EVENTS = z.strictObject({
  logGroupName: groupName.optional(),
  logGroupIdentifier: groupIdentifier.optional(),
  logStreamNames: z.array(streamName).min(1).max(100).optional(),
  logStreamNamePrefix: streamName.optional(),
  startTime: timestamp.optional(),
  endTime: timestamp.optional(),
  filterPattern: z.string().max(1024).optional(),
  nextToken: nextToken.optional(),
  limit: z.int().min(1).max(10_000).optional(),
  startFromHead: z.boolean().optional(),
  /** Ignored since 2019: always true. */
  interleaved: z.boolean().optional(),
  unmask: z.boolean().optional(),
});

export const DESCRIBE_LOG_GROUPS = z.strictObject({
  logGroupNamePrefix: groupName.optional(),
  logGroupNamePattern: groupName.optional(),
  nextToken: nextToken.optional(),
  limit: describeLimit.optional(),
});

export const DESCRIBE_LOG_STREAMS = z.strictObject({
  logGroupName: groupName.optional(),
  logGroupIdentifier: groupIdentifier.optional(),
  logStreamNamePrefix: streamName.optional(),
  orderBy: z.enum(['LogStreamName', 'LastEventTime']).optional(),
  descending: z.boolean().optional(),
  nextToken: nextToken.optional(),
  limit: describeLimit.optional(),
});

/** `input` with the shape of `schema`, or the refusal in AWS's words. */
export function readInput<Schema extends z.ZodType<object>>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> | AwsProblem {
  const { data, error } = schema.safeParse(input);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const where = issue?.path.join('.') ?? '';
  return invalidParameter(
    `1 validation error detected: Value at '${where}' failed to satisfy constraint: ${issue?.message ?? ''}`,
  );
}

export function invalidParameter(message: string): AwsProblem {
  return awsProblem('InvalidParameterException', message);
}
