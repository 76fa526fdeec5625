import type { Environment } from 'aws-cdk-lib';
import type { z } from 'zod';
import { ContextError } from './context-error.ts';
import { functionProblems } from './function-problems.ts';
import type { Given } from './given.ts';
import { ledgerProblems } from './ledger.ts';
import { nearest } from './nearest.ts';
import { networkProblems } from './network.ts';
import { operatingProblems } from './operating.ts';
import { CONTEXT_KEYS, contextSchema, type DeploymentConfig } from './schema.ts';
import { sinkProblems } from './sink.ts';
import { sourceProblems } from './source.ts';
import { toText } from './to-text.ts';

/** What the CDK CLI writes into `cdk.json` by itself and that has neither `:` nor `/` in its name. */
const KEYS_OF_CDK: readonly string[] = ['acknowledged-issue-numbers', 'cli-telemetry', 'cdk-migrate'];

/**
 * Reads the app's context for a deployment into `env`. Keys that CDK itself keeps there (most have a `:` or a `/` in them) are left alone; an empty value
 * counts as not given.
 *
 * @throws {ContextError} names everything that is wrong, missing or unknown, at once
 */
export function readContext(context: Readonly<Record<string, unknown>>, env: Environment = {}): DeploymentConfig {
  const texts = toTexts(context);
  const parsed = contextSchema.safeParse(texts);
  const given: Given = {
    texts,
    values: parsed.data ?? usable(texts, parsed.error),
    account: env.account,
    region: env.region,
  };
  const problems = [
    ...Object.keys(texts)
      .filter((key) => !CONTEXT_KEYS.includes(key))
      .map(unknownKey),
    ...(parsed.error?.issues.map((issue) => `${issue.path[0]?.toString() ?? ''} ${issue.message}`) ?? []),
  ];
  const known = new Set(problems.map((problem) => problem.split(' ')[0]));
  problems.push(...functionProblems(given).filter((problem) => !known.has(problem.split(' ')[0])));
  for (const group of [sourceProblems, sinkProblems, networkProblems, ledgerProblems, operatingProblems])
    problems.push(...group(given));
  if (!parsed.success || problems.length > 0) throw new ContextError(problems);
  return parsed.data;
}

function toTexts(context: Readonly<Record<string, unknown>>): Record<string, string> {
  const own = Object.entries(context).filter(([key]) => !/[:/]/.test(key) && !KEYS_OF_CDK.includes(key));
  return Object.fromEntries(
    own.flatMap(([key, item]) => {
      const text = toText(item);
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
}

/** What can be read of a context that has problems, so that what else is wrong with it is told, too. */
function usable(texts: Readonly<Record<string, string>>, { issues }: z.ZodError): Partial<DeploymentConfig> {
  const bad = new Set(issues.map(({ path }) => path[0]));
  const withoutBad = (entries: object) => Object.fromEntries(Object.entries(entries).filter(([key]) => !bad.has(key)));
  // Without them in what comes out, too: their defaults are not what was asked for.
  return withoutBad(contextSchema.partial().safeParse(withoutBad(texts)).data ?? {});
}

function unknownKey(key: string): string {
  const guess = nearest(key, CONTEXT_KEYS);
  return `${key} is not a key of this app; ${guess === undefined ? 'docs/context.md has them all' : `did you mean ${guess}?`}`;
}
