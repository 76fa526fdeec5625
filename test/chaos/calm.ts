import type { RunReport } from '../../lambda/pipeline/report.ts';
import type { Window } from '../../lambda/pipeline/window.ts';
import { FLAWS, isDeliverable } from './flaws.ts';
import type { Invocations, Scene } from './invoke.ts';
import { isApart, MAX_BUDGET_SECONDS, type Profile, readsWhole, reserveOf } from './profile.ts';
import type { Fate, Row } from './truth/entries.ts';
import type { Totals } from './truth/truth.ts';

const HOUR = 3600;
/** Between two runs. Short, so that little is purged meanwhile; long enough for the overlap to hold few of them. */
const PAUSE_SECONDS = 240;
/** Something new comes in every so many runs, and must be through after so many. */
const RUNS_PER_FRESH = 3;
const MOST_RUNS_FOR_FRESH = 4;
/** Five runs until what is stuck is in quarantine, the one that finds it, and those that notice how clocks differ. */
const FIXED_RUNS = 12;
/** So many that each node has answered, and answered again. */
const RUNS_IN_TURN = 4;

/**
 * The end of a history: nothing goes wrong any more but what is wrong for ever, and runs have as little time as before. They must get
 * through with everything in a number of runs that follows from how much there is; what is new meanwhile must not wait for it.
 */
export async function endInCalm(scene: Scene, invocations: Invocations): Promise<Totals> {
  const { profile, clock, faults, truth, world } = scene;
  faults.stop();
  world.calm();
  await pass(MAX_BUDGET_SECONDS + HOUR);
  if (invocations.active() > 0) truth.violate(`${invocations.active()} run(s) are still at work long after their end`);

  const calmSince = clock.now();
  const isReadWhole = readsWhole(profile, world.kong.settings.version);
  if (profile.resendsAtEnd) await end(invocations.invoke({ mode: 'backfill', dryRun: false, resend: true }));
  truth.sending.countResends();
  const most = mostRuns(scene);
  faults.tell(`at most ${most} runs may follow`);
  const fresh: { readonly name: string; readonly run: number }[] = [];
  let isDone = false;
  let outOfTime = 0;
  for (let run = 1; run <= most && !isDone; run += 1) {
    await pass(PAUSE_SECONDS);
    if (run % RUNS_PER_FRESH === 1 || isReadWhole) {
      // After the pause, so that it is new by any node's clock. What lies below the last plan waits behind what is unread.
      const { checkpoint } = await world.store.contents();
      const isNew = (checkpoint?.planned ?? 0) <= clock.now() - PAUSE_SECONDS / 2;
      const name = world.admins.plain(clock.now());
      if (isNew) fresh.push({ name, run });
    }
    const report = await runOnce();
    if (report && report.summary.durationMs >= usableSeconds(profile) * 1000) outOfTime += 1;
    isDone =
      (report?.error === null && report.summary.status === 'complete' && nothingWaits()) ||
      (report?.error === null && (await isRereading())) ||
      (nothingWaits() && (await isResendingInVain()));
    for (const { name: waiting, run: since } of fresh)
      if (
        run - since === MOST_RUNS_FOR_FRESH &&
        isOpen(waiting) &&
        isReadAtOnce(report) &&
        !(await isLeftBehind(waiting))
      )
        truth.violate(`${waiting} waits since ${MOST_RUNS_FOR_FRESH} runs behind what is stuck`);
  }
  if (!isDone) truth.violate(`nothing goes wrong any more, yet ${most} runs do not get through`);
  // A page that a run had no time to finish is sent again by the next one.
  truth.sending.judgeResends(2 + outOfTime);
  if (isDone) {
    await staysDone();
    await heal();
  }
  return truth.verdict(await world.store.contents(), calmSince, await isRereading());

  function nothingWaits(): boolean {
    const { lost, starved } = truth.waiting(calmSince);
    return lost.length + starved.length === 0;
  }

  /**
   * All that is pending is to be sent again, and holds what the sink never answers: with one lane, that ends each run. Nobody waits for it.
   */
  async function isResendingInVain(): Promise<boolean> {
    const { checkpoint } = await world.store.contents();
    const isSilent = (profile.flaws.silent ?? 0) + (profile.flaws.swallowed ?? 0) > 0;
    return profile.putConcurrency === 1 && isSilent && (checkpoint?.pending.every(({ resend }) => resend) ?? false);
  }

  /**
   * All that is pending is what each run reads again, and a run has not the time for it: a node's clock was far ahead within a day, which
   * makes the overlap so much longer. What comes late is found below the overlap then, and what is sent again waits.
   */
  async function isRereading(): Promise<boolean> {
    const { checkpoint } = await world.store.contents();
    if (!checkpoint) return false;
    const { planned, lead, pending } = checkpoint;
    const from = (planned ?? 0) - profile.overlapSeconds - (lead?.seconds ?? 0);
    const rows = world.kong.table.visible().filter(({ timestamp }) => timestamp >= from).length;
    const isLong = readingSeconds(profile, rows) > usableSeconds(profile);
    const rereading = pending.filter(({ again, after }) => again && after >= from - HOUR);
    const isSeen = ({ timestamp }: Row) => rereading.some((window) => holds(window, timestamp));
    const { lost, starved } = truth.waiting(calmSince);
    return (
      isLong &&
      pending.every((window) => window.resend ?? rereading.includes(window)) &&
      lost.length === 0 &&
      starved.every(isSeen)
    );
  }

  /** It was put together with what is stuck. What is left over waits until all that is unread was read (design). */
  async function isLeftBehind(name: string): Promise<boolean> {
    const pending = (await world.store.contents()).checkpoint?.pending ?? [];
    const rows = truth.entries.byName.get(name)?.rows ?? [];
    const isUnread = pending.some(({ tries, again, resend }) => tries === undefined && !again && !resend);
    return isUnread && rows.some(({ timestamp }) => pending.some((one) => one.tries && holds(one, timestamp)));
  }

  function isOpen(name: string): boolean {
    const fate = truth.entries.byName.get(name);
    return fate !== undefined && fate.rows.some((row) => truth.entries.open.has(row));
  }

  /** How far clocks are apart is noticed once: then not everything is read again because of it. */
  async function staysDone(): Promise<void> {
    if (!isApart(profile) || isReadWhole) return;
    const sweeps = truth.sweeps();
    for (let run = 0; run < RUNS_IN_TURN; run += 1) {
      await pass(PAUSE_SECONDS);
      await runOnce();
    }
    if (truth.sweeps() > sweeps + 1) truth.violate('everything is read again and again because clocks are apart');
  }

  /** What was put away for a reason that has passed is tried again within a day. */
  async function heal(): Promise<void> {
    const waiting = () => [...truth.entries.byName.values()].filter(isPassing);
    if (waiting().length === 0) return;
    world.heal();
    await pass(25 * HOUR);
    // Each is put alone.
    const most = 3 + Math.ceil((3 * waiting().length * putSeconds(profile)) / usableSeconds(profile));
    for (let run = 0; run < most && waiting().length > 0; run += 1) {
      await pass(PAUSE_SECONDS);
      world.admins.plain(clock.now());
      await runOnce();
    }
    for (const { name } of waiting()) truth.violate(`${name} is in quarantine for a reason that has passed long ago`);
  }

  async function runOnce(): Promise<RunReport | null> {
    return await end(invocations.invoke({ mode: 'scheduled' }));
  }

  async function end(invocation: Promise<RunReport | 'dead'>): Promise<RunReport | null> {
    const run: { outcome?: RunReport | 'dead' } = {};
    void invocation.then((outcome) => (run.outcome = outcome));
    await clock.run(() => run.outcome !== undefined);
    if (run.outcome !== 'dead' && run.outcome !== undefined) return run.outcome;
    truth.violate('nothing goes wrong any more, yet a run does not end by itself');
    return null;
  }

  async function pass(seconds: number): Promise<void> {
    const until = clock.now() + seconds;
    clock.at(until, () => undefined);
    await clock.run(() => clock.now() >= until);
  }

  /** A log that is read as a whole has no order of time, and nodes without a common time have none either. */
  function isReadAtOnce(report: RunReport | null): boolean {
    return report?.summary.strategy !== 'full-scan' && !isApart(profile);
  }
}

