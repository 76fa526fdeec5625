import { describe, expect, test } from 'vitest';
import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import { calling } from '../simulators/aws-json.ts';
import { auditEntry, type EntryChanges, nginxLine, readingLine } from '../sources/log-group/lines.ts';
import { type Forwarder, SOURCE_GROUP, start, type StartOptions } from '../support/forwarder.ts';
import { until } from '../support/until.ts';

const STREAM = 'kube-apiserver-audit-4f1c2a';
const HOUR = 3600;

/** Puts a line into the group, so many seconds ago. */
function deliver({ logs, clock }: Forwarder, message: string, secondsAgo = 60, stream = STREAM): void {
  const timestamp = (clock.now - secondsAgo) * 1000;
  logs.model.deliver([{ logGroupName: SOURCE_GROUP, logStreamName: stream, timestamp, message }]);
}

/** Somebody changes something. @returns its id */
function change(forwarder: Forwarder, secondsAgo = 60, changes: EntryChanges = {}): string {
  const entry = auditEntry(changes, (forwarder.clock.now - secondsAgo) * 1000);
  deliver(forwarder, JSON.stringify(entry), secondsAgo);
  return String(entry['auditID']);
}

function request(forwarder: Forwarder, secondsAgo = 60, changes: Parameters<typeof nginxLine>[0] = {}): string {
  const id = crypto.randomUUID();
  deliver(forwarder, nginxLine({ http_x_request_id: id, ...changes }), secondsAgo, 'edge-1');
  return changes.http_x_request_id ?? id;
}

const startKubernetes = (options: StartOptions = {}) => start({ source: 'kubernetes-audit', ...options });
const SINKS = ['cloudtrail-lake', 'cloudwatch-logs'] as const;

describe.each(SINKS)('into %s', (sink) => {
  test('changes in a cluster are forwarded once; what nobody wants is counted; what is no entry is put away, once', async () => {
    await using forwarder = await startKubernetes({ sink });
    const ids = [100, 60, 60, 5].map((ago) => change(forwarder, ago));
    for (let ago = 10; ago < 30; ago += 1) deliver(forwarder, readingLine(), ago);
    deliver(forwarder, JSON.stringify(auditEntry()).slice(0, 500), 40);
    expect(await forwarder.invoke()).toMatchObject({
      ...{ status: 'complete', strategy: 'log-group', kongVersion: null },
      ...{ fetched: 5, forwarded: 4, ignored: 20, quarantined: 1, own: 0, pages: 1, pending: [] },
    });
    expect(forwarder.uids().toSorted()).toEqual(ids.toSorted());
    expect(Object.values(await forwarder.quarantine())).toMatchObject([{ errorCode: 'InvalidEntry' }]);
    expect(forwarder.events()[0]).toMatchObject({
      eventSource: 'kubernetes-audit',
      eventName: 'patch/ingresses.networking.k8s.io',
    });
    const before = await forwarder.keyspace();
    expect(Object.keys(before).filter((key) => key.startsWith('seen:'))).toHaveLength(5);
    expect(await forwarder.invoke()).toMatchObject({
      fetched: 5,
      forwarded: 0,
      duplicates: 5,
      ignored: 20,
      quarantined: 0,
    });
    expect(Object.keys(await forwarder.keyspace())).toEqual(Object.keys(before));
  });

  test('access lines are forwarded once, also those that share a request id', async () => {
    await using forwarder = await start({ source: 'nginx', sink, env: { DERIVE_ERROR_CODE: 'true' } });
    const ids = [request(forwarder, 90), request(forwarder, 50, { response_status: '404' })];
    request(forwarder, 40, { http_x_request_id: '-' });
    request(forwarder, 30, { http_x_request_id: 'mine', request_method: 'POST' });
    request(forwarder, 20, { http_x_request_id: 'mine', request_method: 'DELETE' });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 5 });
    request(forwarder, 10, { http_x_request_id: 'mine', request_method: 'PUT' });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, duplicates: 5 });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 0, duplicates: 6 });
    const events = new Map(forwarder.events().map((event) => [String(event['UID']), event]));
    expect([...events.keys()]).toEqual(expect.arrayContaining([...ids, 'mine']));
    expect(events.get('mine')).toMatchObject({ eventName: 'POST/cart', eventSource: 'nginx-access', version: 'nginx' });
    expect([...events.keys()].filter((id) => /^mine-\d{56}$/.test(id))).toHaveLength(2);
    expect([...events.keys()].filter((id) => /^\d{56}$/.test(id))).toHaveLength(1);
    expect(events.get(ids[1] ?? '')).toMatchObject({ errorCode: '404' });
  });
});

