import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { awsProblem } from '../aws-problem.ts';
import { UsageError } from '../errors.ts';
import { renderLogLine } from '../log-line.ts';
import { dim, good } from '../screen.ts';
import type { ExitStatus, Session } from '../session.ts';
import type { AwsSettings } from '../target.ts';
import { formatTime, parseTime } from '../times.ts';

export interface LogsOptions {
  readonly errors?: boolean;
  readonly since: string;
  readonly logGroup?: string;
}

/** Terms of which a line must have one: the program's own errors, and what Lambda says of a function that died. */
const ERRORS = '?ERROR ?"Task timed out" ?"Runtime exited" ?"Runtime.ExitError" ?"Runtime.OutOfMemory" ?Unhandled';

/**
 * The function's own log, oldest first, one line for each thing that happened.
 *
 * @throws {UsageError} with `--local`, which has no log group
 */
export async function logs(
  session: Session,
  functionName: string,
  aws: AwsSettings,
  options: LogsOptions,
): Promise<ExitStatus> {
  if (session.local)
    throw new UsageError(
      'logs reads the log of a deployed function; with --local the log is what the command itself shows.',
    );
  const { screen, json } = session;
  const since = parseTime(options.since, session.now());
  // An ARN's last part is the name, or name and version.
  const name = /:function:([^:]+)/.exec(functionName)?.[1] ?? functionName.split(':')[0] ?? functionName;
  const logGroup = options.logGroup ?? `/aws/lambda/${name}`;
  const client = new CloudWatchLogsClient(aws);
  let shown = 0;
  try {
    for (let nextToken: string | undefined; ;) {
      const page = await client.send(
        new FilterLogEventsCommand({
          logGroupName: logGroup,
          startTime: since * 1000,
          ...(options.errors && { filterPattern: ERRORS }),
          ...(nextToken !== undefined && { nextToken }),
        }),
      );
      for (const { timestamp = 0, message = '' } of page.events ?? []) {
        const line = json ? message.trimEnd() : renderLogLine(timestamp, message, options.errors ?? false);
        if (line === null) continue;
        (json ? screen.printRaw : screen.print)(line);
        shown += 1;
      }
      nextToken = page.nextToken;
      if (nextToken === undefined) break;
    }
  } catch (error) {
    throw awsProblem(error, {
      action: 'logs:FilterLogEvents',
      on: `the log group ${logGroup}`,
      whenMissing: 'No such log group there: check --function, --region and --profile, or name it with --log-group.',
    });
  } finally {
    client.destroy();
  }
  if (!json && shown === 0)
    screen.print(
      options.errors
        ? good(`No errors since ${formatTime(since)}.`)
        : `Nothing in ${logGroup} since ${formatTime(since)}.`,
    );
  if (!json && shown > 0) screen.tell(dim(`${logGroup} since ${formatTime(since)}`));
  return 0;
}
