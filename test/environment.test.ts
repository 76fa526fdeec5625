import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { arn, flag, got, integer, names, oneOf, readVariables, secretArn } from '../lambda/environment.ts';

const problemsOf = (schema: z.ZodType, value: string) =>
  readVariables(z.object({ NAME: schema }), { NAME: value }).problems;
const valueOf = (schema: z.ZodType, value: string) => readVariables(z.object({ NAME: schema }), { NAME: value }).values;

describe('readVariables', () => {
  const schema = z.object({ A: integer(1, 9).default(5), B: flag, C: z.string().optional() });

  test('gives every value, and defaults for those that are not set', () => {
    expect(readVariables(schema, { B: 'yes', D: 'unknown' })).toEqual({ values: { A: 5, B: true }, problems: [] });
  });

  test('gives every problem at once, by variable, and then no value', () => {
    expect(readVariables(schema, { A: '10', B: 'on' })).toEqual({
      values: null,
      problems: [
        'A must be an integer from 1 to 9, got "10"',
        'B must be true, false, 1, 0, yes or no, got a text of 2 characters',
      ],
    });
  });
});

describe('an integer', () => {
  test.each(['1', '007', '9'])('may be %j', (text) => {
    expect(valueOf(integer(1, 9), text)).toEqual({ NAME: Number(text) });
  });

  test.each(['', '0', '10', '-1', '1.5', '1e3', '0x1', ' 1', 'Infinity', '9'.repeat(400)])('may not be %j', (text) => {
    expect(problemsOf(integer(1, 9), text)).toEqual([
      expect.stringMatching(/^NAME must be an integer from 1 to 9, got /),
    ]);
  });
});

test.each([
  ['a', ['a']],
  [' a , b,,c ,', ['a', 'b', 'c']],
])('the names in %j are %j', (text, expected) => {
  expect(valueOf(names, text)).toEqual({ NAME: expected });
});

test.each(['', ',', ' , '])('there must be a name in %j', (text) => {
  expect(problemsOf(names, text)).toEqual(['NAME must name at least one, separated by commas']);
});

test('one of several words is told with all of them', () => {
  expect(valueOf(oneOf(['fast', 'slow']), 'fast')).toEqual({ NAME: 'fast' });
  expect(problemsOf(oneOf(['fast', 'slow']), 'Fast')).toEqual(['NAME must be one of fast, slow, got "Fast"']);
});

describe('an ARN', () => {
  const bucket = arn(/^arn:aws:s3:::\w+$/, 'arn:aws:s3:::<bucket>');

  test('of the right kind is taken, one of another kind is shown', () => {
    expect(valueOf(bucket, 'arn:aws:s3:::a')).toEqual({ NAME: 'arn:aws:s3:::a' });
    expect(problemsOf(bucket, 'arn:aws:sns:a')).toEqual([
      'NAME must look like arn:aws:s3:::<bucket>, got "arn:aws:sns:a"',
    ]);
  });

  test('of a secret must be the full one', () => {
    const whole = 'arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:kong/token-AbCdEf';
    expect(valueOf(secretArn, whole)).toEqual({ NAME: whole });
    for (const part of ['kong/token', 'arn:aws:secretsmanager:eu-central-1:1:secret:a', `${whole} b`])
      expect(problemsOf(secretArn, part)).toEqual(['NAME must be the full ARN of a Secrets Manager secret']);
  });
});

describe('what could be a secret in the wrong place', () => {
  test('is counted, not shown', () => {
    expect([got('short'), got('x'.repeat(13)), got('ab', 0), got('x'.repeat(20), 20)]).toEqual([
      '"short"',
      'a text of 13 characters',
      'a text of 2 characters',
      `"${'x'.repeat(20)}"`,
    ]);
  });

  test('is never repeated by any kind of variable', () => {
    const secret = fc.string({ unit: 'grapheme-ascii', minLength: 14 }).filter((text) => !text.startsWith('arn:'));
    const kinds = [integer(0, 5), flag, oneOf(['a']), arn(/^arn:x$/, 'arn:<x>'), secretArn];
    fc.assert(
      fc.property(secret, fc.constantFrom(...kinds), (text, kind) => {
        expect(problemsOf(kind, text).join()).not.toContain(text);
      }),
    );
  });
});
