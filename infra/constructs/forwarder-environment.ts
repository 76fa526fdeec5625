import { EXTRA_CERTIFICATES_PATH } from './extra-certificates.ts';
import { environmentProblems, toEnvironment } from './function-environment.ts';
import type { KongAuditForwarderProps } from './kong-audit-forwarder-props.ts';
import type { SinkBinding } from './sink.ts';
import type { SourceBinding } from './source.ts';
import { tuningVariables } from './tuning.ts';

/**
 * The environment of the function that forwards from `source` to `sink`.
 *
 * @throws {Error} with all that the function itself would refuse
 */
export function forwarderEnvironment(
  sourceName: string,
  { cache, ...props }: KongAuditForwarderProps,
  source: SourceBinding,
  sink: SinkBinding,
): Record<string, string> {
  const environment = toEnvironment({
    ...source.variables,
    ...sink.variables,
    redisHost: cache.redisHost,
    redisDb: cache.db,
    redisUsername: cache.username,
    redisPasswordSecretArn: cache.password?.secretArn,
    redisTls: cache.tls,
    sourceName,
    nodeExtraCaCerts: props.extraCaCerts === undefined ? undefined : EXTRA_CERTIFICATES_PATH,
    awsUseFipsEndpoint: props.useFipsEndpoint,
    ...tuningVariables(props),
  });
  const problems = environmentProblems(environment, { ...source.standIns, ...sink.standIns });
  if (problems.length === 0) return environment;
  throw new Error(
    `The function would refuse its environment:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  );
}
