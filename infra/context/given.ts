import type { DeploymentConfig } from './schema.ts';
import { flag } from './values.ts';

/** The context as the rules of each group of keys look at it. */
export interface Given {
  /** What was given, as text. */
  readonly texts: Readonly<Record<string, string>>;
  /** What could be read of it; a value that could not is not here. */
  readonly values: Partial<DeploymentConfig>;
  /** Of the deployment, where they are known. */
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/** A rule that is broken, and the problem to tell then; it begins with the key that is to be changed. */
export type Rule = readonly [broken: boolean | undefined, problem: string];

/** The problems of the rules that are broken. */
export function problemsOf(rules: readonly Rule[]): string[] {
  return rules.filter(([broken]) => broken).map(([, problem]) => problem);
}

/** Whether `key` was given. */
export const has = ({ texts }: Given, key: string): boolean => texts[key] !== undefined;

/** A flag, false when it is not given; undefined when it cannot be read: that is a problem of its own, and no others follow from it. */
export const flagOf = ({ texts }: Given, key: string): boolean | undefined =>
  flag.safeParse(texts[key] ?? 'false').data;

/** Where `applies`, each of `keys` that is given is refused. */
export function useless(given: Given, applies: boolean | undefined, keys: readonly string[], why: string): Rule[] {
  return keys.map((key) => [applies && has(given, key), `${key} ${why}`]);
}

/** The Region of an ARN; undefined for what is none. */
export const regionOfArn = (arn: string | undefined): string | undefined => arn?.split(':')[3];