describe('what is asked for', () => {
  test('follows AUDIT_RESOURCES, AUDIT_VERBS and SOURCE_STREAM_PREFIX', async () => {
    const env = { AUDIT_RESOURCES: 'secrets', AUDIT_VERBS: 'get', SOURCE_STREAM_PREFIX: 'own-' };
    await using forwarder = await startKubernetes({ env });
    const entry = auditEntry({ verb: 'get', objectRef: { resource: 'secrets', namespace: 'shop', name: 'db' } });
    deliver(forwarder, JSON.stringify(entry), 30, 'own-cluster');
    deliver(forwarder, JSON.stringify({ ...entry, auditID: 'elsewhere' }), 30);
    deliver(forwarder, JSON.stringify(auditEntry()), 30, 'own-cluster');
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, fetched: 1, ignored: 0 });
    expect(forwarder.uids()).toEqual([entry['auditID']]);
    expect(forwarder.logs.requests.length).toBe(2);
  });

  test('also where the service matches whole words', async () => {
    await using forwarder = await startKubernetes({ logs: { terms: 'whole words', groups: [{ name: SOURCE_GROUP }] } });
    const ids = ['ingresses.networking.k8s.io', 'ingressclasses.networking.k8s.io', 'httproutes.gateway.networking.k8s.io', 'kongplugins.configuration.konghq.com'].map((name) => { const [resource, ...group] = name.split('.'); return change(forwarder, 60, { objectRef: { resource, apiGroup: group.join('.') } }); }); // prettier-ignore
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 4 });
    expect(forwarder.uids().toSorted()).toEqual(ids.toSorted());
  });

  test('is left to the operator’s filters, too', async () => {
    await using forwarder = await startKubernetes({
      env: { IGNORE_METHODS: 'delete', IGNORE_PATHS: '/namespaces/test/' },
    });
    const id = change(forwarder);
    change(forwarder, 50, { verb: 'delete' });
    change(forwarder, 40, { requestURI: '/apis/networking.k8s.io/v1/namespaces/test/ingresses/a' });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, ignored: 2 });
    expect(forwarder.uids()).toEqual([id]);
  });
});

describe('nothing is lost', () => {
  test('of lines that come late, or in bursts within one millisecond', async () => {
    await using forwarder = await startKubernetes({
      logs: { shortPages: 0.5, emptyPages: 0.3, groups: [{ name: SOURCE_GROUP }] },
    });
    const ids = Array.from({ length: 300 }, () => change(forwarder, 600));
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 300 });
    ids.push(...[3000, 600, 599, 1200].map((ago) => change(forwarder, ago)));
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 4 });
    expect(forwarder.uids().toSorted()).toEqual(ids.toSorted());
  });

  test('of a run that is killed while it puts', async () => {
    await using forwarder = await startKubernetes({ ownProcess: true });
    const ids = Array.from({ length: 500 }, (_, index) => change(forwarder, 1000 - index));
    forwarder.cloudtrail.faults.next(
      { fault: 'hang', at: 'before-handling' },
      { times: 3, match: () => forwarder.cloudtrail.requests.length > 1 },
    );
    const run = forwarder.invoke().catch(() => 'killed');
    await until('puts hang', () => forwarder.cloudtrail.requests.length >= 4);
    await forwarder.kill();
    expect(await run).toBe('killed');
    await forwarder.redis.del(`${forwarder.prefix}lock`);
    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(new Set(forwarder.uids())).toEqual(new Set(ids));
  });

  test('of a run that is throttled, or fails while it reads', async () => {
    await using forwarder = await startKubernetes();
    const id = change(forwarder);
    forwarder.logs.faults.next(
      { fault: 'error', code: 'ThrottlingException' },
      { times: 2, match: calling('FilterLogEvents') },
    );
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    const later = change(forwarder, 5);
    forwarder.logs.model.settings.denied = ['FilterLogEvents'];
    expect(await forwarder.fail()).toMatchObject({ name: 'SourceLogGroupError', code: 'SOURCE_LOG_GROUP_UNREADABLE' });
    forwarder.logs.model.settings.denied = [];
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1 });
    expect(forwarder.uids()).toEqual([id, later]);
  });

  test('of a run whose time is up while it reads: the next one goes on', async () => {
    await using forwarder = await startKubernetes({ env: { DEADLINE_RESERVE_MS: '500' } });
    const ids = Array.from({ length: 30 }, (_, index) => change(forwarder, 1000 - index));
    forwarder.logs.faults.next(
      { fault: 'hang', at: 'before-handling' },
      { match: () => forwarder.logs.requests.length > 1 },
    );
    const cut = await forwarder.cutOff(() => forwarder.logs.requests.length > 1, 500);
    expect(cut).toMatchObject({ name: 'NoProgressError' });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 30 });
    expect(forwarder.uids().toSorted()).toEqual(ids.toSorted());
  });
});

