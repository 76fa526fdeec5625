import { describe, expect, test } from 'vitest';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { auditEntry, auditLine, type EntryChanges, readingLine } from './lines.ts';
import { eventOf, logEvent, read, select } from './read.ts';

const format = kubernetesAudit(DEFAULT_SELECTION, 'prod');
const AT = 1_794_657_600_123;

const event = (changes: EntryChanges = {}) => eventOf(format, auditLine(changes, AT));
const detailsOf = (changes: EntryChanges) => event(changes)['additionalEventData'];
const userOf = (changes: EntryChanges) => event(changes)['userIdentity'];

describe('an entry', () => {
  test('becomes this event', () => {
    const entry = auditEntry({}, AT);
    expect(eventOf(format, JSON.stringify(entry))).toEqual({
      version: 'audit.k8s.io/v1',
      userIdentity: {
        type: 'KubernetesUser',
        principalId: 'alice',
        details: {
          uid: 'aws-iam-authenticator:111122223333:AIDAEXAMPLEALICE',
          groups: 'platform-team,system:authenticated',
          arn: 'arn:aws:sts::111122223333:assumed-role/platform/alice',
          sessionName: 'alice',
          accessKeyId: 'ASIAEXAMPLEKEY',
        },
      },
      userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
      eventSource: 'audit',
      eventName: 'patch/ingresses.networking.k8s.io',
      eventTime: '2026-11-14T12:00:00Z',
      UID: entry['auditID'],
      requestParameters: {
        requestURI: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/checkout?fieldManager=kubectl-edit',
        requestObject: '{"metadata":{"annotations":{"konghq.com/connect-timeout":"3000"}}}',
      },
      sourceIPAddress: '10.20.0.17',
      recipientAccountId: '111122223333',
      additionalEventData: {
        auditID: entry['auditID'],
        stage: 'ResponseComplete',
        level: 'RequestResponse',
        verb: 'patch',
        namespace: 'shop',
        name: 'checkout',
        apiGroup: 'networking.k8s.io',
        resource: 'ingresses',
        sourceIPs: '203.0.113.9,10.20.0.17',
        decision: 'allow',
        reason: 'RBAC: allowed by RoleBinding "platform/shop" of Role "editor" to Group "platform-team"',
        cluster: 'prod',
      },
    });
  });

  test('lies where it was logged, and tells when the request was received', () => {
    const activity = read(format, auditLine({ requestReceivedTimestamp: '2026-11-14T11:58:59.999999Z' }, AT));
    expect(activity).toMatchObject({ second: 1_794_657_600, doneAt: 1_794_657_539, ttlSeconds: null });
    expect(event({ requestReceivedTimestamp: '2026-11-14T11:58:59.999999Z' })['eventTime']).toBe(
      '2026-11-14T11:58:59Z',
    );
  });

  test('of a panic has an id of its own beside the same request’s other stage', () => {
    const code = { code: 500, message: 'boom' };
    expect(event({ auditID: 'a-1', stage: 'Panic', responseStatus: code })).toMatchObject({
      UID: 'a-1-Panic',
      errorCode: '500',
      errorMessage: 'boom',
    });
  });

  test('with an id that no sink takes has a digest of it', () => {
    expect(event({ auditID: 'x'.repeat(901) })['UID']).toMatch(/^[0-9a-f]{64}$/);
    expect(event({ auditID: 'x'.repeat(900) })['UID']).toBe('x'.repeat(900));
  });

  test.each<[string, EntryChanges, string]>([
    [
      'a custom resource',
      { verb: 'create', objectRef: { resource: 'kongplugins', apiGroup: 'configuration.konghq.com' } },
      'create/kongplugins.configuration.konghq.com',
    ],
    ['the core group', { verb: 'delete', objectRef: { resource: 'services' } }, 'delete/services'],
    ['a subresource', { objectRef: { resource: 'pods', subresource: 'exec' }, verb: 'create' }, 'create/pods'],
    ['no resource', { objectRef: undefined, verb: 'get', requestURI: '/healthz?verbose' }, 'get/healthz'],
    ['no resource and no URI', { objectRef: null, verb: 'get', requestURI: undefined }, 'get/'],
  ])('about %s is called by verb and resource', (_, changes, name) => {
    expect(event(changes)['eventName']).toBe(name);
  });

  test.each<[EntryChanges, unknown]>([
    [{ sourceIPs: ['203.0.113.9', '10.0.0.1'] }, '10.0.0.1'],
    [{ sourceIPs: ['10.0.0.1', 'unknown', 'fe80::1%eth0'] }, '10.0.0.1'],
    [{ sourceIPs: ['2001:db8::1'] }, '2001:db8::1'],
    [{ sourceIPs: ['10.0.0.1:443'] }, undefined],
    [{ sourceIPs: [] }, undefined],
    [{ sourceIPs: undefined }, undefined],
    [{ sourceIPs: '10.0.0.7' }, '10.0.0.7'],
    [{ sourceIPs: [1, null, { a: 1 }] }, undefined],
  ])('%j has as source address the last one that is bare', (changes, address) => {
    expect(event(changes)['sourceIPAddress']).toBe(address);
  });

  test.each<[EntryChanges, unknown]>([
    [{ user: { username: 'bob' } }, { principalId: 'bob', details: {} }],
    [{ user: {} }, { principalId: 'anonymous', details: {} }],
    [{ user: undefined }, { principalId: 'anonymous', details: {} }],
    [{ user: 'bob' }, { principalId: 'anonymous', details: {} }],
    [
      { user: { username: 5, groups: 'all', extra: { arn: 'a', sessionName: [1, 's', null] } } },
      { principalId: '5', details: { groups: 'all', arn: 'a', sessionName: 's' } },
    ],
    [{ user: { username: 'bob', extra: ['x'] } }, { principalId: 'bob', details: {} }],
    [
      { user: { username: 'ci' }, impersonatedUser: { username: 'alice', groups: ['g'] } },
      { principalId: 'ci', details: { impersonatedUser: 'alice' } },
    ],
  ])('%j has this user', (changes, expected) => {
    expect(userOf(changes)).toEqual({ type: 'KubernetesUser', ...(expected as object) });
  });

  test.each<[EntryChanges, boolean]>([
    [{}, false],
    [{ user: { username: 'system:anonymous' } }, true],
    [{ user: { username: 'x', groups: ['system:unauthenticated'] } }, true],
    [{ user: {} }, true],
  ])('%j is nobody’s: %j', (changes, expected) => {
    expect(read(format, auditLine(changes)).actor.isAnonymous).toBe(expected);
  });

  test.each<[unknown, unknown, unknown]>([
    [{ code: 200 }, undefined, undefined],
    [{ code: 399, reason: 'x' }, undefined, undefined],
    [
      { code: 403, reason: 'Forbidden', message: 'ingresses "checkout" is forbidden' },
      'Forbidden',
      'ingresses "checkout" is forbidden',
    ],
    [{ code: 409 }, '409', 'Conflict'],
    [{ code: 599 }, '599', 'HTTP status 599'],
    [{ code: '403' }, undefined, undefined],
    [{}, undefined, undefined],
    ['failed', undefined, undefined],
    [undefined, undefined, undefined],
  ])('answered %j is an error: %j %j', (responseStatus, code, message) => {
    const { errorCode, errorMessage } = event({ responseStatus });
    expect([errorCode, errorMessage]).toEqual([code, message]);
  });

  test.each<[string, boolean]>([
    ['create', true],
    ['update', true],
    ['patch', true],
    ['delete', true],
    ['deletecollection', true],
    ['post', true],
    ['get', false],
    ['list', false],
    ['watch', false],
  ])('of the verb %s asks for a change: %j', (verb, isWrite) => {
    expect(read(format, auditLine({ verb })).isWrite).toBe(isWrite);
  });

  test('is filtered by its verb and its URI, and measured by its status', () => {
    const activity = read(format, auditLine({ responseStatus: { code: 403 } }));
    expect(activity).toMatchObject({ method: 'patch', status: 403, path: auditEntry()['requestURI'] });
  });
});

