import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import {
  createSelects,
  DEFAULT_SELECTION,
  type Selection,
  toFilterPattern,
} from '../../../lambda/sources/log-group/selection.ts';
import { readFilterPattern } from '../../simulators/cloudwatch-logs-pattern.ts';
import { auditLine, type EntryChanges } from './lines.ts';
import { select } from './read.ts';

const isWanted = (changes: EntryChanges, selection: Selection = DEFAULT_SELECTION): boolean =>
  select(kubernetesAudit(selection, 'prod'), auditLine(changes)) !== null;

const about = (resource: string, apiGroup?: string, more: object = {}): EntryChanges => ({
  objectRef: { resource, ...(apiGroup !== undefined && { apiGroup }), name: 'any', ...more },
});

describe('by default', () => {
  test.each<[boolean, EntryChanges]>([
    [true, {}],
    [true, about('ingresses', 'networking.k8s.io')],
    [true, about('ingressclasses', 'networking.k8s.io')],
    [true, about('httproutes', 'gateway.networking.k8s.io')],
    [true, about('anything', 'configuration.konghq.com')],
    [true, { stage: 'Panic' }],
    ...['create', 'update', 'patch', 'delete', 'deletecollection'].map((verb): [boolean, EntryChanges] => [
      true,
      { verb },
    ]),
    ...['get', 'list', 'watch', 'connect', 'Patch', 'patchy'].map((verb): [boolean, EntryChanges] => [false, { verb }]),
    ...['RequestReceived', 'ResponseStarted', 'responsecomplete'].map((stage): [boolean, EntryChanges] => [
      false,
      { stage },
    ]),
    [true, about('ingresses', 'networking.k8s.io', { subresource: 'finalizers' })],
    [false, about('ingresses', 'networking.k8s.io', { subresource: 'status' })],
    [false, about('ingresses', 'extensions')],
    [false, about('ingresses')],
    [false, about('networkpolicies', 'networking.k8s.io')],
    [false, about('httproutes', 'x.gateway.networking.k8s.io')],
    [false, about('configmaps')],
    [false, { objectRef: undefined }],
    [false, { objectRef: { name: 'ingresses.networking.k8s.io' } }],
  ])('%j is what becomes of %j', (expected, changes) => {
    expect(isWanted(changes)).toBe(expected);
  });
});

describe('a selection of one’s own', () => {
  const of = (resources: string[], verbs: string[] = ['create']): Selection => ({ resources, verbs });
  test.each<[boolean, Selection, EntryChanges]>([
    [true, of(['*']), about('pods')],
    [true, of(['*']), { objectRef: undefined }],
    [true, of(['*.*']), about('pods')],
    [false, of(['*']), { ...about('pods'), verb: 'get' }],
    [false, of(['*']), about('pods', '', { subresource: 'status' })],
    [true, of(['*'], ['*']), { ...about('pods'), verb: 'watch' }],
    [true, of(['secrets']), about('secrets')],
    [true, of(['secrets']), about('secrets', 'example.com')],
    [true, of(['services.*']), about('services', 'serving.knative.dev')],
    [false, of(['services.serving.knative.dev']), about('services')],
    [true, of(['a', 'b.c']), about('b', 'c')],
  ])('%j of %j with %j', (expected, selection, changes) => {
    expect(isWanted({ verb: 'create', ...changes }, selection)).toBe(expected);
  });
});

describe('what the service is asked for', () => {
  test.each<[readonly string[], string | undefined]>([
    [
      DEFAULT_SELECTION.resources,
      '?ingresses ?ingressclasses ?"gateway.networking.k8s.io" ?"configuration.konghq.com"',
    ],
    [['secrets'], '?secrets'],
    [['a.x', 'a.y', 'b-c.x'], '?a ?"b-c"'],
    [['a', '*'], undefined],
    [['*.*'], undefined],
    [Array.from({ length: 200 }, (_, index) => `resource${index}.example.com`), undefined],
  ])('for %j is %j', (resources, pattern) => {
    expect(toFilterPattern({ resources, verbs: ['*'] })).toBe(pattern);
  });

  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}[a-z0-9]$/);
  const group = fc.stringMatching(/^[a-z]{2,8}(\.[a-z]{2,8}){1,3}$/);
  const resource = fc.oneof(
    name,
    fc.tuple(fc.oneof(name, fc.constant('*')), group).map((parts) => parts.join('.')),
  );

  test.each(['anywhere', 'whole words'] as const)('finds everything that is wanted, terms matching %s', (terms) => {
    fc.assert(
      fc.property(
        fc.array(resource, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        name,
        group,
        (resources, pick, kind, of) => {
          const pattern = toFilterPattern({ resources, verbs: ['*'] }) ?? '';
          expect(pattern.length).toBeLessThanOrEqual(1024);
          const matches = readFilterPattern(pattern, terms);
          if (typeof matches === 'string') throw new Error(matches);
          const [resourceName = '', ...groupName] = (resources[pick % resources.length] ?? '').split('.');
          const objectRef = {
            resource: resourceName === '*' ? kind : resourceName,
            apiGroup: groupName.length > 0 ? groupName.join('.') : of,
            subresource: null,
          };
          expect(createSelects({ resources, verbs: ['*'] })({ stage: 'Panic', verb: 'get', objectRef })).toBe(true);
          expect(matches(auditLine({ objectRef }))).toBe(true);
        },
      ),
    );
  });
});

describe('a line is not read as JSON', () => {
  test('only where its verb cannot be another: a verb within an object, behind one, or spelt in escapes, is read', () => {
    const inside = { spec: { resourceAttributes: { verb: 'get', resource: 'ingresses' } } };
    const { verb, ...others } = JSON.parse(auditLine({ requestObject: inside })) as Record<string, unknown>;
    const later = JSON.stringify({ requestObject: inside, ...others, verb });
    expect(select(kubernetesAudit(DEFAULT_SELECTION, 'prod'), later)).toMatchObject({ valid: true, method: 'patch' });
    const escaped = auditLine().replace('"verb":"patch"', '"ver\\u0062":"p\\u0061tch"');
    expect(select(kubernetesAudit(DEFAULT_SELECTION, 'prod'), escaped)).toMatchObject({ valid: true, method: 'patch' });
    const spaced = JSON.stringify(JSON.parse(auditLine()), null, 1);
    expect(select(kubernetesAudit(DEFAULT_SELECTION, 'prod'), spaced)).toMatchObject({ valid: true, method: 'patch' });
  });

  test('and a text that says so is no verb', () => {
    const uri = '/apis/networking.k8s.io/v1/ingresses?x="verb":"get"';
    expect(isWanted({ requestURI: uri })).toBe(true);
    expect(isWanted({ auditID: '"verb":"get"' })).toBe(true);
    expect(isWanted({ level: '\\","verb":"get"' })).toBe(true);
  });
});