const holds = ({ after, before }: Window, timestamp: number): boolean => after <= timestamp && timestamp < before;

/** In quarantine only because CloudTrail did not take it in time; by now it would. */
const isPassing = ({ inQuarantine, isRefused, flaw }: Fate): boolean =>
  inQuarantine && !isRefused && (flaw === null || FLAWS[flaw].passes);

/** How many runs there may be until all is done: three times what reading, mapping and putting everything once take together. */
function mostRuns({ profile, world, truth }: Scene): number {
  const usable = usableSeconds(profile);
  const visible = world.kong.table.visible();
  const pages = Math.ceil(visible.length / profile.pageSize) + 2;
  const reading = readingSeconds(profile, visible.length);
  const open = new Set([...truth.entries.open].map(({ fate }) => fate));
  if (profile.resendsAtEnd)
    for (const { entry } of visible) {
      const fate = truth.entries.byName.get(String(entry['workspace']));
      if (fate) open.add(fate);
    }
  const stuck = [...open].filter(({ flaw }) => !isDeliverable(flaw)).length;
  const heavy = [...open].filter(({ flaw }) => flaw === 'heavy').length;
  const put = putSeconds(profile);
  // What is stuck drags those along that it is put with, until each is put alone; all with their retries.
  const puts = Math.min(open.size, pages + Math.ceil(open.size / profile.eventsPerPut));
  const putting = puts * put + stuck * (10 * 15 * put + 5 * 40);
  const work = reading + putting + heavy * profile.mapSeconds;
  // What is stuck is put away by a run that meets it and something that is taken; in a log without order, that is left to chance.
  const scans = readsWhole(profile, world.kong.settings.version) && stuck > 0 ? 20 : 5;
  return FIXED_RUNS + 3 * Math.ceil(work / usable) + scans * Math.ceil(reading / usable);
}

const putSeconds = ({ putSeconds: answer, callsPerSecond }: Profile): number =>
  Math.max(answer + 0.3, 1 / callsPerSecond);

const readingSeconds = ({ pageSize, pageSeconds }: Profile, rows: number): number =>
  (Math.ceil(rows / pageSize) + 2) * (pageSeconds + 0.3);

const usableSeconds = ({ budgetSeconds }: Profile): number => budgetSeconds - reserveOf(budgetSeconds);