describe('by hand', () => {
  test('a backfill reads what lies further back; a dry run writes nothing', async () => {
    await using forwarder = await startKubernetes();
    const old = change(forwarder, 20 * 24 * HOUR);
    await forwarder.invoke();
    expect(forwarder.uids()).toEqual([]);
    const backfill = { mode: 'backfill', after: forwarder.clock.now - 21 * 24 * HOUR };
    const before = await forwarder.keyspace();
    expect(await forwarder.invoke({ ...backfill, dryRun: true })).toMatchObject({
      wouldForward: 1,
      beyondRetention: true,
    });
    expect(await forwarder.keyspace()).toEqual(before);
    expect(await forwarder.invoke(backfill)).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(forwarder.uids()).toEqual([old]);
  });

  test('a replay sends what the sink refused, whole where it was short, and with its digest where it was cut', async () => {
    await using forwarder = await startKubernetes();
    const short = change(forwarder, 60);
    const long = change(forwarder, 50, { requestObject: { text: 'x'.repeat(40_000) } });
    forwarder.cloudtrail.faults.always(() => ({ fault: 'events', error: () => 'InvalidData' }));
    expect(await forwarder.invoke()).toMatchObject({ quarantined: 2 });
    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke({ mode: 'replay' })).toMatchObject({ forwarded: 2 });
    const events = new Map(forwarder.events().map((event) => [event['UID'], event]));
    expect(events.get(short)).toMatchObject({
      requestParameters: { requestObject: expect.not.stringContaining('xxx') as string },
    });
    expect(events.get(long)).toMatchObject({
      requestParameters: { requestObjectTruncated: true, requestObjectBytes: 40_011 },
    });
    expect(await forwarder.quarantine()).toEqual({});
  });

  test('a check says whether the group can be read', async () => {
    await using forwarder = await startKubernetes();
    deliver(forwarder, readingLine());
    expect(await forwarder.invoke({ mode: 'check' })).toMatchObject({
      status: 'ok',
      checks: [
        { name: 'source-log-group', ok: true },
        { name: 'redis' },
        { name: 'checkpoint' },
        { name: 'aws-credentials' },
        { name: 'cloudtrail' },
      ],
    });
    forwarder.logs.model.deleteGroup(SOURCE_GROUP);
    expect(await forwarder.invoke({ mode: 'check' })).toMatchObject({
      status: 'failed',
      checks: expect.arrayContaining([expect.objectContaining({ name: 'source-log-group', ok: false })]) as unknown,
    });
  });
});

describe('verify', () => {
  test('finds everything there, also what the sink holds under another second than the group does', async () => {
    await using forwarder = await startKubernetes({ sink: 'cloudwatch-logs' });
    const { now } = forwarder.clock;
    const after = now - 3 * HOUR;
    const before = now - HOUR;
    const inside = [after, after + 1, after + 100, before - 1].map((second) => {
      const entry = auditEntry({ requestReceivedTimestamp: new Date((second - 30) * 1000).toISOString() });
      deliver(forwarder, JSON.stringify(entry), now - second);
      return String(entry['auditID']);
    });
    change(forwarder, now - before);
    await forwarder.invoke();
    const verify = { mode: 'verify', after, before };
    expect(await forwarder.invoke(verify)).toMatchObject({
      status: 'complete',
      source: 4,
      sink: 4,
      missing: 0,
      duplicates: 0,
    });

    const lost = forwarder.logs.model.accepted.find(
      ({ logGroupName, message }) => logGroupName === EXAMPLE_LOG_GROUP && message.includes(inside[2] ?? ''),
    );
    forwarder.logs.model.deleteStream(EXAMPLE_LOG_GROUP, lost?.logStreamName ?? '');
    expect(await forwarder.invoke(verify)).toMatchObject({ source: 4, sink: 0, missing: 4 });
    expect(await forwarder.invoke({ ...verify, repair: true })).toMatchObject({ missing: 4, repaired: 4 });
    expect(await forwarder.invoke(verify)).toMatchObject({ source: 4, sink: 4, missing: 0 });
  });
});
