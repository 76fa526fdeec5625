import type { Context } from 'aws-lambda';
import { type CheckReport, toCheckReport } from './commands/check.ts';
import { type Answer, execute } from './commands/execute.ts';
import { compose, type Deployment } from './compose.ts';
import { ConfigError, toError } from './errors.ts';
import { toInvocation } from './invocation.ts';
import { createLog, describeError } from './log.ts';
import { readableStack } from './readable-stack.ts';

type LambdaContext = Partial<Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>>;

/**
 * What an invocation may ask for is described in docs/invocations.md.
 *
 * @returns the run's summary, or what the mode answers
 * @throws every `ForwarderError`: an invocation that could not do its work fails, after its progress was saved
 */
export type Handler = (event?: unknown, context?: LambdaContext) => Promise<Answer>;

/** A run may last this long where no Lambda sets the limit. */
const WITHOUT_LAMBDA_MS = 15 * 60_000;

/** The Lambda's entry. */
export const handler: Handler = createHandler();

/** One instance of the function. Its configuration is read from the environment at the first invocation, and kept. */
export function createHandler(): Handler {
  let deployment: Deployment | undefined;
  const prepare = (): Deployment => (deployment ??= compose(process.env));
  return async (event, context = {}) => {
    try {
      return await invoke(event, context);
    } catch (error) {
      // Lambda shows the stack of an invocation that failed.
      if (error instanceof Error && error.stack !== undefined) error.stack = readableStack(error.stack);
      throw error;
    }
  };

  async function invoke(event: unknown, context: LambdaContext): Promise<Answer> {
    const startedAt = Date.now();
    const remainingMs = () => context.getRemainingTimeInMillis?.() ?? startedAt + WITHOUT_LAMBDA_MS - Date.now();
    const requestId = context.awsRequestId ?? 'local';
    const invocation = loudly(requestId, () => toInvocation(event));
    if (invocation.mode === 'check') {
      const report = await misconfigured(prepare);
      if (report) return report;
    }
    const prepared = loudly(requestId, prepare);
    const { config } = prepared;
    const log = createLog(config.logLevel, { source: config.sourceName, requestId });
    try {
      return await execute(invocation, { deployment: prepared, log, requestId, remainingMs, startedAt });
    } catch (error) {
      // A secret may have been rotated: the next invocation reads it again.
      deployment = undefined;
      throw error;
    }
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
async function misconfigured(prepare: () => Deployment): Promise<CheckReport | null> {
  try {
    await prepare().settings();
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
