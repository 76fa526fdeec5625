import { cloudTrailModel } from '../simulators/cloudtrail-model.ts';
import { kongModel } from '../simulators/kong-model.ts';
import { integer, pick, seeded, uuid } from '../simulators/random.ts';
import { hireAdmins } from './admins.ts';
import type { Clock } from './clock.ts';
import type { Outage } from './cloudtrail.ts';
import type { Faults } from './faults.ts';
import { type Flaw, flawOf, FLAWS } from './flaws.ts';
import { watchOffsets } from './offsets.ts';
import { type Profile } from './profile.ts';
import { createStore } from './store.ts';
import type { Subject } from './subject.ts';
import type { Truth } from './truth/truth.ts';

const HOUR = 3600;
/** How far a clock jumps at most. */
const JUMPS_SECONDS = [6 * HOUR, 6 * HOUR, 6 * HOUR, 100 * HOUR];
const BAD_STATUSES = [400, 404, 500];

export interface WorldOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly truth: Truth;
  readonly subject: Subject;
}

/** Everything around the runs: a Kong and its administrators, a CloudTrail, a Redis, and what happens to them in the course of time. */
export type World = ReturnType<typeof createWorld>;

export function createWorld({ seed, profile, clock, faults, truth, subject }: WorldOptions) {
  const random = seeded(seed * 2);
  let ownShare = Math.min(0.5, profile.pageSize / 20);
  const nodeIds = profile.skews.map(() => uuid(random));
  let skews = profile.skews;
  let versionIndex = 0;
  let rolling: string | null = null;
  let isHealed = false;
  /** Kong fails to give any page that holds an entry of one of these. */
  let badSeconds: ReadonlySet<number> = new Set();
  const outUntil = { kong: 0, ledger: 0, cloudtrail: 0 };
  let outage: Exclude<Outage, null> = 'refused';

  const cloudTrail = cloudTrailModel({ now: clock.now, seed });
  const store = createStore({ create: subject.createMemoryLedger, now: clock.now });
  const offsets = watchOffsets(clock.now);
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
    profile,
    random,
    version: () => kong.settings.version,
    skews: () => skews,
    onRow: truth.wrote,
  });

  function nodes() {
    return skews.map((skewSeconds, index) => ({
      hostname: `kong-cp-${index}`,
      nodeId: nodeIds[index] ?? '',
      skewSeconds,
    }));
  }

  function upgrade(): void {
    if (rolling !== null) return;
    const next = profile.versions[versionIndex + 1];
    if (next === undefined) return;
    if (faults.happens('kong upgrade', next)) {
      versionIndex += 1;
      kong.settings.version = next;
      if (random() < 0.5) offsetsGoBad();
    } else if (profile.pageSize >= 10 && faults.happens('kong rolling upgrade', next)) {
      rolling = profile.versions[versionIndex] ?? '';
      versionIndex += 1;
      clock.at(clock.now() + 2 * HOUR * faults.random(), settleVersion);
    }
  }
  function settleVersion(): void {
    rolling = null;
    kong.settings.version = profile.versions[versionIndex] ?? '';
  }

  function offsetsGoBad(): void {
    const status = pick(random, BAD_STATUSES);
    faults.note('kong offsets go bad', `with ${status}`);
    offsets.goBad(status);
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

  /** Some entries, until that is mended. */
  function failForSeconds(): void {
    const rows = kong.table.visible();
    if (rows.length === 0) return;
    badSeconds = new Set([1, 2, 3].map(() => pick(faults.random, rows).timestamp));
    faults.note('kong fails for seconds', [...badSeconds].join(', '));
    clock.at(clock.now() + 6 * HOUR * faults.random(), mendSeconds);
  }
  function mendSeconds(): void {
    badSeconds = new Set();
  }

  async function forget(why: 'ledger wiped' | 'ledger failed over'): Promise<void> {
    truth.forgot(await store.contents(), why);
  }
  function wipe(): void {
    faults.note('ledger wiped', '');
    store.wipe();
    void forget('ledger wiped');
  }
  function failOver(): void {
    const lag = pick(faults.random, [0.01, 0.2, 3]);
    faults.note('ledger failover', `the writes of the last ${lag} s are lost`);
    store.failOver(lag);
    void forget('ledger failed over');
  }

  function goOut(): void {
    const what = pick(faults.random, ['kong', 'ledger', 'cloudtrail', 'cloudtrail'] as const);
    const until = clock.now() + pick(faults.random, [600, HOUR, 6 * HOUR]) * faults.random();
    outage = pick(faults.random, ['refused', 'failing', 'throttling', 'silent'] as const);
    faults.note('outage', `${what} (${outage}) until ${new Date(until * 1000).toISOString()}`);
    outUntil[what] = until;
  }

  /** Sometime within the hour that begins. */
  function sometime(act: () => void): void {
    clock.at(clock.now() + HOUR * faults.random(), () => {
      if (!faults.stopped()) act();
    });
  }

  return {
    kong,
    cloudTrail,
    store,
    offsets,
    admins,
    random,
    isBadSecond: (second: number): boolean => badSeconds.has(second),
    isOut: (what: keyof typeof outUntil): boolean => outUntil[what] > clock.now(),
    outage: (): Outage => (outUntil.cloudtrail > clock.now() ? outage : null),
    /** What is wrong with this entry, as long as that is not healed. */
    flawOf(workspace: string | undefined): Flaw | null {
      const flaw = flawOf(workspace);
      return flaw !== null && isHealed && FLAWS[flaw].passes ? null : flaw;
    },
    /** Called before each request: while an upgrade is rolled out, nodes of both versions answer. */
    route(): void {
      if (rolling !== null)
        kong.settings.version = pick(faults.random, [rolling, profile.versions[versionIndex] ?? '']);
    },
    /** A run begins. */
    runBegins(number: number): void {
      if (profile.isInTurn)
        kong.settings.nodes = nodes()
          .slice(number % skews.length)
          .slice(0, 1);
      if (faults.chance('ledger failover')) clock.at(clock.now() + 5 * faults.random() ** 3, failOver);
    },
    hourBegins(): void {
      admins.work(clock.now());
      sometime(upgrade);
      if (faults.chance('kong offsets go bad')) sometime(offsetsGoBad);
      if (faults.chance('kong clock jump')) sometime(jumpClock);
      if (faults.chance('kong fails for seconds')) sometime(failForSeconds);
      if (faults.chance('ledger wiped')) sometime(wipe);
      if (faults.chance('outage')) sometime(goOut);
    },
    /** From now on only what is wrong for ever is wrong. The offsets given until now are. */
    calm(): void {
      settleVersion();
      calmClock();
      mendSeconds();
      // Runs follow each other closely then, and would have to read little but each other's traces.
      ownShare = 0;
      offsets.goBad(pick(random, BAD_STATUSES));
      Object.assign(outUntil, { kong: 0, ledger: 0, cloudtrail: 0 });
    },
    /** What CloudTrail failed at for ever, it takes from now on. */
    heal(): void {
      isHealed = true;
    },
  };
}
