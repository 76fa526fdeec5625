import { describe, expect, test } from 'vitest';
import { KongResponseError } from '../../lambda/errors.ts';
import { attempt } from '../../lambda/pipeline/check.ts';

const failing = (error: Error) => () => Promise.reject(error);

describe('one thing tried by check', () => {
  test('is in order with what was found, and nothing to do', async () => {
    expect(await attempt('kong', () => Promise.resolve('it answers'))).toEqual({
      check: { name: 'kong', ok: true, detail: 'it answers', fix: '' },
      error: null,
    });
  });

  test('that fails gives the error’s message and its own advice', async () => {
    const error = new KongResponseError('Expected a page, got none.', 404, { fix: 'Set audit_log=on.' });
    expect(await attempt('kong', failing(error))).toEqual({
      check: {
        name: 'kong',
        ok: false,
        detail: 'Expected a page, got none. Set audit_log=on.',
        fix: 'Set audit_log=on.',
      },
      error,
    });
  });

  test('may have better advice than the error', async () => {
    const error = new KongResponseError('no', 404, { fix: 'Set audit_log=on.' });
    const { check } = await attempt('kong', failing(error), ({ message }) => `Look at ${message}`);
    expect(check.fix).toMatch(/^Look at no/);
  });

  test.each([
    ['an error without advice', new KongResponseError('no', 404)],
    ['an error of somebody else', new TypeError('no')],
    ['no error at all', 'no' as unknown as Error],
  ])('never fails without something to do: %s', async (_, error) => {
    const { check } = await attempt('kong', failing(error));
    expect(check).toEqual({ name: 'kong', ok: false, detail: 'no', fix: 'See detail.' });
  });

  test('of an error without words names it', async () => {
    expect((await attempt('kong', failing(new RangeError()))).check.detail).toBe('RangeError');
  });
});
