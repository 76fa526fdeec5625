import * as z from 'zod';

/** The environment of the function, white space around values dropped and empty ones left out. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Names what was got without printing what could be, or could contain, a secret put into the wrong variable. */
export const got = (input: unknown, maxCharacters = 12): string => {
  const text = String(input);
  return text.length > maxCharacters ? `a text of ${text.length} characters` : JSON.stringify(text);
};

const isArn = (input: unknown): boolean => String(input).startsWith('arn:');

/** An ARN may be shown whole: it is no secret. Anything else in its place may be one. */
export const arn = (pattern: RegExp, shape: string) =>
  z.string().regex(pattern, {
    error: (issue) => `must look like ${shape}, got ${got(issue.input, isArn(issue.input) ? 2048 : 0)}`,
  });

export const flag = z.stringbool({
  truthy: ['true', '1', 'yes'],
  falsy: ['false', '0', 'no'],
  error: (issue) => `must be true, false, 1, 0, yes or no, got ${got(issue.input, 0)}`,
});

export const integer = (min: number, max: number) => {
  const error = (issue: { input?: unknown }) => `must be an integer from ${min} to ${max}, got ${got(issue.input)}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(min, { error }).max(max, { error }));
};

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: (issue) => `must be one of ${values.join(', ')}, got ${got(issue.input)}` });

/** Names separated by commas. */
export const names = z.string().transform((text, context): readonly string[] => {
  const found = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (found.length === 0) context.addIssue('must name at least one, separated by commas');
  return found;
});

export const secretArn = z.string().regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/, {
  error: 'must be the full ARN of a Secrets Manager secret',
});

/** Every problem of `schema` with `env`, by variable; and the values, null where there are problems. */
export function readVariables<Schema extends z.ZodObject>(
  schema: Schema,
  env: Env,
): { readonly values: z.infer<Schema> | null; readonly problems: readonly string[] } {
  const parsed = schema.safeParse(env);
  if (parsed.success) return { values: parsed.data, problems: [] };
  return { values: null, problems: parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) };
}
