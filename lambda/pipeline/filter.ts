import type { Activity } from './activity.ts';

/** Whether the whole text, or a part of it, matches; in time linear in its length. */
export type Matcher = (text: string) => boolean;

export interface FilterSettings {
  /** Methods (verbs), in capitals. */
  readonly methods: readonly string[];
  /** Against the path as the source gave it, query included. */
  readonly paths: readonly Matcher[];
}

/** The operator's filter: true for an activity nobody wants in the sink. With no settings, nothing is ignored. */
export function createFilter({ methods, paths }: FilterSettings): (activity: Activity) => boolean {
  if (methods.length === 0 && paths.length === 0) return () => false;
  const ignored = new Set(methods);
  return ({ method, path }) => ignored.has(method.toUpperCase()) || paths.some((matches) => matches(path));
}
