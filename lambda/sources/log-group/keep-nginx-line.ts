import { beginningOf, type Redactor } from '../../redact/redactor.ts';
import type { KeptLine } from './format.ts';
import { digestOf, KEPT_MAX_BYTES, redactUri } from './keep.ts';
import { decode, encode } from './nginx-escapes.ts';
import { NGINX_FIELDS, type NginxField, toNginxLine } from './nginx-line.ts';

/** Only the body needs more; what NGINX takes of a request's head is shorter, unless it was told otherwise. */
const VALUE_MAX_CHARACTERS = 2000;

/** A line that can be read again: of the body as much is kept as there is room for. Null for what is no line of the format. */
export function keepNginxLine(message: string, redactor: Redactor): KeptLine | null {
  const line = toNginxLine(message);
  if (!line) return null;
  const { request_body: rawBody = '-' } = line.values;
  const body = decode(rawBody);
  const beginning = beginningOf(body);
  const redacted = redactor.payload(beginning).text;
  const values = new Map<NginxField, string>();
  for (const field of NGINX_FIELDS) {
    const raw = line.values[field];
    if (raw === undefined) continue;
    const text = decode(raw);
    const kept = field === 'request_uri' || field === 'header_referer' ? redactUri(text, redactor) : text;
    values.set(field, encode(field === 'request_body' ? '' : kept, VALUE_MAX_CHARACTERS));
  }
  const room = KEPT_MAX_BYTES - write(line.prefix, values).length;
  const kept = encode(redacted, Math.max(VALUE_MAX_CHARACTERS, room));
  if (values.has('request_body')) values.set('request_body', kept);
  const isCut = beginning !== body || kept !== encode(redacted, Infinity);
  return { message: write(line.prefix, values), ...(isCut && { whole: digestOf(body) }) };
}

const write = (prefix: string, values: ReadonlyMap<NginxField, string>): string =>
  prefix.slice(0, VALUE_MAX_CHARACTERS) + [...values].map(([field, value]) => `@@@${field}=${value}`).join('');
