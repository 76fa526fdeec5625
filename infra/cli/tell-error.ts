import { CommanderError } from 'commander';
import { CliError, FunctionError } from './errors.ts';
import { howToSet, inOperatorsTerms } from './operators-terms.ts';
import type { GlobalOptions } from './program.ts';
import { bad, type Screen } from './screen.ts';
import { printJson, type Session } from './session.ts';

/**
 * Tells why a command ended, and what to do.
 *
 * @returns the exit status
 * @throws what is a bug of this program
 */
export function tellError(
  error: unknown,
  screen: Screen,
  { json, local }: GlobalOptions,
  hint: Session['hint'],
): 1 | 2 {
  // Commander has said it already.
  if (error instanceof CommanderError) return 2;
  if (!(error instanceof CliError)) throw error;
  const { text, keys } = local ? { text: error.message, keys: [] } : inOperatorsTerms(error.message);
  if (!(error instanceof FunctionError)) {
    screen.tell(bad(text));
    return error.exitStatus;
  }
  if (json) printJson({ screen }, error.answer);
  if (error.exitStatus === 2) {
    screen.tell(`${bad('The function refuses this.')}\n${text}`);
    if (text.includes('not understood'))
      screen.tell('Is it older than this command line? Then deploy this version: npx cdk deploy');
    return error.exitStatus;
  }
  screen.tell(`${bad(`The function failed with ${error.errorType}.`)}\n${text}`);
  if (keys.length > 0) screen.tell(howToSet(keys));
  screen.tell(`What is not in order:  ${hint('check')}`);
  if (!local) screen.tell(`Its log:               ${hint('logs --errors --since 1h')}`);
  return error.exitStatus;
}
