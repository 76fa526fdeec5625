import type { Log } from '../../log.ts';
import type { Source } from '../../pipeline/source.ts';
import type { SourceDeps } from '../../room.ts';
import type { LogGroup } from './client.ts';
import { diagnoseLogGroup } from './diagnose.ts';
import type { Format } from './format.ts';
import { toItem, toItems } from './items.ts';
import { keepRow } from './keep.ts';
import { scan } from './scan.ts';

export interface LogGroupSourceOptions {
  readonly group: LogGroup;
  readonly format: Format;
  readonly streamPrefix?: string | undefined;
  /** See `SourceDeps`. */
  readonly bind?: SourceDeps['bind'];
  readonly lookbackSeconds: number;
  readonly overlapSeconds: number;
  /** Most events of a page. @default - the service's own limit */
  readonly pageSize?: number | undefined;
  readonly log: Pick<Log, 'warn'>;
}

const FACTS = { strategy: 'log-group', kongVersion: null } as const;
/** Nothing lies there, so it is answered at once. */
const NO_TIME = Date.UTC(2024, 0, 1);

/** Lines of a log group, by FilterLogEvents. */
export function createLogGroupSource(options: LogGroupSourceOptions): Source {
  const { group, format, streamPrefix, bind, lookbackSeconds, overlapSeconds, pageSize, log } = options;
  const now = () => group.now() ?? Math.floor(Date.now() / 1000);
  const question = { filterPattern: format.filterPattern, streamPrefix };
  return {
    async open() {
      // The service tells the time with every answer, and this one costs nothing.
      await group.find({ startTime: NO_TIME, endTime: NO_TIME, limit: 1 });
      return {
        now: group.now(),
        readsEverything: false,
        about: () => FACTS,
        parse: (row) => toItem(row, format),
        pages: (todo) =>
          scan(todo, Math.max(0, now() - lookbackSeconds), {
            group,
            question,
            pageSize,
            now,
            overlapSeconds,
            toItems: (rows) => toItems(rows, format, bind),
            log,
          }),
      };
    },
    keep: (row, redactor) => keepRow(row, format, redactor),
    diagnose: () => diagnoseLogGroup(group, format),
    now: () => group.now(),
    requests: () => group.requests(),
    close: () => {
      group.close();
      return Promise.resolve();
    },
  };
}
