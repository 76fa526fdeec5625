import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { longestInterval, watchedInterval } from '../constructs/interval.ts';
import { RESOURCE_NAME, RESOURCE_NAME_EXPECTED } from '../constructs/resource-name.ts';

// Context comes from the command line as text, and from cdk.json as any JSON. What a key takes is written here once; what
// the function itself checks (`lambda/config.ts`) is not checked here again.

/** What was given, at the end of a message. */
export const got = (input: unknown) => `got ${JSON.stringify(input)}`;

/** Text that matches `pattern`; `expected` completes "must be …". */
export const matching = (pattern: RegExp, expected: string) =>
  z.string().regex(pattern, { error: (issue) => `must be ${expected}, ${got(issue.input)}` });

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, {
    error: (issue) =>
      `must be ${values.length > 2 ? `one of ${values.join(', ')}` : values.join(' or ')}, ${got(issue.input)}`,
  });

export const flag = z.stringbool({
  truthy: ['true', '1', 'yes'],
  falsy: ['false', '0', 'no'],
  error: (issue) => `must be true or false, ${got(issue.input)}`,
});

export const wholeNumber = z
  .string()
  .regex(/^\d+$/, {
    error: (issue) =>
      `must ${/^-\d/.test(String(issue.input)) ? 'not be negative' : 'be a whole number'}, ${got(issue.input)}`,
  })
  .transform(Number);

export const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

/** A VPC's primary CIDR is always IPv4, and so is the way out of a function's network interface unless it is told otherwise. */
export const cidrv4 = z.cidrv4({ error: (issue) => `must be an IPv4 CIDR such as 10.0.0.0/16, ${got(issue.input)}` });

/** EC2's IDs have 8 hexadecimal digits, or 17 since 2016. */
const idPattern = (prefix: string) => new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`);

export const vpcId = z
  .string({ error: 'is required: the VPC to deploy into, vpc-…' })
  .regex(idPattern('vpc'), { error: (issue) => `must be the ID of a VPC, vpc-…, ${got(issue.input)}` });

export const securityGroupId = matching(idPattern('sg'), 'the ID of a security group, sg-…');

export const subnetIds = commaList
  .pipe(z.array(matching(/^subnet-[0-9a-z]+$/, 'IDs of subnets, subnet-…')).min(1))
  .refine((ids) => new Set(ids).size === ids.length, {
    error: (issue) => `must name each subnet once, ${got(issue.input)}`,
  });

export const resourceName = matching(RESOURCE_NAME, RESOURCE_NAME_EXPECTED);

export const secretArn = matching(
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+-[A-Za-z0-9]{6}$/,
  'the complete ARN of a Secrets Manager secret, with the six characters at its end',
);

export const kmsKeyArn = matching(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/\S+$/, 'the ARN of a KMS key');

/** The ARN of a log group, without the `:*` that some commands put at its end. */
export const logGroupArn = matching(
  /^arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[\w./#-]{1,512}(:\*)?$/,
  'the ARN of a log group, arn:aws:logs:<region>:<account>:log-group:<name>',
).transform((arn) => arn.replace(/:\*$/, ''));

/** By name: the IDs of zones (`euw1-az1`) do not tell their Region. */
export const availabilityZones = commaList.pipe(
  z.array(matching(/^[a-z]{2,}(-[a-z]+)+-\d+([a-z]|-[a-z0-9-]+)$/, 'names of Availability Zones, such as eu-west-1a')),
);

const REDIS_EXPECTED = 'must be create, or host:port of an existing Redis such as redis.internal:6379';

export const redis = z.string().superRefine((text, context) => {
  const port = /^.+:(\d+)$/.exec(text)?.[1];
  if (text === 'create') return;
  if (port === undefined) context.addIssue(`${REDIS_EXPECTED}, ${got(text)}`);
  else if (Number(port) < 1 || Number(port) > 65_535)
    context.addIssue(`must have a port from 1 to 65535 after its colon, ${got(text)}`);
});

/** A schedule expression with the longest time between two of its ticks. */
const scheduleOf = (interval: typeof longestInterval) =>
  z.string().transform((expression, context) => {
    try {
      return { expression, interval: interval(expression) };
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  });

export const schedule = scheduleOf(longestInterval);

/** A schedule, or `none` for no such schedule. */
export const scheduleOrNone = z.string().transform((text, context) => {
  if (text === 'none') return text;
  const parsed = schedule.safeParse(text);
  if (parsed.success) return parsed.data;
  for (const { message } of parsed.error.issues) context.addIssue(`${message}; or none`);
  return z.NEVER;
});

/** A schedule that the alarms can watch. */
export const watchedSchedule = scheduleOf(watchedInterval);

/** The path of a PEM file, read: its certificates without what people write around them. */
export const pemFile = z.string().transform((path, context) => {
  try {
    const text = readFileSync(path, 'utf8');
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    if (certificates) return certificates.map((pem) => new X509Certificate(pem).toString().trim()).join('\n');
    context.addIssue(`must be a PEM file; ${path} has no -----BEGIN CERTIFICATE----- in it`);
  } catch (error) {
    context.addIssue(`must be a PEM file that can be read; ${path}: ${(error as Error).message}`);
  }
  return z.NEVER;
});
