import { ForwarderError, toError } from '../errors.ts';

/** What `check` found of one thing a run depends on. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; empty when there is nothing to do. */
  readonly fix: string;
}

/** Tries one thing. `find` returns the detail; what it throws becomes the finding, with the error's own advice. */
export async function attempt(
  name: string,
  find: () => Promise<string>,
  fixFor: (error: Error) => string | undefined = () => undefined,
): Promise<{ readonly check: Check; readonly error: Error | null }> {
  try {
    return { check: { name, ok: true, detail: await find(), fix: '' }, error: null };
  } catch (thrown) {
    const error = toError(thrown);
    return {
      check: { name, ok: false, detail: error.message || error.name, fix: fixFor(error) ?? adviceOf(error) },
      error,
    };
  }
}

const adviceOf = (error: Error): string => (error instanceof ForwarderError && error.fix) || 'See detail.';
