import type { Activity, InvalidItem } from '../../lambda/pipeline/activity.ts';

/** An activity in which nothing is remarkable but what a test says. */
export function item(id: string, changes: Partial<Omit<Activity, 'valid' | 'id'>> = {}): Activity {
  return {
    valid: true,
    id,
    second: 1_763_676_000,
    ttlSeconds: 2_592_000,
    version: '1.0',
    actor: { type: 'User', id: 'alice', details: {}, isAnonymous: false },
    action: 'GET/services',
    method: 'GET',
    path: '/services',
    isWrite: false,
    status: 200,
    error: null,
    sourceIp: null,
    userAgent: null,
    request: [],
    details: {},
    row: { id },
    ...changes,
  };
}

/** A row that is no activity. */
export const invalidItem = (id: string, changes: Partial<Omit<InvalidItem, 'valid' | 'id'>> = {}): InvalidItem => ({
  valid: false,
  id,
  second: 1_763_676_000,
  ttlSeconds: null,
  reason: 'method must not be empty',
  row: { id },
  ...changes,
});
