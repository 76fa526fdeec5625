import { describe, expect, test } from 'vitest';
import { METRIC_NAMES, METRICS_NAMESPACE } from '../lambda/metric-names.ts';
import { publishMetrics, publishVerified } from '../lambda/metrics.ts';
import { failedReport, type RunReport, type Summary } from '../lambda/pipeline/report.ts';
import { outputOf } from './support/output.ts';

interface EmbeddedMetrics extends Readonly<Record<string, unknown>> {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
}

const failed = failedReport({ mode: 'scheduled' }, 5, new Error('x'));
const REPORT: RunReport = {
  summary: {
    ...failed.summary,
    status: 'complete',
    fetched: 1200,
    forwarded: 187,
    duplicates: 1010,
    own: 3,
    ignored: 11,
    quarantined: 1,
    pages: 2,
    puts: 4,
    durationMs: 812,
  },
  tally: { ...failed.tally, quarantined: 1, putThrottled: 6, writes: 12, denied: 13, errors: 14, anonymousWrites: 15 },
  sourceRequests: 9,
  isBehind: false,
  lagSeconds: 30,
  purgeHeadroomSeconds: 2_591_970,
  quarantineSize: 7,
  error: null,
};

function published(changes: Partial<RunReport> = {}, source = 'kong'): EmbeddedMetrics {
  const lines = outputOf(() => {
    publishMetrics(source, { ...REPORT, ...changes });
  });
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '') as EmbeddedMetrics;
}

const ofMode = (mode: Summary['mode'], changes: Partial<RunReport> = {}) =>
  published({ ...changes, summary: { ...REPORT.summary, mode } });

describe("a run's metrics", () => {
  test('are one line in the embedded format, with the documented names, units and values', () => {
    const { _aws, ...values } = published();
    expect(values).toEqual({
      Source: 'kong',
      Runs: 1,
      RunsIncomplete: 0,
      EntriesFetched: 1200,
      EntriesForwarded: 187,
      EntriesDuplicate: 1010,
      EntriesOwn: 3,
      EntriesIgnored: 11,
      EntriesQuarantined: 1,
      QuarantineSize: 7,
      LagSeconds: 30,
      PurgeHeadroomSeconds: 2_591_970,
      PutThrottled: 6,
      KongRequests: 9,
      PutRequests: 4,
      AuditWrites: 12,
      AuditDenied: 13,
      AuditErrors: 14,
      AuditAnonymousWrites: 15,
      RunDurationMs: 812,
    });
    const [directive] = _aws.CloudWatchMetrics;
    expect(_aws.CloudWatchMetrics).toHaveLength(1);
    expect(directive?.Namespace).toBe('KongAuditForwarder');
    expect(METRICS_NAMESPACE).toBe('KongAuditForwarder');
    const units = Object.fromEntries((directive?.Metrics ?? []).map(({ Name, Unit }) => [Name, Unit]));
    const counts = Object.keys(values).filter((name) => !/^Source$|Seconds$|Ms$/.test(name));
    expect(units).toEqual({
      ...Object.fromEntries(counts.map((name) => [name, 'Count'])),
      LagSeconds: 'Seconds',
      PurgeHeadroomSeconds: 'Seconds',
      RunDurationMs: 'Milliseconds',
    });
  });

  test('have the source as their only dimension', () => {
    const { _aws, Source } = published({}, 'kong-eu');
    expect(_aws.CloudWatchMetrics[0]?.Dimensions).toEqual([['Source']]);
    expect(Source).toBe('kong-eu');
  });

  test('count a scheduled run, and one that is behind as incomplete', () => {
    expect(ofMode('scheduled')).toMatchObject({ Runs: 1, RunsIncomplete: 0 });
    expect(ofMode('scheduled', { isBehind: true })).toMatchObject({ Runs: 1, RunsIncomplete: 1 });
  });

  test.each(['backfill', 'replay'] as const)('do not count a %s by hand as a run', (mode) => {
    const values = ofMode(mode, { isBehind: true });
    expect(values).not.toHaveProperty('Runs');
    expect(values).not.toHaveProperty('RunsIncomplete');
    expect(values).toMatchObject({ EntriesForwarded: 187, LagSeconds: 30 });
  });

  test('do not count again what a replay left in quarantine', () => {
    const { tally, summary } = REPORT;
    expect(
      published({ summary: { ...summary, quarantined: 8 }, tally: { ...tally, quarantined: 0, requarantined: 8 } }),
    ).toMatchObject({ EntriesQuarantined: 0 });
  });

  test('hold a zero where nothing happened, so that an alarm has data', () => {
    const { summary, tally } = failed;
    expect(published({ summary, tally, sourceRequests: 0, quarantineSize: 0, lagSeconds: 0 })).toMatchObject({
      EntriesForwarded: 0,
      EntriesQuarantined: 0,
      QuarantineSize: 0,
      LagSeconds: 0,
      PutThrottled: 0,
      PutRequests: 0,
      EntriesIgnored: 0,
      AuditWrites: 0,
      AuditDenied: 0,
      AuditAnonymousWrites: 0,
    });
  });

  test('leave out what is not known', () => {
    const values = published({ lagSeconds: null, purgeHeadroomSeconds: null, quarantineSize: null });
    const names = values._aws.CloudWatchMetrics[0]?.Metrics.map(({ Name }) => Name);
    for (const name of ['LagSeconds', 'PurgeHeadroomSeconds', 'QuarantineSize']) {
      expect(values).not.toHaveProperty(name);
      expect(names).not.toContain(name);
    }
  });

  test('of one run hold nothing of the run before', () => {
    published({ lagSeconds: 99 }, 'other');
    expect(published({ lagSeconds: null })).not.toHaveProperty('LagSeconds');
    expect(published()).toMatchObject({ Runs: 1, Source: 'kong' });
  });

  test('tell of a run that failed before it began', () => {
    expect(published(failedReport({ mode: 'scheduled' }, 5, new Error('x')))).toMatchObject({
      Runs: 1,
      RunsIncomplete: 1,
      RunDurationMs: 5,
    });
  });
});

test('the metrics of a verification are what was compared and what is missing', () => {
  const [line = ''] = outputOf(() => {
    publishVerified('kong-eu', 52_113, 2);
  });
  const { _aws, ...values } = JSON.parse(line) as EmbeddedMetrics;
  expect(values).toEqual({ Source: 'kong-eu', EntriesVerified: 52_113, EntriesMissing: 2 });
  expect(_aws.CloudWatchMetrics[0]?.Dimensions).toEqual([['Source']]);
});

test('every metric there is a name for is published, and no other', () => {
  const lines = outputOf(() => {
    publishMetrics('kong', REPORT);
    publishVerified('kong', 1, 0);
  });
  const names = lines.flatMap((line) =>
    Object.keys(JSON.parse(line) as object).filter((name) => name !== '_aws' && name !== 'Source'),
  );
  expect(names.toSorted()).toEqual(Object.values(METRIC_NAMES).toSorted());
});
