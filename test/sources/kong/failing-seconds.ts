import type { KongSimulator } from '../../simulators/kong.ts';
import { decodeOffset } from '../../simulators/kong-query.ts';
import { eraOf } from '../../simulators/kong-version.ts';

/** From now on Kong fails, with 500, to give any page of a filtered log that holds an entry of one of these seconds. */
export function failForSeconds({ faults, table, settings }: KongSimulator, seconds: readonly number[]): void {
  faults.always(({ path }) => {
    const query = new URL(path, 'http://kong').searchParams;
    if (!query.has('before')) return undefined;
    const position = decodeOffset(query.get('offset'));
    const { rows } = table.page(eraOf(settings.version), {
      size: Number(query.get('size')),
      cursor: position && 'key' in position ? position.key : undefined,
      after: Number(query.get('after')),
      before: Number(query.get('before')),
    });
    return rows.some(({ timestamp }) => seconds.includes(timestamp))
      ? { fault: 'answer', status: 500, body: {} }
      : undefined;
  });
}