describe('secrets', () => {
  test('in the request’s object and in the query are replaced', () => {
    const found = event({
      requestURI: '/apis/configuration.konghq.com/v1/kongplugins/oidc?token=hunter2&x=1',
      requestObject: { config: { client_secret: 'hunter2', issuer: 'https://idp' } },
    });
    expect(found['requestParameters']).toEqual({
      requestURI: '/apis/configuration.konghq.com/v1/kongplugins/oidc?token=***&x=1',
      requestObject: '{"config":{"client_secret":"***","issuer":"https://idp"}}',
    });
    expect(found['additionalEventData']).toMatchObject({ redacted: 'token,client_secret' });
  });

  test('of a Secret are all of it, whatever its keys are called', () => {
    const objectRef = { resource: 'secrets', namespace: 'shop', name: 'db', apiVersion: 'v1' };
    const found = event({ objectRef, requestObject: { data: { colour: 'aHVudGVyMg==' } } });
    expect(found['requestParameters']).toMatchObject({ requestObject: '***' });
    expect(JSON.stringify(found)).not.toContain('aHVudGVyMg');
  });
});

describe('the request’s object', () => {
  test.each<[unknown, unknown]>([
    ['skipped-too-big-size-object', 'skipped-too-big-size-object'],
    [[{ op: 'remove', path: '/spec/tls' }], '[{"op":"remove","path":"/spec/tls"}]'],
    [{ a: 'é😀' }, '{"a":"é😀"}'],
    [null, undefined],
    [undefined, undefined],
  ])('%j is told as %j', (requestObject, expected) => {
    expect((event({ requestObject })['requestParameters'] as Record<string, unknown>)['requestObject']).toBe(expected);
  });

  test('nested deeper than JSON can be written is told all the same', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const line = auditLine({ requestObject: 'DEEP' }).replace('"DEEP"', deep);
    expect((eventOf(format, line)['requestParameters'] as Record<string, unknown>)['requestObject']).toBe(deep);
  });

  test('too large for an event is cut, and its size and digest are told', () => {
    expect(event({ requestObject: { text: 'x'.repeat(300_000) } })['requestParameters']).toMatchObject({
      requestObjectTruncated: true,
      requestObjectBytes: 300_011,
    });
  });
});

