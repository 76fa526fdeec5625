import { UsageError } from '../errors.ts';
import { dim } from '../screen.ts';
import type { ExitStatus, Session } from '../session.ts';
import { formatWindow, parseTime, toRfc3339 } from '../times.ts';
import { backfillGoal } from '../watch/goal.ts';
import { watch } from '../watch/watch.ts';
import { invokeRun } from './run.ts';

export interface BackfillOptions {
  readonly dryRun?: boolean;
  readonly resend?: boolean;
  readonly watch?: boolean;
}

/**
 * Reads a window again; what one run cannot finish, later runs do.
 *
 * @throws {UsageError} times that are none, or options that do not go together
 */
export async function backfill(
  session: Session,
  from: string,
  to: string | undefined,
  options: BackfillOptions,
): Promise<ExitStatus> {
  const { dryRun = false, resend = false } = options;
  if (dryRun && options.watch)
    throw new UsageError(
      '--dry-run reads once and writes nothing, so there is nothing to --watch: leave one of them out.',
    );
  const window = readWindow(from, to, session.now());
  if (!session.json) session.screen.tell(dim(`Window: ${formatWindow(window)}`));
  if (options.watch) return await watch(backfillGoal(window, resend), session);
  const payload = {
    mode: 'backfill',
    after: toRfc3339(window.after),
    // Without it the function reads up to the source's own now, which knows better than this clock.
    ...(to !== undefined && { before: toRfc3339(window.before) }),
    ...(dryRun && { dryRun }),
    ...(resend && { resend }),
  };
  return await invokeRun(session, payload, dryRun);
}

/** @throws {UsageError} times that are none, or in the wrong order */
export function readWindow(from: string, to: string | undefined, now: number, latest = now) {
  const after = parseTime(from, now);
  const before = to === undefined ? latest : parseTime(to, now);
  if (after >= before)
    throw new UsageError(
      `<from> must lie before <to>: ${toRfc3339(after)} does not lie before ${toRfc3339(before)}${to === undefined ? ', the end where no <to> is given' : ''}.`,
    );
  return { after, before };
}
