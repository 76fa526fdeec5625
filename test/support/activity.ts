import type { Activity } from '../../lambda/pipeline/activity.ts';
import { item } from './item.ts';

/** Half an hour before noon of the day on which everything here happens, epoch seconds. */
export const AN_HOUR = Date.UTC(2026, 10, 14, 11, 30) / 1000;

/** An administrator's change, with a secret in its payload. */
export function activity(id: string, changes: Partial<Omit<Activity, 'valid' | 'id'>> = {}): Activity {
  return item(id, {
    second: AN_HOUR,
    action: 'POST/services',
    method: 'POST',
    isWrite: true,
    status: 201,
    sourceIp: '10.20.0.17',
    request: [{ name: 'payload', as: 'payload', text: '{"name":"payments","password":"hunter2"}' }],
    details: { workspace: 'default', method: 'POST', path: '/services', status: 201 },
    ...changes,
  });
}

/** `count` of them, a second apart, oldest first: `e0`, `e1` and so on. */
export const activities = (count: number): Activity[] =>
  Array.from({ length: count }, (_, index) => activity(`e${index}`, { second: AN_HOUR + index }));
