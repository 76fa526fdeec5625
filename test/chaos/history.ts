import type { RunConfig, RunInvocation } from '../../lambda/commands/run.ts';
import type { RunReport } from '../../lambda/pipeline/report.ts';
import { cloudTrailModel } from '../simulators/cloudtrail-model.ts';
import { kongModel } from '../simulators/kong-model.ts';
import { integer, pick, seeded, uuid } from '../simulators/random.ts';
import { hireAdmins, POISON, REFUSED } from './admins.ts';
import { chaosChannel } from './channel.ts';
import { startClock } from './clock.ts';
import { createFaults, type Fault } from './faults.ts';
import { chaosKong } from './kong.ts';
import { chaosLedger } from './ledger.ts';
import { beginLife, type Life } from './life.ts';
import { drawProfile } from './profile.ts';
import type { Subject } from './subject.ts';
import { createTruth, type Totals } from './truth.ts';

export interface History {
  readonly seed: number;
  readonly totals: Totals;
  readonly runs: number;
  readonly faults: ReadonlyMap<Fault, number>;
  /** Why events were sent twice, and how often. */
  readonly causes: ReadonlyMap<string, number>;
  /** Where the promise was broken; empty for a history as it should be. */
  readonly violations: readonly string[];
  readonly log: readonly string[];
}

const START = Date.UTC(2026, 10, 1) / 1000;
const HOUR = 3600;
const CLEAN_RUNS = 3;
const CLEAN_BUDGET_SECONDS = 900;
/** How far a clock jumps at most. */
const JUMPS_SECONDS = [6 * HOUR, 6 * HOUR, 6 * HOUR, 100 * HOUR];
/** `deadline.ts` halves it. */
const RESERVE_SECONDS = 15;
const LOCK_GRACE_SECONDS = 30;

/**
 * One history: many days of scheduled runs over a log that grows and expires, with everything going wrong that the seed's
 * profile says; then a bounded number of runs in which nothing does, and the verdict. The same seed gives the same history.
 */
