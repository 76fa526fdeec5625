/** What `GET /audit/requests` does differently from one release of Kong Gateway Enterprise to the next. */
export interface KongEra {
  /** `request_id`: primary-key order, so new rows land anywhere. `request_timestamp`: newest first, ties in any order. */
  readonly order: 'request_id' | 'request_timestamp';
  /** Are `after` and `before` honoured? Where they are not, they are ignored like any unknown parameter. */
  readonly filters: boolean;
  /** Does `next` repeat `size`? Since 3.1. */
  readonly nextKeepsSize: boolean;
  /** Does `next` repeat `after` and `before`? Since 3.9.0.0; before that, following it left the window. */
  readonly nextKeepsFilters: boolean;
  /** Some 3.1.x show the `ttl` with its fraction. */
  readonly fractionalTtl: boolean;
  /** `rbac_user_name` and `request_source` exist since 3.2. */
  readonly names: boolean;
}

/**
 * The era of a version string, `2.8.1.1-enterprise-edition` or `3.9.1.0`.
 *
 * Sources: Kong Gateway Enterprise changelog (3.4.3.8, 3.4.3.9, 3.5.0.4, 3.5.0.5, 3.6.1.5, 3.7.0.0, 3.9.0.0).
 */
export function eraOf(version: string): KongEra {
  const since = (...wanted: readonly number[]): boolean => compare(parse(version), wanted) >= 0;
  const branch = (major: number, minor: number): boolean => since(major, minor) && !since(major, minor + 1);
  const inTimeOrder =
    since(3, 7) ||
    (branch(3, 6) && since(3, 6, 1, 5)) ||
    (branch(3, 5) && since(3, 5, 0, 4)) ||
    (branch(3, 4) && since(3, 4, 3, 8));
  return {
    order: inTimeOrder ? 'request_timestamp' : 'request_id',
    filters: inTimeOrder && !(branch(3, 5) && !since(3, 5, 0, 5)) && !(branch(3, 4) && !since(3, 4, 3, 9)),
    nextKeepsSize: since(3, 1),
    nextKeepsFilters: since(3, 9),
    fractionalTtl: branch(3, 1),
    names: since(3, 2),
  };
}

function parse(version: string): readonly number[] {
  return (version.split('-')[0] ?? '').split('.').map(Number);
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < 4; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
