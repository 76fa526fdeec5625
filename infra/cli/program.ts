import { Command, CommanderError, type OutputConfiguration } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { backfill, type BackfillOptions } from './commands/backfill.ts';
import { check } from './commands/check.ts';
import { logs, type LogsOptions } from './commands/logs.ts';
import * as quarantine from './commands/quarantine.ts';
import { rewind, type RewindOptions } from './commands/rewind.ts';
import { run } from './commands/run.ts';
import { status } from './commands/status.ts';
import { verify } from './commands/verify.ts';
import type { ExitStatus, Session } from './session.ts';
import { type AwsSettings, DEFAULT_FUNCTION, type TargetOptions } from './target.ts';

/** The options that every command takes. */
export interface GlobalOptions extends TargetOptions {
  readonly json?: boolean;
}

/** What an action needs of the world: the session for the function that the options mean. */
export interface Opened {
  readonly session: Session;
  /** Name or ARN. */
  readonly functionName: string;
  readonly aws: AwsSettings;
}

export interface ProgramDeps {
  /** How the command is called: `kong-audit`, or `npm run ops --`. */
  readonly name: string;
  readonly open: (options: GlobalOptions) => Promise<Opened>;
  /** Told what a command came to. */
  readonly ended: (status: ExitStatus) => void;
  readonly output: OutputConfiguration;
}

const TIMES = `
Times are UTC: 2026-11-14 (midnight), 2026-11-14T08:30:00Z, yesterday, today, now, or how long ago: 30m, 36h, 7d.`;

/** The command line. Wrong use throws a `CommanderError` or a `UsageError`; nothing was asked of the function then. */
export function createProgram({ name, open, ended, output }: ProgramDeps): Command {
  const program = new Command(name)
    .description('Operates the forwarder of the audit log: what it has done, what is left, what needs somebody.')
    .option(
      '-f, --function <name>',
      `the deployed function, name or ARN (default: resourceName in cdk.json, else ${DEFAULT_FUNCTION})`,
    )
    .option('--stack <name>', 'the CloudFormation stack whose function is meant')
    .option('--profile <name>', 'profile of your AWS configuration')
    .option('--region <region>', 'AWS Region')
    .option('--local', 'the handler in this process, configured by this environment, instead of a deployed function')
    .option('--json', 'print answers as they came, for programs')
    .version(packageJson.version)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(output)
    .addHelpText('after', `${TIMES}\nExit status: 0 good, 1 not good, 2 wrong use.`)
    .showHelpAfterError(`(${name} --help says what there is)`)
    .exitOverride();

  const command = (parent: Command, signature: string, description: string) =>
    parent.command(signature).description(description).configureHelp({ showGlobalOptions: true });
  const act = async (asked: Command, action: (opened: Opened) => Promise<ExitStatus>) => {
    const opened = await open(asked.optsWithGlobals<GlobalOptions>());
    try {
      ended(await action(opened));
    } finally {
      opened.session.fn.close();
    }
  };

  command(
    program,
    'status',
    'how far it is, what is left to read, what is in quarantine, whether a run is at work',
  ).action((_, asked: Command) => act(asked, ({ session }) => status(session)));
  command(program, 'check', 'tries everything a run depends on, and says what to do about what is not in order').action(
    (_, asked: Command) => act(asked, ({ session }) => check(session)),
  );
  command(program, 'run', 'a scheduled run, now')
    .option('--watch', 'start it and show how far it is, until all is read')
    .action((options: { watch?: boolean }, asked: Command) => act(asked, ({ session }) => run(session, options)));
  command(
    program,
    'backfill <from> [to]',
    'reads a window again, up to now unless <to> is given; what was forwarded is not sent twice',
  )
    .option('--dry-run', 'only say what would be forwarded')
    .option('--resend', 'send also what was forwarded before')
    .option('--watch', 'invoke until the window is done, and show how far it is')
    .addHelpText('after', TIMES)
    .action((from: string, to: string | undefined, options: BackfillOptions, asked: Command) =>
      act(asked, ({ session }) => backfill(session, from, to, options)),
    );
  command(
    program,
    'verify <from> [to]',
    'is everything there? Compares source and sink, up to 30 minutes ago unless <to> is given',
  )
    .option('--repair', 'send what is missing, and rebuild a lost Redis from the sink')
    .addHelpText('after', TIMES)
    .action((from: string, to: string | undefined, options: { repair?: boolean }, asked: Command) =>
      act(asked, ({ session }) => verify(session, from, to, options)),
    );
  addQuarantine();
  command(program, 'logs', "the function's own log")
    .option('--errors', 'only what failed')
    .option('--since <time>', 'from when', '1d')
    .option('--log-group <name>', 'where the function logs (default: /aws/lambda/<function>)')
    .addHelpText('after', TIMES)
    .action((options: LogsOptions, asked: Command) =>
      act(asked, ({ session, functionName, aws }) => logs(session, functionName, aws, options)),
    );
  command(
    program,
    'rewind <to>',
    'sets the checkpoint back: the next run reads again what came since; says first what that is',
  )
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would be read again')
    .addHelpText('after', TIMES)
    .action((to: string, options: RewindOptions, asked: Command) =>
      act(asked, ({ session }) => rewind(session, to, options)),
    );
  return program;

  function addQuarantine() {
    const parent = command(
      program,
      'quarantine',
      'entries that cannot be sent: look at them, try again, or accept the gap',
    );
    command(parent, 'list', 'what is there, newest first')
      .option('--code <errorCode>', 'only those with this code')
      .option('--all', 'more than the newest 100')
      .action((options: { code?: string; all?: boolean }, asked: Command) =>
        act(asked, ({ session }) => quarantine.list(session, options)),
      );
    command(parent, 'show <id>', 'one of them, with all it holds').action((id: string, _: unknown, asked: Command) =>
      act(asked, ({ session }) => quarantine.show(session, id)),
    );
    command(parent, 'replay [ids...]', 'tries them again: those named, or all')
      .option('--code <errorCode>', 'only those with this code')
      .action((ids: string[], options: { code?: string }, asked: Command) =>
        act(asked, ({ session }) => quarantine.replay(session, ids, options)),
      );
    command(parent, 'discard <ids...>', 'takes them out for good: they will be in no sink')
      .requiredOption('--reason <text>', 'why the gap is accepted; the log keeps it')
      .action((ids: string[], options: { reason: string }, asked: Command) =>
        act(asked, ({ session }) => quarantine.discard(session, ids, options)),
      );
  }
}

/** Help and version were asked for and given. */
export const isHelp = (error: unknown): boolean => error instanceof CommanderError && error.exitCode === 0;