export async function simulate(seed: number, subject: Subject, profile = drawProfile(seed)): Promise<History> {
  const random = seeded(seed * 2);
  const clock = startClock(START);
  const faults = createFaults(seeded(seed * 3 + 1), profile.rates, clock.now);
  const truth = createTruth({
    now: clock.now,
    overlapSeconds: profile.overlapSeconds,
    auditTtlSeconds: profile.recordTtlSeconds,
    ttlGraceSeconds: profile.ttlGraceSeconds,
    putConcurrency: profile.putConcurrency,
    longestRunSeconds: Math.max(profile.budgetSeconds, CLEAN_BUDGET_SECONDS),
    skewSeconds: Math.max(...profile.skews) - Math.min(...profile.skews),
  });
  const cloudTrail = cloudTrailModel({ now: clock.now, seed });
  const store = subject.createMemoryLedger({ now: () => clock.now() * 1000 });
  const ownShare = Math.min(0.5, profile.pageSize / 20);
  let skews = profile.skews;
  const kong = kongModel({
    now: clock.now,
    seed,
    version: profile.versions[0] ?? '',
    nodes: nodes(),
    recordTtlSeconds: profile.versions[0] === profile.versions.at(-1) ? profile.recordTtlSeconds : HOUR,
    // With tiny pages the rows about reading would outgrow all others, so that only some of them appear.
    writeDelaySeconds: () => (random() < ownShare ? 2 * random() : Infinity),
  });
  const admins = hireAdmins({
    table: kong.table,
    profile: {
      ...profile,
      get skews() {
        return skews;
      },
    },
    random,
    version: () => kong.settings.version,
    onRow: truth.wrote,
  });
  const config: RunConfig = {
    overlapSeconds: profile.overlapSeconds,
    auditTtlSeconds: profile.recordTtlSeconds,
    ttlGraceSeconds: profile.ttlGraceSeconds,
    putConcurrency: profile.putConcurrency,
    eventSource: 'kong-gateway',
    deriveErrorCode: false,
    redactKeys: ['password'],
    kong: { pageSize: profile.pageSize, scan: profile.scan },
    channel: { accountId: '111122223333' },
  };
  const outUntil = { kong: 0, ledger: 0, cloudtrail: 0 };
  const offsets = new Map<string, Set<string>>();
  let rolling: string | null = null;
  let versionIndex = 0;
  let runs = 0;
  let active = 0;

  function nodes() {
    return skews.map((skewSeconds, index) => ({ hostname: `kong-cp-${index}`, nodeId: uuid(random), skewSeconds }));
  }

  async function invoke(invocation: RunInvocation, clean = false): Promise<RunReport | 'dead'> {
    runs += 1;
    active += 1;
    const dryRun = invocation.mode === 'backfill' && invocation.dryRun;
    const name = `run ${runs} (${describe(invocation)})`;
    const budget = clean ? CLEAN_BUDGET_SECONDS : profile.budgetSeconds;
    const reserve = Math.min(RESERVE_SECONDS, budget / 2);
    const life = beginLife({
      name,
      runId: `run-${runs}`,
      clock,
      faults,
      stoppingAfter: budget - reserve,
      abortingAfter: budget - reserve / 2,
      endsAfter: budget,
      stopAt: chance('deadline') ? somePause() : null,
      dieAt: chance('death') ? somePause() : null,
      reason: () => new subject.DeadlineReached("The run's time is up"),
      onDeath: () => {
        truth.died(life);
      },
    });
    faults.tell(`${name} begins`);
    const outcome = await Promise.race([subject.run(invocation, deps(life, dryRun, budget)), life.death]);
    life.end();
    active -= 1;
    if (outcome === 'dead') return outcome;
    const { summary, error } = outcome;
    faults.tell(
      `${name} is ${summary.status}${error ? `: ${error.name}: ${error.message}` : ''}; ${JSON.stringify({ ...summary, mode: undefined })}`,
    );
    if (error && !(error instanceof subject.errors.ForwarderError))
      truth.violate(`${name} failed with ${error.stack ?? error.name}`);
    if (invocation.mode === 'scheduled' && summary.status === 'complete') truth.completed(outcome, life);
    return outcome;
  }

  function deps(life: Life, dryRun: boolean, budget: number): Parameters<Subject['run']>[1] {
    const { errors } = subject;
    const tally = subject.newTally();
    const writes = (act: () => void) => {
      if (dryRun) truth.violate(`${life.name} wrote to the ledger`);
      act();
    };
    const ledger = chaosLedger({
      store,
      faults,
      life,
      errors,
      isOut: () => outUntil.ledger > clock.now(),
      events: {
        marked: (outcomes) => {
          writes(() => {
            truth.marked(outcomes, life);
          });
        },
        released: (outcomes) => {
          writes(() => {
            truth.released(outcomes, life);
          });
        },
        quarantined: (records) => {
          writes(() => {
            truth.quarantined(records, life);
          });
        },
        saved: (checkpoint) => {
          writes(() => {
            truth.saved(checkpoint, life);
          });
        },
        lost: (ids) => {
          truth.lostMark(ids, life);
        },
      },
    });
    return {
      config,
      ledger,
      kong: chaosKong({
        model: kong,
        faults,
        life,
        errors,
        onRequestId: dryRun ? null : subject.markOwn(ledger, config),
        onRow: (row) => {
          truth.wrote(row, row.key, false);
        },
        onReported: truth.reportedOwn,
        isOut: () => outUntil.kong > clock.now(),
        ttlShortSeconds: profile.ttlShortSeconds,
        offsets,
        onMisuse: truth.violate,
        route,
      }),
      channel: chaosChannel({
        model: cloudTrail,
        faults,
        life,
        onRequest: () => (tally.puts += 1),
        onAccepted: (event, doubt) => {
          truth.acceptedEvent(event, doubt, life);
        },
        onDoubt: truth.doubted,
        onRefused: ({ eventData }, code) => {
          truth.refusedEvent((JSON.parse(eventData) as { UID: string }).UID, code);
        },
        onPut: () => truth.putBegan(life),
        isOut: () => outUntil.cloudtrail > clock.now(),
        flaw: ({ eventData }) =>
          eventData.includes(`"workspace":"${POISON}-`)
            ? { request: true, code: 'ValidationException' }
            : eventData.includes(`"workspace":"${REFUSED}-`)
              ? { request: false, code: 'FieldTooLong' }
              : null,
      }),
      deadline: life.deadline,
      runId: life.runId,
      lockSeconds: budget + LOCK_GRACE_SECONDS,
      tally,
      log: {
        info: () => undefined,
        warn: (message) => {
          faults.tell(`${life.name} warns: ${message}`);
        },
        error: () => undefined,
      },
      now: () => clock.now() * 1000,
      retryDelayMs: 0,
    };
  }

  /** While an upgrade is rolled out, nodes of both versions answer. */
  function route(): void {
    if (rolling !== null) kong.settings.version = pick(faults.random, [rolling, profile.versions[versionIndex] ?? '']);
  }

  const chance = (fault: Fault): boolean => !faults.stopped() && faults.random() < (profile.rates[fault] ?? 0);
  /** Early moments as likely as late ones, on a scale of factors. */
  const somePause = (): number => 1 + Math.floor(Math.exp(faults.random() * Math.log(400)));

  function upgrade(): void {
    if (rolling !== null) return;
    const next = profile.versions[versionIndex + 1];
    if (next === undefined) return;
    if (chance('kong upgrade')) {
      faults.note('kong upgrade', next);
      versionIndex += 1;
      kong.settings.version = next;
    } else if (profile.pageSize >= 10 && chance('kong rolling upgrade')) {
      faults.note('kong rolling upgrade', next);
      rolling = profile.versions[versionIndex] ?? '';
      versionIndex += 1;
      clock.at(clock.now() + 2 * HOUR * faults.random(), settleVersion);
    }
  }
  function settleVersion(): void {
    rolling = null;
    kong.settings.version = profile.versions[versionIndex] ?? '';
  }

  function jumpClock(): void {
    const jump = Math.round((faults.random() * 2 - 1) * pick(faults.random, JUMPS_SECONDS));
    const jumping = integer(faults.random, profile.skews.length);
    skews = profile.skews.map((skew, index) => (index === jumping ? skew + jump : skew));
    kong.settings.nodes = nodes();
    faults.note('kong clock jump', `${jump} s on node ${jumping}`);
    clock.at(clock.now() + 3 * HOUR * faults.random(), calmClock);
  }
  function calmClock(): void {
    skews = profile.skews;
    kong.settings.nodes = nodes();
  }

  function wipe(): void {
    faults.note('ledger wiped', '');
    store.clear();
    truth.wiped();
  }

  function outage(): void {
    const what = pick(faults.random, ['kong', 'ledger', 'cloudtrail'] as const);
    const until = clock.now() + pick(faults.random, [600, HOUR, 6 * HOUR]) * faults.random();
    faults.note('outage', `${what} until ${new Date(until * 1000).toISOString()}`);
    outUntil[what] = until;
  }

  function everyHour(): void {
    if (faults.stopped()) return;
    admins.work(clock.now());
    const sometime = (act: () => void): void => {
      clock.at(clock.now() + HOUR * faults.random(), () => {
        if (!faults.stopped()) act();
      });
    };
    sometime(upgrade);
    if (chance('kong clock jump')) sometime(jumpClock);
    if (chance('ledger wiped')) sometime(wipe);
    if (chance('outage')) sometime(outage);
    const hands = integer(random, 1000) / 1000 < profile.invocationsPerHour ? 1 : 0;
    for (let hand = 0; hand < hands; hand += 1) sometime(() => void invoke(someInvocation()));
    clock.at(clock.now() + HOUR, everyHour);
  }

  function onSchedule(): void {
    if (faults.stopped()) return;
    void invoke({ mode: 'scheduled' });
    if (chance('overlapping run')) {
      faults.note('overlapping run', '');
      clock.at(clock.now() + 10 * faults.random(), () => void invoke(someInvocation()));
    }
    clock.at(clock.now() + profile.intervalSeconds, onSchedule);
  }

  function someInvocation(): RunInvocation {
    const kind = random();
    if (kind < 0.3) return { mode: 'replay' };
    if (kind < 0.5) return { mode: 'scheduled' };
    const after = Math.floor(clock.now() - random() * profile.recordTtlSeconds);
    const before = after + 1 + integer(random, profile.recordTtlSeconds);
    return {
      mode: 'backfill',
      ...(random() < 0.8 && { after }),
      ...(random() < 0.7 && { before }),
      dryRun: random() < 0.25,
      resend: random() < 0.3,
    };
  }

  everyHour();
  clock.at(START + 60, onSchedule);
  const end = START + profile.days * 86_400;
  clock.at(end, () => undefined);
  await clock.run(() => clock.now() >= end);

  faults.stop();
  settleVersion();
  calmClock();
  Object.assign(outUntil, { kong: 0, ledger: 0, cloudtrail: 0 });
  await pass(Math.max(HOUR, profile.budgetSeconds + LOCK_GRACE_SECONDS));
  if (active > 0) truth.violate(`${active} run(s) are still at work long after their end`);
  for (let run = 1; run <= CLEAN_RUNS; run += 1) await cleanRun(run === CLEAN_RUNS);
  const seenKeys = store.keys().flatMap((key) => (key.startsWith('seen:') ? [key.slice('seen:'.length)] : []));
  const totals = truth.verdict(seenKeys, clock.now() - HOUR);
  const { violations, causes } = truth;
  return { seed, totals, runs, faults: faults.counts, causes, violations, log: faults.log };

  async function pass(seconds: number): Promise<void> {
    const until = clock.now() + seconds;
    clock.at(until, () => undefined);
    await clock.run(() => clock.now() >= until);
  }

  async function cleanRun(isLast: boolean): Promise<void> {
    const run: { report?: RunReport | 'dead' } = {};
    void invoke({ mode: 'scheduled' }, true).then((report) => (run.report = report));
    await pass(HOUR);
    const { report } = run;
    if (report === undefined || report === 'dead') truth.violate('nothing goes wrong, yet a run does not end');
    // A window that reaches into the future, from when Kong's clock was ahead, stays pending until then.
    else if (report.error || (isLast && report.summary.pending.some(({ after }) => after < clock.now() - 2 * HOUR)))
      truth.violate(`nothing goes wrong, yet a run is ${report.summary.status}: ${report.error?.message ?? ''}`);
  }
}

function describe(invocation: RunInvocation): string {
  const { mode, ...rest } = invocation;
  return mode === 'backfill' ? `backfill ${JSON.stringify(rest)}` : mode;
}
