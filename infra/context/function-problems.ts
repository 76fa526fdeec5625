import { environmentProblems, STAND_INS, toEnvironment, toVariableName } from '../constructs/function-environment.ts';
import type { Given } from './given.ts';
import { CONTEXT_KEYS } from './schema.ts';
import { sinkVariables } from './sink.ts';
import { sourceVariables } from './source.ts';
import { TUNING_KEYS } from './tuning.ts';

/** The keys behind variables that are not called as they are. */
const KEYS_OF_VARIABLES = new Map([
  ...CONTEXT_KEYS.map((key) => [toVariableName(key), key] as const),
  ['REDIS_HOST', 'redis'],
  ['REDIS_PASSWORD', 'redisPasswordSecretArn'],
  ['KONG_ADMIN_TOKEN', 'kongAdminTokenSecretArn'],
]);

/** What the function would refuse at its first run, in the words of the context. */
export function functionProblems(given: Given): string[] {
  const { texts } = given;
  const existing = texts['redis'] !== undefined && texts['redis'] !== 'create';
  const environment = toEnvironment({
    ...Object.fromEntries(['sourceName', 'redisDb', 'redisUsername', ...TUNING_KEYS].map((key) => [key, texts[key]])),
    ...sourceVariables(given),
    ...sinkVariables(given),
    kongAdminTokenSecretArn: STAND_INS.secretArn,
    redisPasswordSecretArn: STAND_INS.secretArn,
    redisHost: existing ? texts['redis'] : STAND_INS.redisHost,
  });
  return environmentProblems(environment).map((problem) =>
    problem.replaceAll(/\b[A-Z]+(_[A-Z]+)+\b/g, (name) => KEYS_OF_VARIABLES.get(name) ?? name),
  );
}
