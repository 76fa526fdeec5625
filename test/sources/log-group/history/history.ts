import type { RunDeps } from '../../../../lambda/commands/forwarding.ts';
import { bindIds } from '../../../../lambda/compose.ts';
import { run } from '../../../../lambda/commands/run.ts';
import { ForwarderError } from '../../../../lambda/errors.ts';
import { createMemoryLedger } from '../../../../lambda/ledger/memory.ts';
import type { Ledger } from '../../../../lambda/ledger/ledger.ts';
import type { RunReport } from '../../../../lambda/pipeline/report.ts';
import { newTally } from '../../../../lambda/pipeline/tally.ts';
import { kubernetesAudit } from '../../../../lambda/sources/log-group/kubernetes-audit.ts';
import type { LogEvent } from '../../../../lambda/sources/log-group/log-event.ts';
import { nginx } from '../../../../lambda/sources/log-group/nginx.ts';
import { DEFAULT_SELECTION } from '../../../../lambda/sources/log-group/selection.ts';
import { createLogGroupSource } from '../../../../lambda/sources/log-group/source.ts';
import { awsProblem } from '../../../simulators/aws-problem.ts';
import { cloudWatchLogsModel } from '../../../simulators/cloudwatch-logs-model.ts';
import { integer, type Random, seeded } from '../../../simulators/random.ts';
import { toWire, wiredGroup } from '../network.ts';
import { redactor } from '../read.ts';
import { GROUP, NOW } from '../world.ts';
import { beginLife, type Life } from './life.ts';
import { drawProfile } from './profile.ts';
import { createSink } from './sink.ts';
import { createTruth } from './truth.ts';
import { createWriter } from './writer.ts';

const DAY = 86_400;
const LOOKBACK = 7 * DAY;
/** Enough of them to read whatever is left, page by page. */
const CLEAN_RUNS = 3;
/** Gone before the next run. */
const LOCK_SECONDS = 600;

export interface History {
  readonly violations: readonly string[];
  /** Requests to the log group. */
  readonly requests: number;
  readonly log: readonly string[];
}

