import { Presets, SingleBar } from 'cli-progress';

/** A long job on its way: a bar on a terminal, else a line every few seconds, so that a log shows that something happens. */
export interface Progress {
  /** @param remark what there is to say beside the numbers */
  update(done: number, remark?: string): void;
  /** Call it before anything else is written. */
  stop(): void;
}

const LINE_EVERY_MS = 10_000;

/** Shows the progress of `total` things on standard error. @param unit plural of what is counted */
export function showProgress(total: number, unit: string): Progress {
  const bar = new SingleBar(
    {
      format: `${process.stderr.isTTY ? '{bar} ' : ''}{value} of {total} ${unit}{remark}`,
      stream: process.stderr,
      // Left as it is: Ctrl-C would leave the terminal without it.
      linewrap: true,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { remark: '' });
  return {
    update(done, remark = '') {
      bar.update(done, { remark: remark && `, ${remark}` });
    },
    stop() {
      bar.stop();
    },
  };
}
