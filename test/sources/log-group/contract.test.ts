import type { SourceSubject } from '../harness.ts';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import type { Format } from '../../../lambda/sources/log-group/format.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { createLogGroupSource } from '../../../lambda/sources/log-group/source.ts';
import { toCursor } from '../../../lambda/sources/log-group/cursor.ts';
import { cloudWatchLogsModel } from '../../simulators/cloudwatch-logs-model.ts';
import { describeSource } from '../contract.ts';
import { PAGE_SIZE } from '../harness.ts';
import { auditEntry, nginxLine } from './lines.ts';
import { useAnyCredentials } from '../../support/any-credentials.ts';
import { modelGroup } from './network.ts';

/** 14 November 2026; the service goes newest first only from 2024 on. */
const NOW = 1_794_657_600;
const GROUP = '/aws/eks/prod/cluster';

interface Kind {
  readonly format: Format;
  /** A line, and the id of its activity. */
  readonly line: (second: number) => { readonly id: string; readonly message: string };
}

const KINDS: Readonly<Record<string, Kind>> = {
  'kubernetes-audit': {
    format: kubernetesAudit(DEFAULT_SELECTION, 'prod'),
    line(second) {
      const entry = auditEntry({}, second * 1000 + 12);
      return { id: String(entry['auditID']), message: JSON.stringify(entry) };
    },
  },
  nginx: {
    format: nginx({ deriveErrorCode: false }),
    line() {
      const id = crypto.randomUUID();
      return { id, message: nginxLine({ http_x_request_id: id }) };
    },
  },
};

function subjectOf(name: string, { format, line }: Kind): SourceSubject {
  const question = format.filterPattern === undefined ? {} : { filterPattern: format.filterPattern };
  const cursor = (token: string, changes: object = {}, of: object = question) =>
    toCursor(
      {
        search: { startTime: (NOW - 30) * 1000, endTime: (NOW + 1) * 1000 - 1, ...question, ...changes },
        token,
        since: NOW,
      },
      of,
    );
  return {
    name: `log group, ${name}`,
    isNewestFirst: true,
    readsEverything: false,
    badCursors: {
      'no JSON': 'garbage',
      'another source’s': '{"order":"time","version":"3.9.1.0","offset":"WyJhIl0"}',
      'another selection’s': cursor('token', { filterPattern: '?pods' }),
      'of other streams': cursor('token', {}, { ...question, streamPrefix: 'other' }),
      'one the service refuses': cursor('made-up'),
      'one the service fails for': cursor('failing'),
    },
    open: () => {
      const model = cloudWatchLogsModel({
        now: () => NOW,
        groups: [{ name: GROUP }],
      });
      const deliver = (second: number, message: string): string => {
        model.deliver([
          { logGroupName: GROUP, logStreamName: 'kube-apiserver-audit-1', timestamp: second * 1000, message },
        ]);
        return message;
      };
      return Promise.resolve({
        now: NOW,
        connect: () =>
          createLogGroupSource({
            group: modelGroup(model, GROUP, {
              now: () => NOW,
              retries: 1,
              answer: ({ nextToken }, usual) =>
                nextToken === 'failing' ? { status: 500, code: 'InternalFailure', message: '' } : usual(),
            }),
            format,
            lookbackSeconds: 604_800,
            overlapSeconds: 3600,
            pageSize: PAGE_SIZE,
            log: { warn: () => undefined },
          }),
        write(second) {
          const { id, message } = line(second);
          deliver(second, message);
          return id;
        },
        writeInvalid(second) {
          deliver(second, 'ingresses gateway: no line of the format');
          return eventIdAt(model, second);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
  };
}

/** What the service calls the latest event of that second. */
function eventIdAt(model: ReturnType<typeof cloudWatchLogsModel>, second: number): string {
  const found = model.filterLogEvents({ logGroupName: GROUP, startTime: second * 1000, endTime: second * 1000 });
  return ('events' in found && found.events.at(-1)?.eventId) || '';
}

useAnyCredentials();
for (const [name, kind] of Object.entries(KINDS)) describeSource(subjectOf(name, kind));
