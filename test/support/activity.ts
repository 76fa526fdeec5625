import type { Activity } from '../../lambda/pipeline/activity.ts';

/** Half an hour before noon of the day on which everything here happens, epoch seconds. */
export const AN_HOUR = Date.UTC(2026, 10, 14, 11, 30) / 1000;

/** Something an administrator did. */
export function activity(id: string, changes: Partial<Activity> = {}): Activity {
  return {
    valid: true,
    id,
    second: AN_HOUR,
    ttlSeconds: 2_592_000,
    version: '3.9.1.0',
    actor: { type: 'KongRbacUser', id: 'u-1', details: { userName: 'alice' }, isAnonymous: false },
    action: 'POST/services',
    method: 'POST',
    path: '/services',
    isWrite: true,
    status: 201,
    error: null,
    sourceIp: '10.20.0.17',
    userAgent: null,
    request: [{ name: 'payload', as: 'payload', text: '{"name":"payments","password":"hunter2"}' }],
    details: { workspace: 'default', method: 'POST', path: '/services', status: 201 },
    row: { request_id: id },
    ...changes,
  };
}

/** `count` of them, a second apart, oldest first: `e0`, `e1` and so on. */
export function activities(count: number, changes: Partial<Activity> = {}): Activity[] {
  return Array.from({ length: count }, (_, index) => activity(`e${index}`, { second: AN_HOUR + index, ...changes }));
}
