import { type Mark, cutAtMarks } from './cut-at-marks.ts';

/** The fields of the format, in its order. */
export const NGINX_FIELDS = [
  'http_x_request_id',
  'request_scheme',
  'request_host',
  'remote_addr',
  'request_method',
  'request_uri',
  'server_protocol',
  'response_status',
  'request_body',
  'header_referer',
  'header_accept',
  'header_content_type',
  'server_port',
] as const;
export type NginxField = (typeof NGINX_FIELDS)[number];

/** What NGINX itself writes can be told from what a client sends. */
const SERVER_WRITES: Readonly<Partial<Record<NginxField, RegExp>>> = {
  request_scheme: /^[\w+.-]*$/,
  remote_addr: /^[^@\s]*$/,
  request_method: /^[^@\s]*$/,
  server_protocol: /^[\w./-]*$/,
  response_status: /^(?:\d{3}|-|)$/,
  server_port: /^(?:\d{1,5}|-|)\s*$/,
};

/** Field by field what stands between its name and the next, as NGINX wrote it. */
export type NginxValues = Readonly<Partial<Record<NginxField, string>>>;

export interface NginxLine {
  /** What stands before the first field, such as the header of syslog. */
  readonly prefix: string;
  readonly values: NginxValues;
  /** Fields that could be read otherwise: some value holds the names of fields behind it, as if it were a line of its own. */
  readonly ambiguous: readonly NginxField[];
}

const NAMES = new RegExp(`@@@(${NGINX_FIELDS.join('|')})=`, 'g');
const PLACE = new Map(NGINX_FIELDS.map((field, index) => [field, index]));

/**
 * Cuts a line into its fields. Nothing marks where a value ends, so it is cut only before the name of the next field, at the first
 * place at which the rest can be cut, too, and all that NGINX writes itself looks like it. Fields that the line does not name are
 * absent. In time linear in the length of the line, but for a logarithm.
 *
 * @returns null where that cannot be done: no such line, or a part of one
 */
export function toNginxLine(line: string): NginxLine | null {
  const marks = marksOf(line);
  const cuts = cutAtMarks(line, marks);
  if (!cuts) return null;
  const { earliest, latest } = cuts;
  const isSettled = (index: number): boolean => earliest[index] === latest[index];
  return {
    prefix: line.slice(0, earliest[0]),
    values: valuesOf(line, marks, earliest),
    ambiguous: marks.flatMap(({ name }, index) => (isSettled(index) && isSettled(index + 1) ? [] : name)),
  };
}

/** The names in the line, from the first one on: in front of it stands nothing that a client could have sent. */
function marksOf(line: string): Mark<NginxField>[] {
  const marks = new Map<NginxField, { name: NginxField; length: number; form: RegExp | undefined; starts: number[] }>();
  let first = -1;
  for (const { 0: text, 1: name, index } of line.matchAll(NAMES)) {
    const field = name as NginxField;
    const place = PLACE.get(field) ?? 0;
    if (first >= 0 && place <= first) continue;
    if (first < 0) first = place;
    const mark = marks.get(field);
    if (mark) mark.starts.push(index);
    else marks.set(field, { name: field, length: text.length, form: SERVER_WRITES[field], starts: [index] });
  }
  return NGINX_FIELDS.flatMap((field) => marks.get(field) ?? []);
}

function valuesOf(line: string, marks: readonly Mark<NginxField>[], starts: readonly number[]): NginxValues {
  const values: Partial<Record<NginxField, string>> = {};
  marks.forEach(({ name, length }, index) => {
    values[name] = line.slice((starts[index] ?? 0) + length, starts[index + 1] ?? line.length);
  });
  return values;
}