/** Lives through runs and what happens to them, then through some to which nothing happens, and says what does not hold. */
export async function simulate(seed: number): Promise<History> {
  // Each draws from its own numbers, so that who of two comes first changes nothing for the other.
  const stream = (index: number): Random => seeded(5 * seed + index);
  const random = stream(0);
  const ofSource = stream(1);
  const ofSink = stream(2);
  const ofWriter = stream(3);
  const ofTime = stream(4);
  const profile = drawProfile(random);
  const clock = { now: NOW };
  const { emptyPages, shortPages, scanPerPage } = profile;
  const model = cloudWatchLogsModel({
    now: () => clock.now,
    seed,
    groups: [{ name: GROUP }],
    emptyPages,
    shortPages,
    scanPerPage,
  });
  const store = createMemoryLedger({ now: () => clock.now * 1000 });
  const truth = createTruth();
  const write = createWriter(profile, ofWriter, model, truth);
  const format =
    profile.format === 'nginx' ? nginx({ deriveErrorCode: false }) : kubernetesAudit(DEFAULT_SELECTION, 'prod');
  const log: string[] = [JSON.stringify(profile)];
  let isCalm = false;
  let requests = 0;
  let runs = 0;
  const happens = (rate: number, from = random): boolean => !isCalm && from() < rate;
  const some = (): number => 1 + Math.floor(Math.exp(random() * Math.log(200)));

  function sourceOf(life: Life, ledger: Ledger) {
    const group = wiredGroup(
      async (asked, signal) => {
        requests += 1;
        await life.step();
        signal.throwIfAborted();
        if (happens(profile.throttled, ofSource)) return toWire(awsProblem('ThrottlingException', 'Rate exceeded'));
        if (happens(profile.failing, ofSource)) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
        if (asked['nextToken'] !== undefined && happens(profile.tokenRefused, ofSource))
          return toWire(awsProblem('InvalidParameterException', 'The specified nextToken is invalid.'));
        const answer = toWire(model.filterLogEvents(asked));
        await life.step();
        return answer;
      },
      { now: () => clock.now, arn: model.groupArn(GROUP), ...life.deadline, retries: 3 },
    );
    const config = { auditTtlSeconds: LOOKBACK, ttlGraceSeconds: 3600 };
    return createLogGroupSource({
      ...{ group, format, lookbackSeconds: LOOKBACK, pageSize: profile.pageSize },
      overlapSeconds: profile.overlapSeconds,
      bind: bindIds(ledger, config),
      log: { warn: (message) => void log.push(message) },
    });
  }

  /** The ledger as one run sees it: it may stop or die before and after each call. */
  const ledgerOf = (life: Life): Ledger =>
    new Proxy<Ledger>(store, {
      get(target, name: keyof Ledger) {
        if (name === 'quarantined') return () => target.quarantined();
        const call = target[name].bind(target) as (...all: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          await life.step();
          const result = await call(...given);
          await life.step();
          return result;
        };
      },
    });

  async function invoke(): Promise<RunReport | 'dead'> {
    const stopAt = happens(profile.cutShort) ? some() : Infinity;
    const dieAt = happens(profile.killed) ? some() : Infinity;
    const life = beginLife(stopAt, dieAt, () => (clock.now += 0.01 + ofTime() * 0.03));
    const ledger = ledgerOf(life);
    const deps: RunDeps = {
      settings: {
        overlapSeconds: profile.overlapSeconds,
        auditTtlSeconds: LOOKBACK,
        ttlGraceSeconds: 3600,
        putConcurrency: 5,
        redactor,
        isIgnored: () => false,
      },
      source: sourceOf(life, ledger),
      sink: createSink(profile, ofSink, truth, life, () => isCalm),
      ledger,
      deadline: life.deadline,
      runId: `run-${(runs += 1)}`,
      lockSeconds: LOCK_SECONDS,
      tally: newTally(),
      log: { info: () => undefined, warn: (message) => void log.push(message), error: () => undefined },
      now: () => clock.now * 1000,
    };
    const report = await Promise.race([run({ mode: 'scheduled' }, deps), life.death]);
    log.push(report === 'dead' ? `dead at ${dieAt}` : JSON.stringify([report.summary, report.error?.message]));
    return report;
  }

  write(profile.backlog, NOW - LOOKBACK + 2 * DAY, NOW, NOW);
  const violations: string[] = [];
  let stoodStill = false;
  for (let index = 0; index < profile.runs; index += 1) {
    const report = await invoke();
    if (report !== 'dead' && report.error && !(report.error instanceof ForwarderError))
      violations.push(`a run failed with ${report.error.stack ?? report.error.message}`);
    const before = clock.now;
    // Once at most: two could last until the oldest lines are older than a first run looks back.
    const standsStill: boolean = !stoodStill && happens(profile.standstill);
    stoodStill ||= standsStill;
    clock.now += standsStill ? DAY + 3600 * integer(random, 5) : profile.intervalSeconds;
    write(profile.linesPerRun, Math.floor(before), Math.floor(clock.now), clock.now);
  }

  isCalm = true;
  model.settings.emptyPages = 0;
  // What is late has shown by now.
  for (let index = 0; index < CLEAN_RUNS; index += 1) {
    clock.now += index === 0 ? 0.9 * profile.overlapSeconds : LOCK_SECONDS;
    const report = await invoke();
    if (report === 'dead' || report.error) violations.push(`nothing goes wrong, yet a run fails: ${log.at(-1) ?? ''}`);
    // What was left over by runs that differ may need two of them.
    else if (report.summary.status !== 'complete' && index === CLEAN_RUNS - 1)
      violations.push(`nothing goes wrong, yet a run is ${report.summary.status}`);
  }
  const records = (await Array.fromAsync(store.quarantined())).flat();
  violations.push(...truth.verdict(new Set(records.map(({ entry }) => (entry as LogEvent).eventId))));
  return { violations, requests, log };
}
