import type { RunInvocation } from '../../lambda/commands/run.ts';
import type { RunDeps } from '../../lambda/commands/forwarding.ts';
import type { RunReport } from '../../lambda/pipeline/report.ts';
import type { Clock } from './clock.ts';
import { connectSink, connectSource } from './ends.ts';
import type { Faults } from './faults.ts';
import { chaosLedger } from './ledger.ts';
import { beginLife, type Life } from './life.ts';
import { type Profile, reserveOf } from './profile.ts';
import type { Subject } from './subject.ts';
import type { Truth } from './truth/truth.ts';
import type { World } from './world.ts';

export interface Scene {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly truth: Truth;
  readonly world: World;
  readonly subject: Subject;
}

export interface Invocations {
  /** One invocation, as `execute.ts` does it. Resolves when it returned, or died. */
  invoke(invocation: RunInvocation): Promise<RunReport | 'dead'>;
  /** Invocations so far. */
  readonly runs: () => number;
  /** Those at work. */
  readonly active: () => number;
}

const LOCK_GRACE_SECONDS = 30;
/** What a sink that is down may be asked at most: the first puts, new ones and left-overs, each with its retries and the SDK's. */
const mostRequestsWhenDown = ({ putConcurrency }: Profile): number => 2 * Math.min(5, putConcurrency) * 5 * 3;

export function createInvocations(scene: Scene): Invocations {
  const { profile, clock, faults, truth, world, subject } = scene;
  let runs = 0;
  let active = 0;

  async function invoke(invocation: RunInvocation): Promise<RunReport | 'dead'> {
    runs += 1;
    active += 1;
    const name = `run ${runs} (${describe(invocation)})`;
    const life = beginLife({
      name,
      runId: `run-${runs}`,
      clock,
      faults,
      startDeadline: subject.startDeadline,
      budgetSeconds: budgetOf(name),
      reserveSeconds: reserveOf(profile.budgetSeconds),
      dieAt: faults.chance('death') ? somePause() : null,
      onDeath: () => {
        truth.sending.died(life);
      },
    });
    world.runBegins(runs);
    faults.tell(`${name} begins`);
    const isDown = world.outage() !== null;
    const deps = depsOf(life, invocation);
    const outcome = await Promise.race([subject.run(invocation, deps), life.death]);
    life.end();
    active -= 1;
    if (isDown && world.outage() !== null && deps.tally.puts > mostRequestsWhenDown(profile))
      truth.violate(`${name} asked a sink that is down ${deps.tally.puts} times`);
    if (outcome !== 'dead') look(outcome, life, invocation);
    return outcome;
  }

  /** Usually the profile's. A deadline that comes at a bad moment is one that comes early. */
  function budgetOf(name: string): number {
    const { budgetSeconds } = profile;
    const reserve = reserveOf(budgetSeconds);
    // Early moments as likely as late ones, on a scale of factors.
    const early = reserve + 0.05 * Math.exp(faults.random() * Math.log((budgetSeconds - reserve) / 0.05));
    return faults.happens('deadline', `${name} has ${early.toFixed(1)} s`) ? early : budgetSeconds;
  }
  const somePause = (): number => 1 + Math.floor(Math.exp(faults.random() * Math.log(400)));

  function look(outcome: RunReport, life: Life, { mode }: RunInvocation): void {
    const { summary, error } = outcome;
    const { pending, ...rest } = summary;
    faults.tell(
      `${life.name} is ${summary.status}${error ? `: ${error.name}: ${error.message}` : ''}; ${JSON.stringify(rest)}`,
    );
    if (pending.length > 0) faults.tell(`${life.name} leaves ${truth.pending()}`);
    if (error && !(error instanceof subject.errors.ForwarderError))
      truth.violate(`${life.name} failed with ${error.stack ?? error.name}`);
    if (mode === 'scheduled' && summary.status === 'complete') truth.completed(outcome, life);
    if (summary.status === 'incomplete' && summary.pages === 0 && mode === 'scheduled')
      truth.violate(`${life.name} read nothing and says nothing`);
  }

  function depsOf(life: Life, invocation: RunInvocation): RunDeps {
    const isReadOnly = subject.isDryRun(invocation);
    const redactor = subject.createRedactor(['password']);
    const settings = {
      overlapSeconds: profile.overlapSeconds,
      auditTtlSeconds: profile.recordTtlSeconds,
      ttlGraceSeconds: profile.ttlGraceSeconds,
      putConcurrency: profile.putConcurrency,
      redactor,
      isIgnored: () => false,
    };
    const tally = subject.newTally();
    const ledger = connectLedger(life, isReadOnly);
    const log = {
      info: () => undefined,
      warn: (message: string) => {
        faults.tell(`${life.name} warns: ${message}`);
      },
      error: () => undefined,
    };
    const connection = { ...scene, life, tally, log, redactor };
    const source = connectSource({
      ...connection,
      markOwn: isReadOnly ? null : subject.markOwn(ledger, settings),
    });
    const sink = connectSink(connection);
    return {
      settings,
      source,
      sink: isReadOnly ? subject.pretending(sink) : sink,
      ledger: isReadOnly ? subject.readOnly(ledger) : ledger,
      deadline: life.deadline,
      runId: life.runId,
      lockSeconds: Math.ceil(life.endsAt - life.startedAt) + LOCK_GRACE_SECONDS,
      tally,
      log,
      now: () => clock.now() * 1000,
    };
  }

  function connectLedger(life: Life, isReadOnly: boolean) {
    return chaosLedger({
      store: world.store.ledger(),
      faults,
      life,
      errors: subject.errors,
      isOut: () => world.isOut('ledger'),
      events: {
        marked: (outcomes) => {
          truth.marks.marked(outcomes, life);
        },
        released: (outcomes) => {
          truth.marks.released(outcomes, life);
        },
        quarantined: (records) => {
          truth.marks.quarantined(records, life);
        },
        saved: (checkpoint) => {
          truth.saved(checkpoint, life);
        },
        lost: (ids) => {
          truth.sending.markLost(ids, life);
        },
        wrote: () => {
          if (isReadOnly) truth.violate(`${life.name} wrote to the ledger`);
        },
      },
    });
  }

  return { invoke, runs: () => runs, active: () => active };
}

function describe(invocation: RunInvocation): string {
  const { mode, ...rest } = invocation;
  return mode === 'backfill' ? `backfill ${JSON.stringify(rest)}` : mode;
}
