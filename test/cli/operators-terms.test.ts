import { expect, test } from 'vitest';
import { CONTEXT_KEY_OF, howToSet, inOperatorsTerms } from '../../infra/cli/operators-terms.ts';
import { CONTEXT_KEYS } from '../../infra/context/schema.ts';

test('every variable that is translated has a context key of the CDK app', () => {
  expect([...CONTEXT_KEY_OF.values()].filter((key) => !CONTEXT_KEYS.includes(key))).toEqual([]);
});

test('names variables by their keys, each key told once', () => {
  const { text, keys } = inOperatorsTerms('Check REDIS_HOST and REDIS_DB; then REDIS_HOST again.');
  expect(text).toBe('Check redis and redisDb; then redis again.');
  expect(keys).toEqual(['redis', 'redisDb']);
});

test('leaves alone what no key sets', () => {
  expect(inOperatorsTerms('Correct AWS_ENDPOINT_URL_CLOUDTRAIL_DATA; GET /audit/requests').text).toBe(
    'Correct AWS_ENDPOINT_URL_CLOUDTRAIL_DATA; GET /audit/requests',
  );
});

test('says where a key is set', () => {
  expect(howToSet(['redisDb'])).toBe(
    'redisDb is a context key of the CDK app: set in cdk.json under "context", or npx cdk deploy -c redisDb=…',
  );
});