describe('what else an entry may lack', () => {
  test('is left out', () => {
    expect(
      detailsOf({
        level: undefined,
        annotations: undefined,
        sourceIPs: undefined,
        objectRef: { resource: 'ingresses' },
        auditID: 'a',
      }),
    ).toEqual({ auditID: 'a', stage: 'ResponseComplete', verb: 'patch', resource: 'ingresses', cluster: 'prod' });
    expect(event({ userAgent: undefined })).not.toHaveProperty('userAgent');
  });

  test('half a character becomes a whole one', () => {
    expect(JSON.stringify(event({ userAgent: 'a\ud83d', user: { username: '\udc00b' } })).isWellFormed()).toBe(true);
    expect(read(format, auditLine({ user: { username: '\udc00b' } })).actor.id).toBe('\ufffdb');
  });
});

describe('a line that is no entry', () => {
  test.each<[string, string, string]>([
    ['that was cut', auditLine().slice(0, 400), 'the line must be JSON'],
    ['that was cut behind a brace', auditLine().slice(0, auditLine().lastIndexOf('}')), 'the line must be JSON'],
    ['of text', 'ingresses: something happened', 'the line must be JSON'],
    ['that is empty', '', 'the line must be JSON'],
    ['of other JSON', '{"level":"info","msg":"hello"}', 'stage'],
    ['that is a list', '[]', 'the line'],
    ['that is null', 'null', 'the line'],
    ['without an id', auditLine({ auditID: '' }), 'auditID must not be empty'],
    ['with an id of another type', auditLine({ auditID: 5 }), 'auditID'],
    ['without a verb', auditLine({ verb: undefined }), 'verb'],
    ['without a stage', auditLine({ stage: null }), 'stage'],
    ['about something that is no object', auditLine({ objectRef: 'ingresses' }), 'objectRef'],
    ['about a resource that is no text', auditLine({ objectRef: { resource: ['ingresses'] } }), 'objectRef.resource'],
    ['without a time', auditLine({ requestReceivedTimestamp: undefined }), 'requestReceivedTimestamp'],
    ['with a time that is none', auditLine({ requestReceivedTimestamp: 'yesterday' }), 'must be a time in RFC 3339'],
    ['with a time of the year 10000', auditLine({ requestReceivedTimestamp: '+010000-01-01T00:00:00Z' }), 'RFC 3339'],
  ])('%s is invalid and says why', (_, message, reason) => {
    const { eventId } = logEvent('');
    expect(select(format, message)).toMatchObject({
      valid: false,
      id: eventId,
      second: 1_794_657_600,
      reason: expect.stringContaining(reason) as string,
      row: { message },
    });
  });
});

describe('a line that is cut anywhere', () => {
  test('is never taken for one that was not wanted, unless it says so itself', () => {
    const wanted = auditLine();
    for (let end = 0; end < wanted.length; end += 1)
      expect(select(format, wanted.slice(0, end)), wanted.slice(0, end)).toMatchObject({ valid: false });
    const reading = readingLine();
    const verbKnown = reading.indexOf('"verb":"list"');
    for (let end = 0; end < reading.length; end += 1) {
      const found = select(format, reading.slice(0, end));
      if (end < verbKnown || reading[end - 1] !== '}')
        expect(found, reading.slice(0, end)).toMatchObject({ valid: false });
      else expect(found).toBeNull();
    }
  });
});
