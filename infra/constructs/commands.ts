import { Duration } from 'aws-cdk-lib';
import { TIMEOUT } from './function-limits.ts';

// The shell commands that outputs and the descriptions of alarms name, for the function called `name`.

/** Invokes the function with `payload` and prints its answer. */
export function invokeCommand(name: string, payload: object): string {
  return (
    `aws lambda invoke --function-name ${name} --cli-binary-format raw-in-base64-out ` +
    `--cli-read-timeout ${TIMEOUT.toSeconds()} --payload '${JSON.stringify(payload)}' /dev/stdout`
  );
}

/** The operator's command line, from a checkout of this repository. */
export function opsCommand(name: string, command: string): string {
  return `npm run ops -- ${command} --function ${name}`;
}

/** Longer than a weekend: who reads on Monday what was sent on Friday evening still finds the cause. */
const READING_TIME = Duration.days(3);

/** The function's log, from before the time that an alarm looks back over until whenever its mail may be read. */
export function logCommand(name: string, lookback: Duration, filterPattern?: string): string {
  const days = Math.ceil((READING_TIME.toSeconds() + lookback.toSeconds()) / Duration.days(1).toSeconds());
  const filter = filterPattern === undefined ? '' : ` --filter-pattern ${filterPattern}`;
  return `aws logs tail /aws/lambda/${name} --since ${days}d${filter}`;
}
