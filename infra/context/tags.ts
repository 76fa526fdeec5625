import { z } from 'zod';
import { got } from './values.ts';

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
