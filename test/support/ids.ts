import type { Page } from '../../lambda/pipeline/source.ts';
import type { KongRow } from '../simulators/kong-table.ts';

/** The ids of these rows of Kong, sorted. */
export const keysOf = (rows: readonly Pick<KongRow, 'key'>[]): string[] => rows.map(({ key }) => key).toSorted();

/** The ids of all items on these pages, in order. */
export const idsOf = (pages: readonly Pick<Page, 'items'>[]): string[] =>
  pages.flatMap(({ items }) => items.map(({ id }) => id));
