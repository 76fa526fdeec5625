const NAME =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?<region>[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?<accountId>\d{12}):)?(?:function:)?(?<name>[\w-]{1,64})(?::(?<qualifier>\$LATEST|[\w-]+))?$/;

/**
 * Whether `given`, a name, a part of an ARN or an ARN, each with or without a qualifier, means the function at `arn`.
 * The function has no other version than `$LATEST`. Source: service model of Lambda, `FunctionName`.
 */
export function isSameFunction(arn: string, given: string, qualifier = '$LATEST'): boolean {
  const here = NAME.exec(arn)?.groups;
  const meant = NAME.exec(given)?.groups;
  return (
    meant !== undefined &&
    meant['name'] === here?.['name'] &&
    (meant['region'] ?? here?.['region']) === here?.['region'] &&
    (meant['accountId'] ?? here?.['accountId']) === here?.['accountId'] &&
    (meant['qualifier'] ?? qualifier) === '$LATEST'
  );
}
