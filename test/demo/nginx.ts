import { randomUUID } from 'node:crypto';
import type { NginxField } from '../../lambda/sources/log-group/nginx-line.ts';
import type { CloudWatchLogsSimulator } from '../simulators/cloudwatch-logs.ts';
import { pick, type Random, seeded } from '../simulators/random.ts';
import { nginxLine } from '../sources/log-group/lines.ts';
import { lateAct, type Line, lineWriter } from './log-group.ts';
import type { SourceStage } from './stage.ts';

const GROUP = '/edge/nginx/access';
const LINES = 5000;
const DAY = 86_400;
const LATE_SECONDS = 1200;
const CUT_AT = 100;

type Request = Readonly<Partial<Record<NginxField, string>>>;

const ROUTINE: readonly Request[] = [
  { request_uri: '/cart?size=2' },
  { request_uri: '/search?q=caf%C3%A9', remote_addr: '198.51.100.7' },
  { request_method: 'POST', request_uri: '/cart/items', request_body: '{\\x22sku\\x22:\\x22A-17\\x22}', response_status: '201' },
  { request_uri: '/favicon.ico', response_status: '404', remote_addr: '2001:db8:12::7' },
]; // prettier-ignore

const REQUESTS: readonly Request[] = [
  { request_method: 'POST', request_uri: '/login?next=/cart', request_body: '{\\x22user\\x22:\\x22dave\\x22,\\x22password\\x22:\\x22hunter2-and-more\\x22}', header_content_type: 'application/json' },
  { request_method: 'DELETE', request_uri: '/orders/17', response_status: '204' },
  { request_uri: '/admin/export?api_key=hunter2-and-more', response_status: '403', remote_addr: '192.0.2.66' },
]; // prettier-ignore

/** Two requests whose client chose the same id. */
const TWICE_ID = 'my-request';
const TWICE: readonly Request[] = ['/orders/18', '/orders/19'].map((request_uri) => ({
  ...{ http_x_request_id: TWICE_ID, request_method: 'DELETE', remote_addr: '192.0.2.66', request_uri },
}));

const HEADER = '<190>Nov 14 12:00:00 edge-1 nginx: ';

function accessLine(request: Request, at: number): Line {
  const id = request.http_x_request_id ?? randomUUID();
  return { message: nginxLine({ ...request, http_x_request_id: id }, HEADER), at, id: () => id };
}

function* routine(random: Random, count: number, from: number, to: number): Generator<Line> {
  for (let index = 0; index < count; index += 1)
    yield accessLine(pick(random, ROUTINE), from + ((index + random()) * (to - from)) / count);
}

/** The access lines of a proxy at the edge, with almost a week behind them. */
export function stageNginx(logs: CloudWatchLogsSimulator): Promise<SourceStage> {
  const { written, write } = lineWriter(logs, GROUP, 'edge-1');
  const now = Math.floor(Date.now() / 1000);
  write(routine(seeded(1), LINES, now - 6 * DAY, now - 60));
  return Promise.resolve({
    name: 'NGINX access lines',
    service: 'CloudWatch Logs',
    row: 'line',
    rows: 'lines',
    env: { ...logs.env, SOURCE_LOG_GROUP_ARN: logs.model.groupArn(GROUP), SOURCE_FORMAT: 'nginx' },
    backlog: `${GROUP} holds ${LINES} lines of six days, and nothing was forwarded yet`,
    acts: [
      {
        title: 'Clients send requests, two of them with one id of their own choice',
        point: 'only what is new, and each request under an id of its own',
        perform() {
          const [first, second] = TWICE.map((request, index) => accessLine(request, now - 20 + index));
          write(REQUESTS.map((request, index) => accessLine(request, now - 50 + 7 * index)));
          if (first) write([first]);
          if (second) write([{ ...second, id: (eventId) => `${TWICE_ID}-${eventId}` }]);
        },
      },
      lateAct(() => {
        const cut = accessLine({}, now - 10).message.slice(0, CUT_AT);
        write([accessLine({ request_uri: '/late' }, now - LATE_SECONDS), { message: cut, at: now - 10 }]);
      }),
    ],
    verified: '6d',
    telling: { title: 'the password is not in it', isIn: (text) => text.includes('/login') },
    remark: ({ duplicates }) => `${duplicates} duplicates were dropped (the overlap reads the last hour again).`,
    show: ({ eventName, userIdentity, additionalEventData: { status = 0 } }) => ({
      who: userIdentity.principalId,
      what: eventName,
      outcome: String(status),
      isBad: status >= 400,
    }),
    written: () => written,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}
