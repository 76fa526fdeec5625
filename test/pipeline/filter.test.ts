import { describe, expect, test } from 'vitest';
import { createFilter, type FilterSettings } from '../../lambda/pipeline/filter.ts';
import { compilePatterns } from '../../lambda/path-patterns.ts';
import { item } from '../support/item.ts';

const isIgnored = (settings: Partial<FilterSettings>, method: string, path = '/services') =>
  createFilter({ methods: [], paths: [], ...settings })(item('a', { method, path }));

describe('the operator’s filter', () => {
  test('ignores nothing without settings', () => {
    for (const method of ['GET', 'OPTIONS', 'POST', '']) expect(isIgnored({}, method)).toBe(false);
  });

  test.each([
    ['GET', true],
    ['get', true],
    ['HEAD', true],
    ['GETS', false],
    ['POST', false],
  ])('for GET and HEAD and the method %s: %s', (method, expected) => {
    expect(isIgnored({ methods: ['GET', 'HEAD'] }, method)).toBe(expected);
  });

  test('looks at the path as it was given, query included, whatever the method', async () => {
    const paths = await compilePatterns('IGNORE_PATHS', ['^/status$', '[?&]probe=1']);
    expect(isIgnored({ paths }, 'POST', '/status')).toBe(true);
    expect(isIgnored({ paths }, 'GET', '/services?size=1&probe=1')).toBe(true);
    expect(isIgnored({ paths }, 'GET', '/status/1')).toBe(false);
  });

  test('ignores what either of both names', async () => {
    const settings = { methods: ['GET'], paths: await compilePatterns('IGNORE_PATHS', ['^/status$']) };
    expect(isIgnored(settings, 'GET', '/services')).toBe(true);
    expect(isIgnored(settings, 'POST', '/status')).toBe(true);
    expect(isIgnored(settings, 'POST', '/services')).toBe(false);
  });
});
