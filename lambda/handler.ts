import type { Context } from 'aws-lambda';
import { execute, type Answer } from './commands/execute.ts';
import { compose, type Deployment } from './compose.ts';
import { ConfigError, toError } from './errors.ts';
import { toInvocation } from './invocation.ts';
import { createLog, describeError } from './log.ts';
import { type CheckReport, toCheckReport } from './commands/check.ts';

type LambdaContext = Partial<Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>>;

/** A run may last this long where no Lambda sets the limit. */
const WITHOUT_LAMBDA_MS = 15 * 60_000;

let coldStart: Deployment | undefined;

/**
 * The Lambda's entry. What an invocation may ask for is described in docs/invocations.md.
 *
 * @returns the run's summary, or what the mode answers
 * @throws every `ForwarderError`: an invocation that could not do its work fails, after its progress was saved
 */
export async function handler(event?: unknown, context: LambdaContext = {}): Promise<Answer> {
  const startedAt = Date.now();
  const remainingMs = () => context.getRemainingTimeInMillis?.() ?? startedAt + WITHOUT_LAMBDA_MS - Date.now();
  const requestId = context.awsRequestId ?? 'local';
  const invocation = loudly(requestId, () => toInvocation(event));
  if (invocation.mode === 'check') {
    const report = await misconfigured();
    if (report) return report;
  }
  const deployment = loudly(requestId, () => (coldStart ??= compose(process.env)));
  const { config } = deployment;
  const log = createLog(config.logLevel, { source: config.sourceName, requestId });
  try {
    return await execute(invocation, { deployment, log, requestId, remainingMs, startedAt });
  } catch (error) {
    // A secret may have been rotated: the next invocation reads it again.
    coldStart = undefined;
    throw error;
  }
}

/** What fails before there is a run has its line in the log, too. */
function loudly<Result>(requestId: string, begin: () => Result): Result {
  try {
    return begin();
  } catch (error) {
    createLog('INFO', { requestId }).error('Nothing was run', { error: describeError(error) });
    throw error;
  }
}

/** What is wrong with the configuration, problem by problem, as `check` reports it; null when nothing is. */
async function misconfigured(): Promise<CheckReport | null> {
  try {
    coldStart ??= compose(process.env);
    await coldStart.settings();
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw toError(error);
    return toCheckReport(
      error.problems.map((detail) => {
        const variable = detail.split(' ', 1)[0] ?? '';
        return { name: 'configuration', ok: false, detail, fix: `Correct ${variable} in the function's environment.` };
      }),
    );
  }
}
