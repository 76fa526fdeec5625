import { lambdaFunction } from './lambda-function.ts';
import { localFunction } from './local-function.ts';
import { renderLogLine } from './log-line.ts';
import type { OperatedFunction } from './operated-function.ts';
import { createProgram, type GlobalOptions, isHelp } from './program.ts';
import { type Screen, screenOf, type ScreenStreams } from './screen.ts';
import type { Session } from './session.ts';
import { awsSettings, functionName } from './target.ts';
import { tellError } from './tell-error.ts';

/** What the command line needs of the machine it runs on. */
export interface World extends ScreenStreams, Pick<Session, 'now' | 'pause' | 'onInterrupt'> {
  /** In place of what the options mean; for a program that has the function at hand. */
  readonly connect?: (options: GlobalOptions) => OperatedFunction;
}

/**
 * Runs one command, as `kong-audit status --function x` on a shell.
 *
 * @param argv what follows the name of the program
 * @returns the exit status: 0 good, 1 not good, 2 wrong use
 */
export async function runCli(argv: readonly string[], world: World): Promise<0 | 1 | 2> {
  const screen = screenOf(world);
  const name = world.env['npm_lifecycle_event'] === 'ops' ? 'npm run ops --' : 'kong-audit';
  let asked: GlobalOptions = {};
  let status: 0 | 1 = 0;
  const hint = (command: string) => [name, command, ...sameTarget(asked)].join(' ');
  const program = createProgram({
    name,
    ended: (came) => (status = came),
    open: async (options) => {
      asked = options;
      const aws = awsSettings(options, world.env);
      const operated = options.local || world.connect ? '' : await functionName(options, aws);
      const local = options.local ?? false;
      const fn =
        world.connect?.(options) ?? (local ? localFunction(logTo(screen, world.now)) : lambdaFunction(operated, aws));
      const { now, pause, onInterrupt } = world;
      // Ctrl-C would leave the lock behind, which keeps every other run out for as long as this one might have lasted.
      if (fn.end) onInterrupt(() => void fn.end?.());
      return {
        session: { fn, screen, json: options.json ?? false, local, now, pause, onInterrupt, hint },
        functionName: operated,
        aws,
      };
    },
    output: {
      writeOut: (text) => {
        screen.print(text.trimEnd());
      },
      writeErr: (text) => {
        screen.tell(text.trimEnd());
      },
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    return isHelp(error) ? 0 : tellError(error, screen, asked, hint);
  }
}

/** The options that name the function, to be copied along. */
function sameTarget({ function: named, stack, profile, region, local }: GlobalOptions): string[] {
  const given = Object.entries({ '--function': named, '--stack': stack, '--profile': profile, '--region': region });
  return [
    ...given.flatMap(([option, value]) => (value === undefined ? [] : [option, value])),
    ...(local ? ['--local'] : []),
  ];
}

/** The handler's own log, when it runs here: what is worth a person's look. What an invocation fails with is told by itself. */
function logTo(screen: Screen, now: Session['now']): (text: string) => void {
  return (text) => {
    for (const line of text.split('\n')) {
      if (!/"level":"(WARN|ERROR|CRITICAL)"/.test(line)) continue;
      if (/"message":"(Run failed|Nothing was run|The mode \w+ failed)"/.test(line)) continue;
      screen.tell(renderLogLine(now() * 1000, line, true) ?? '');
    }
  };
}
