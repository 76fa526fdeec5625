import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { z } from 'zod';
import { longestInterval } from '../constructs/interval.ts';

// Context comes from the command line as text, and from cdk.json as any JSON. What a key takes is written here once; what
// the function itself checks (`lambda/config.ts`) is not checked here again.

const got = (input: unknown) => `got ${JSON.stringify(input)}`;

/** Text that matches `pattern`; `expected` completes "must be …". */
export const matching = (pattern: RegExp, expected: string) =>
  z.string().regex(pattern, { error: (issue) => `must be ${expected}, ${got(issue.input)}` });

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: (issue) => `must be ${values.join(' or ')}, ${got(issue.input)}` });

export const flag = z.stringbool({
  truthy: ['true', '1', 'yes'],
  falsy: ['false', '0', 'no'],
  error: (issue) => `must be true or false, ${got(issue.input)}`,
});

export const wholeNumber = matching(/^\d+$/, 'a whole number').transform(Number);

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

// CloudTrail wants three characters in the name of a channel, EventBridge Scheduler no more than these.
export const resourceName = matching(
  /^[A-Za-z][A-Za-z0-9-]{2,49}$/,
  '3 to 50 letters, digits and hyphens, a letter first',
);

export const secretArn = matching(
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+-[A-Za-z0-9]{6}$/,
  'the complete ARN of a Secrets Manager secret, with the six characters at its end',
);

/** A schedule expression with the longest time between two of its ticks. */
export const schedule = z.string().transform((expression, context) => {
  try {
    return { expression, interval: longestInterval(expression) };
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
});

/** With a longer interval, "no complete run within three intervals" would look back further than an alarm can: seven days. */
const LONGEST_INTERVAL = Duration.days(3);

/** A schedule that the alarms can watch. */
export const watchedSchedule = schedule.refine(({ interval }) => interval.toSeconds() <= LONGEST_INTERVAL.toSeconds(), {
  error: (issue) =>
    `leaves ${(issue.input as { interval: Duration }).interval.toHumanString()} between runs; the most that the alarms can ` +
    `watch is ${LONGEST_INTERVAL.toHumanString()}`,
});

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

/** What IAM takes in the tags of a role; no service here takes less. */
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

const tagObject = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

/** `a=b,c=d`, or a JSON object. */
export const tags = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const read = text.startsWith('{') ? tagsInJson(text) : tagsInText(text);
  if (!read) context.addIssue(`must be key=value, with commas between tags, or a JSON object, ${got(text)}`);
  for (const [key, item] of Object.entries(read ?? {})) {
    if (/^aws:/i.test(key)) context.addIssue(`must not begin with aws:, which is AWS's own, ${got(key)}`);
    else if (!TAG_KEY.test(key) || !TAG_VALUE.test(item))
      context.addIssue(
        'must be of letters, digits, spaces and _ . : / = + - @, a key up to 128 and a value up to 256 of them; IAM takes no others, ' +
          got({ [key]: item }),
      );
  }
  return read ?? {};
});

function tagsInText(text: string): Record<string, string> | undefined {
  const pairs = text.split(',').map((pair) => /^\s*([^=]+)=(.*)$/.exec(pair));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1]?.trim() ?? '', pair?.[2]?.trim() ?? '']));
}

function tagsInJson(text: string): Record<string, string> | undefined {
  try {
    return tagObject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A context value as text; undefined when it is empty. */
export function toText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map(String).join(',') || undefined;
  if (typeof value === 'object') return Object.keys(value).length > 0 ? JSON.stringify(value) : undefined;
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- objects are handled above
  return String(value).trim() || undefined;
}
