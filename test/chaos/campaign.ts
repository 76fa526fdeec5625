import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { LAMBDA } from './subject.ts';
import { add, NOTHING, type Sums } from './sums.ts';

export interface Campaign {
  /** One history each. */
  readonly seeds: readonly number[];
  /** URL of the `lambda/` to try. Default: this repository's. */
  readonly lambda?: string;
  /** Stop after the first history that breaks the promise. Default false. */
  readonly untilFailure?: boolean;
  /** Histories at a time, each in a thread of its own. Default 2. */
  readonly threads?: number;
  /** A history whose clock has stood still for so long never ends, which is a failure. Default 600 000. */
  readonly stuckAfterMs?: number;
  readonly onProgress?: (sums: Sums) => void;
}

/** What a worker is told, and what it answers after each history. */
export interface Task {
  readonly seeds: readonly number[];
  readonly lambda: string;
  readonly untilFailure: boolean;
}

/** All that an AWS client can find. */
const AWS = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

export const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** Simulates histories in threads and adds them up. */
export async function campaign(options: Campaign): Promise<Sums> {
  const { seeds, lambda = LAMBDA, untilFailure = false, threads = 2, onProgress } = options;
  let sums = NOTHING;
  const shares = Array.from({ length: Math.min(threads, seeds.length) }, (_, thread) =>
    seeds.filter((_seed, index) => index % threads === thread),
  );
  const workers: Worker[] = [];
  await Promise.all(
    shares.map(async (share) => {
      const task: Task = { seeds: share, lambda, untilFailure };
      const worker = new Worker(new URL('worker.ts', import.meta.url), {
        workerData: task,
        env: { ...process.env, ...AWS },
      });
      workers.push(worker);
      let done = 0;
      const timer = setTimeout(() => {
        const violations = ['the history does not end'];
        sums = add(sums, { ...NOTHING, failures: [{ seed: share[done] ?? NaN, violations, log: [] }] });
        void worker.terminate();
      }, options.stuckAfterMs ?? 600_000);
      worker.on('message', (history: Sums) => {
        done += 1;
        timer.refresh();
        sums = add(sums, history);
        onProgress?.(sums);
        if (untilFailure && sums.failures.length > 0) for (const other of workers) void other.terminate();
      });
      await once(worker, 'exit');
      clearTimeout(timer);
    }),
  );
  return sums;
}
