import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import type { Activity, Detail } from '../../pipeline/activity.ts';
import type { Format } from './format.ts';
import { keepNginxLine } from './keep-nginx-line.ts';
import { toLineId, toMark } from './line-id.ts';
import { invalidLine, type LogEvent, secondOf } from './log-event.ts';
import { decode } from './nginx-escapes.ts';
import { type NginxField, type NginxLine, toNginxLine } from './nginx-line.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Access lines of NGINX, in the format that docs/log-groups.md gives. */
export function nginx({ deriveErrorCode }: { readonly deriveErrorCode: boolean }): Format {
  const read: Format['read'] = (event) => {
    const line = toNginxLine(event.message);
    if (line?.values.request_method === undefined || line.values.request_uri === undefined)
      return invalidLine(event, 'the line must hold @@@http_x_request_id=… to @@@server_port=…, in this order');
    const id = valueOf(line, 'http_x_request_id');
    return {
      activity: toActivity(id === null ? event.eventId : toLineId(id), line, event, deriveErrorCode),
      // The line tells no time, so the same line at another time is another request.
      mark: id === null ? null : toMark(`${event.timestamp} ${event.message}`),
    };
  };
  return { select: read, read, keep: ({ message }, redactor) => keepNginxLine(message, redactor) };
}

/** A hyphen stands for no value. */
function valueOf({ values }: NginxLine, field: NginxField): string | null {
  const value = values[field]?.trim() ?? '';
  return value === '' || value === '-' ? null : decode(value);
}

function toActivity(id: string, line: NginxLine, event: LogEvent, deriveErrorCode: boolean): Activity {
  const value = (field: NginxField) => valueOf(line, field);
  const method = value('request_method');
  const uri = value('request_uri') ?? '';
  const mark = uri.indexOf('?');
  // Who sends a line of his own within a value must not choose who he was.
  const address = line.ambiguous.includes('remote_addr') ? null : value('remote_addr');
  const status = toNumber(value('response_status'));
  const isFailed = deriveErrorCode && status !== null && status >= 400;
  return {
    valid: true,
    id,
    second: secondOf(event),
    ttlSeconds: null,
    version: 'nginx',
    actor: { type: 'Anonymous', id: address ?? 'anonymous', details: {}, isAnonymous: true },
    action: (method ?? '-') + ((mark < 0 ? uri : uri.slice(0, mark)) || '/'),
    method: method ?? '-',
    path: uri,
    isWrite: method !== null && !READS.has(method.toUpperCase()),
    status,
    error: isFailed ? { code: String(status), message: STATUS_CODES[status] ?? `HTTP status ${status}` } : null,
    sourceIp: address !== null && isIP(address) !== 0 && !address.includes('%') ? address : null,
    userAgent: null,
    request: [
      { name: 'queryParameters', as: 'query', text: mark < 0 ? '' : uri.slice(mark + 1) },
      { name: 'body', as: 'payload', text: value('request_body') ?? '' },
    ],
    details: {
      scheme: value('request_scheme'),
      host: value('request_host'),
      protocol: value('server_protocol'),
      status,
      referer: toPath(value('header_referer')),
      accept: value('header_accept'),
      contentType: value('header_content_type'),
      port: toNumber(value('server_port')),
      ambiguous: line.ambiguous.join(',') || null,
    },
    row: event,
  };
}

const toPath = (text: string | null): Detail => (text === null ? null : { as: 'path', text });

const toNumber = (text: string | null): number | null => (text !== null && /^\d+$/.test(text) ? Number(text) : null);
