import type { Page } from '../../../lambda/pipeline/source.ts';
import { tidy } from '../../../lambda/pipeline/tidy.ts';
import { byUrgency, type Window } from '../../../lambda/pipeline/window.ts';
import type { Format } from '../../../lambda/sources/log-group/format.ts';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import { createLogGroupSource, type LogGroupSourceOptions } from '../../../lambda/sources/log-group/source.ts';
import { cloudWatchLogsModel, type CloudWatchLogsModelOptions } from '../../simulators/cloudwatch-logs-model.ts';
import { nginxLine } from './lines.ts';
import { type Answered, type Asked, modelGroup } from './network.ts';

/** 14 November 2026, epoch seconds; the service goes newest first only from 2024 on. */
export const NOW = 1_794_657_600;
export const GROUP = '/aws/eks/prod/cluster';
const STREAM = 'kube-apiserver-audit-1';

export interface WorldOptions extends Partial<CloudWatchLogsModelOptions> {
  readonly format?: Format;
  readonly answer?: (asked: Asked, usual: () => Answered) => Answered | Promise<Answered>;
}

export type World = ReturnType<typeof createWorld>;

/** A log group whose clock stands still until a test moves it, and sources that read it. */
export function createWorld({ format = nginx({ deriveErrorCode: false }), answer, ...options }: WorldOptions = {}) {
  const clock = { now: NOW };
  const model = cloudWatchLogsModel({ now: () => clock.now, groups: [{ name: GROUP }], ...options });
  const asked: Asked[] = [];
  const warnings: string[] = [];

  function connect(changes: Partial<LogGroupSourceOptions> = {}) {
    const group = modelGroup(model, GROUP, {
      now: () => clock.now,
      retries: 1,
      answer: (request, usual) => {
        asked.push(request);
        return answer ? answer(request, usual) : usual();
      },
    });
    const log = { warn: (message: string) => void warnings.push(message) };
    return createLogGroupSource({
      group,
      format,
      lookbackSeconds: 604_800,
      overlapSeconds: 3600,
      pageSize: 7,
      log,
      ...changes,
    });
  }

  return {
    clock,
    model,
    /** What was asked of the service, in order. */
    asked,
    warnings,
    connect,
    /** Puts a line there, so many seconds ago. */
    deliver(message: string, secondsAgo: number, more: { readonly ms?: number; readonly ingestedAfter?: number } = {}) {
      const timestamp = (NOW - secondsAgo) * 1000 + (more.ms ?? 0);
      const ingestionTime = (NOW + (more.ingestedAfter ?? 0)) * 1000;
      model.deliver([{ logGroupName: GROUP, logStreamName: STREAM, timestamp, message, ingestionTime }]);
    },
    /** Puts an access line there for each of these seconds. @returns their ids */
    deliverAll(secondsAgo: readonly number[], more: { readonly ms?: number; readonly ingestedAfter?: number } = {}) {
      return secondsAgo.map((seconds, index) => {
        const id = `${seconds}-${index}-${crypto.randomUUID().slice(0, 8)}`;
        this.deliver(nginxLine({ http_x_request_id: id }), seconds, more);
        return id;
      });
    },
    /** Reads `todo` as one run does that ends after `most` pages. */
    async read(
      todo: readonly Window[],
      most = Infinity,
      changes: Partial<LogGroupSourceOptions> = {},
    ): Promise<Page[]> {
      const opened = await connect(changes).open();
      const pages: Page[] = [];
      for await (const page of opened.pages(byUrgency(tidy(todo)))) {
        pages.push(page);
        if (pages.length === most) break;
      }
      return pages;
    },
  };
}

export const leftBy = (pages: readonly Page[]): readonly Window[] => pages.at(-1)?.left ?? [];
