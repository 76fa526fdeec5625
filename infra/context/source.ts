import { z } from 'zod';
import type { FunctionVariables } from '../constructs/function-environment.ts';
import { logGroupNameOf } from '../constructs/kong-audit-log-group.ts';
import { standInLogGroupArn } from '../constructs/log-group-access.ts';
import { flagOf, type Given, has, problemsOf, useless } from './given.ts';
import * as value from './values.ts';

/** Keys of the source: Kong, or a log group. */
export const sourceKeys = {
  kongAdminApi: z.string().exactOptional(),
  kongSuperadmin: value.flag.exactOptional(),
  kongAdminTokenSecretArn: value.secretArn.exactOptional(),
  kongRootCa: value.pemFile.exactOptional(),
  kongSecurityGroupId: value.securityGroupId.exactOptional(),
  kongCidr: value.cidrv4.exactOptional(),
  kongPageSize: value.wholeNumber.exactOptional(),
  kongScan: value.oneOf(['auto', 'filtered', 'newest-first', 'full-scan']).exactOptional(),
  forwardOwnRequests: value.flag.exactOptional(),
  sourceLogGroupArn: value.logGroupArn.exactOptional(),
  sourceFormat: value.oneOf(['kubernetes-audit', 'nginx']).exactOptional(),
  sourceStreamPrefix: z.string().exactOptional(),
  auditResources: value.commaList.exactOptional(),
  auditVerbs: value.commaList.exactOptional(),
};

const KEYS = Object.keys(sourceKeys);
const LOG_GROUP_KEYS = ['sourceFormat', 'sourceStreamPrefix', 'auditResources', 'auditVerbs'] as const;
const KONG_KEYS = KEYS.filter((key) => !['kongAdminApi', 'sourceLogGroupArn', ...LOG_GROUP_KEYS].includes(key));

/** Exactly one source, and no key of the other. */
export function sourceProblems(given: Given): string[] {
  const kong = has(given, 'kongAdminApi');
  const logGroup = has(given, 'sourceLogGroupArn');
  if (!kong && !logGroup)
    return [
      'kongAdminApi is required: the URL of the Admin API, such as https://kong.internal:8444; or sourceLogGroupArn reads a log group instead',
    ];
  if (kong && logGroup) return ['kongAdminApi and sourceLogGroupArn are both given; keep one of them'];
  return kong ? kongProblems(given) : logGroupProblems(given);
}

function kongProblems(given: Given): string[] {
  return problemsOf([
    ...useless(given, true, LOG_GROUP_KEYS, 'is used only with sourceLogGroupArn'),
    [
      has(given, 'kongSecurityGroupId') && has(given, 'kongCidr'),
      'kongSecurityGroupId and kongCidr are both given; keep one of them',
    ],
    [
      has(given, 'kongAdminTokenSecretArn') &&
        has(given, 'kongSuperadmin') &&
        flagOf(given, 'kongSuperadmin') === false,
      'kongSuperadmin is false, so kongAdminTokenSecretArn would not be used; remove one of them',
    ],
    [
      has(given, 'kongRootCa') && !!given.texts['kongAdminApi']?.startsWith('http:'),
      'kongRootCa is of no use: kongAdminApi is http',
    ],
  ]);
}

function logGroupProblems(given: Given): string[] {
  const { sourceLogGroupArn, createLogGroup, resourceName } = given.values;
  const made = createLogGroup && resourceName !== undefined ? logGroupNameOf(resourceName) : undefined;
  return problemsOf([
    ...useless(given, true, KONG_KEYS, 'is used only with kongAdminApi'),
    [
      // A group that is there already has an ARN, by which the function itself tells.
      made !== undefined && sourceLogGroupArn?.split(':')[6] === made,
      'sourceLogGroupArn names the log group that createLogGroup makes: a log group must not be its own destination',
    ],
  ]);
}

/** What the function is told of the source, to be checked by the function itself; a source that is well known stands in for none, for two, or for an ARN that is none. */
export function sourceVariables({ texts, values }: Given): FunctionVariables {
  const pick = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, texts[key]]));
  if (texts['sourceLogGroupArn'] !== undefined && texts['kongAdminApi'] === undefined)
    return { ...pick(LOG_GROUP_KEYS), sourceLogGroupArn: values.sourceLogGroupArn ?? standInLogGroupArn('read') };
  return {
    ...pick(['kongPageSize', 'forwardOwnRequests']),
    kongAdminApi: texts['sourceLogGroupArn'] === undefined ? (texts['kongAdminApi'] ?? STAND_IN) : STAND_IN,
    kongRootCa: values.kongRootCa,
    kongScan: values.kongScan,
  };
}

const STAND_IN = 'https://kong.internal:8444';
