import { SingleBar } from 'cli-progress';
import { formatCount } from '../layout.ts';
import { dim, type Output, type Screen } from '../screen.ts';
import { formatDuration } from '../times.ts';

/** How far a watch is. */
export interface View {
  /** Seconds of the source's log that were read, and of how many. */
  readonly coveredSeconds: number;
  readonly totalSeconds: number;
  /** Entries read; null where the function does not say it. */
  readonly entries: number | null;
  /** Since the watch began. */
  readonly elapsedSeconds: number;
}

export interface Progress {
  show(view: View): void;
  /** Something happened; said above the bar, or between the lines. */
  note(text: string): void;
  stop(): void;
}

/** A bar on a terminal, plain lines elsewhere. Both to standard error. */
export function progressOn(screen: Screen): Progress {
  return screen.progress === null ? lines(screen) : bar(screen, screen.progress);
}

/** Not more often than this: a watch of hours must not fill a log. */
const LINE_EVERY_SECONDS = 30;

function lines(screen: Screen): Progress {
  let toldAt: number | undefined;
  return {
    show(view) {
      if (view.totalSeconds === 0) return;
      if (toldAt !== undefined && view.elapsedSeconds - toldAt < LINE_EVERY_SECONDS) return;
      toldAt = view.elapsedSeconds;
      screen.tell(`${percent(view)} %  ${describe(view)}`);
    },
    note: (text) => {
      screen.tell(text);
    },
    stop: () => undefined,
  };
}

/**
 * One line that changes. It goes before anything else is said, and comes back below it: the bar remembers where it began, and would
 * overwrite what came between.
 */
function bar(screen: Screen, stream: Output): Progress {
  let drawn: SingleBar | undefined;
  const clear = () => {
    drawn?.stop();
    drawn = undefined;
  };
  return {
    show(view) {
      if (view.totalSeconds === 0) return;
      const text = { text: describe(view) };
      if (drawn === undefined) {
        drawn = new SingleBar({ ...LOOK, stream });
        drawn.start(view.totalSeconds, view.coveredSeconds, text);
      }
      drawn.setTotal(view.totalSeconds);
      drawn.update(view.coveredSeconds, text);
    },
    note(text) {
      clear();
      screen.tell(dim(text));
    },
    stop: clear,
  };
}

const LOOK = {
  format: '  {bar} {percentage} %  {text}',
  barCompleteChar: '█',
  barIncompleteChar: '░',
  barsize: 24,
  hideCursor: true,
  fps: 5,
  emptyOnZero: true,
  clearOnComplete: true,
};

const percent = ({ coveredSeconds, totalSeconds }: View): number => Math.floor((100 * coveredSeconds) / totalSeconds);

/** `18d 14h of 30d, 12,345 entries (310/s), about 4m left`. */
function describe({ coveredSeconds, totalSeconds, entries, elapsedSeconds }: View): string {
  const parts = [`${formatDuration(coveredSeconds)} of ${formatDuration(totalSeconds)} of the log`];
  if (entries !== null)
    parts.push(
      `${formatCount(entries)} entries${elapsedSeconds > 0 ? ` (${formatCount(Math.round(entries / elapsedSeconds))}/s)` : ''}`,
    );
  const leftSeconds = totalSeconds - coveredSeconds;
  if (coveredSeconds > 0 && leftSeconds > 0 && elapsedSeconds > 0)
    parts.push(`about ${formatDuration((elapsedSeconds * leftSeconds) / coveredSeconds)} left`);
  else if (elapsedSeconds > 0) parts.push(`after ${formatDuration(elapsedSeconds)}`);
  return parts.join(', ');
}
