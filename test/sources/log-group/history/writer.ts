import type { CloudWatchLogsModel } from '../../../simulators/cloudwatch-logs-model.ts';
import { integer, type Random, uuid } from '../../../simulators/random.ts';
import { auditLine, nginxLine, readingLine } from '../lines.ts';
import { GROUP } from '../world.ts';
import type { Profile } from './profile.ts';
import type { Truth } from './truth.ts';

/** Holds none of the terms that are asked for. */
const LEASE = {
  requestURI: '/apis/coordination.k8s.io/v1/leases/a',
  objectRef: { resource: 'leases', name: 'a', apiGroup: 'coordination.k8s.io' },
  user: { username: 'system:node:a' },
  requestObject: undefined,
  responseObject: undefined,
};

/** Whoever writes into the log group: lines of every kind, alone and in bursts, in time and late. */
export function createWriter(profile: Profile, random: Random, model: CloudWatchLogsModel, truth: Truth) {
  const isKubernetes = profile.format === 'kubernetes-audit';
  const sharedIds = Array.from({ length: 4 }, () => uuid(random));
  let count = 0;

  /** Puts a line there. @returns its eventId */
  function put(message: string, timestamp: number, ingestionTime: number): string {
    model.deliver([
      { logGroupName: GROUP, logStreamName: 'kube-apiserver-audit-1', timestamp, message, ingestionTime },
    ]);
    const { accepted } = model;
    const last = accepted.at(-1);
    // As `eventId` of the simulator has it.
    return last ? `3${String(timestamp).padStart(15, '0')}${String(last.order).padStart(40, '0')}` : '';
  }

  function write(timestamp: number, ingestionTime: number): void {
    count += 1;
    if (random() < profile.garbage) {
      truth.wroteGarbage(put(`ingresses {"auditID": ${count}`, timestamp, ingestionTime));
      return;
    }
    if (isKubernetes && random() < profile.noise) {
      put(auditLine(LEASE, timestamp), timestamp, ingestionTime);
      return;
    }
    if (isKubernetes && random() < 0.5) {
      put(readingLine({ auditID: uuid(random) }, timestamp), timestamp, ingestionTime);
      return;
    }
    const isShared = random() < profile.sharedIds;
    const id = isShared ? (sharedIds[integer(random, 4)] ?? '') : uuid(random);
    const hasId = isKubernetes || random() >= 0.1;
    const message = isKubernetes
      ? auditLine({ auditID: id, userAgent: `client ${count}` }, timestamp)
      : nginxLine({ http_x_request_id: hasId ? id : '-', request_uri: `/${count}` });
    const key = `${count} ${message}`;
    truth.wrote(put(message, timestamp, ingestionTime), key);
    // An agent that was not sure whether the line was taken. Where another line has the id, both become events.
    if (hasId && !isShared && random() < 0.05) truth.wrote(put(message, timestamp, ingestionTime), key);
  }

  /** Writes `lines` lines between `from` and `to`, epoch seconds; the late ones show later than `now`. */
  return (lines: number, from: number, to: number, now: number): void => {
    let timestamp = from * 1000;
    for (let line = 0; line < lines; line += 1) {
      if (random() >= profile.bursts)
        timestamp = profile.bySecond
          ? (from + integer(random, Math.max(1, to - from))) * 1000
          : from * 1000 + integer(random, Math.max(1, (to - from) * 1000));
      // Never later than the overlap looks back.
      const lateMs = random() < profile.late ? random() * 0.8 * profile.overlapSeconds * 1000 : 0;
      write(timestamp, Math.max(Math.min(now * 1000, timestamp), timestamp + lateMs));
    }
  };
}
