import { expect } from 'vitest';
import type { Check } from '../../lambda/pipeline/check.ts';

/** The one check of this name. All of them say what they found, and what is wrong says what to do. */
export function found(checks: readonly Check[], name: string): Check {
  for (const { ok, detail, fix } of checks) {
    expect(detail).not.toBe('');
    if (!ok) expect(fix).toMatch(/^\w.{10}/);
  }
  const named = checks.filter((check) => check.name === name);
  expect(named).toHaveLength(1);
  return named[0] as Check;
}
