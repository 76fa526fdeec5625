import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/*
 * The process that is measured: imports a bundle, calls its handler once and reports what the whole process took. It is bundled
 * itself, so that Node's type stripping is not part of the figures.
 */

/** The file descriptor of its report, JSON. Node's own channel to a child takes the measured process 10 ms of CPU. */
export const REPORT = 3;

/** What `measured.ts` is told, as its only argument. */
export interface Job {
  /** The bundle: exports `handler`. */
  readonly bundle: string;
  /** Null only imports the bundle. */
  readonly event: unknown;
  readonly remainingMs: number;
}

/** What one invocation took. */
export interface Cost {
  /** The handler's own time, connecting included. */
  readonly wallMs: number;
  /** User and system time of the whole process, its start included. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  /** What the handler returned. */
  readonly answer: unknown;
}

export interface Measured extends Cost {
  readonly importMs: number;
}

interface Bundle {
  readonly handler: (event: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;
}

const job = JSON.parse(process.argv[2] ?? '') as Job;
const startedAt = performance.now();
const { handler } = (await import(pathToFileURL(job.bundle).href)) as Bundle;
const importedAt = performance.now();
const answer = job.event === null ? null : await handler(job.event, { getRemainingTimeInMillis });
const endedAt = performance.now();

const { user, system } = process.cpuUsage();
const measured: Measured = {
  importMs: importedAt - startedAt,
  wallMs: endedAt - importedAt,
  cpuMs: (user + system) / 1000,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  answer,
};
writeFileSync(REPORT, JSON.stringify(measured));

function getRemainingTimeInMillis(): number {
  return job.remainingMs - (performance.now() - importedAt);
}
