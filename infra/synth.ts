import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The examples are of this Region, whatever the profile of whoever tries them says. */
const EXAMPLE_REGION = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' } as const;

/**
 * Synthesises the app in `folder`, which has a `cdk.json`, into `output`, as `npx cdk synth` does there, and says what it made.
 *
 * @returns the exit status of the CDK CLI
 */
function synthesize(folder: string, output: string, context: readonly string[]): number {
  const cdk = join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const options = ['--quiet', '--no-notices', '--output', output, ...context.flatMap((pair) => ['--context', pair])];
  const { status, error } = spawnSync(process.execPath, [cdk, 'synth', ...options], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, ...EXAMPLE_REGION },
  });
  if (error) throw error;
  if (status === 0) for (const template of templatesIn(output)) console.log(describe(template));
  return status ?? 1;
}

function templatesIn(output: string): string[] {
  const { artifacts } = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')) as {
    readonly artifacts: Readonly<Record<string, { readonly properties?: { readonly templateFile?: string } }>>;
  };
  return Object.values(artifacts).flatMap(({ properties }) =>
    properties?.templateFile?.endsWith('.template.json') ? [join(output, properties.templateFile)] : [],
  );
}

/** Where a template is, what for, and what it has most of. */
function describe(file: string): string {
  const text = readFileSync(file, 'utf8');
  const { Description = '', Resources } = JSON.parse(text) as {
    readonly Description?: string;
    readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
  };
  const byType = Object.groupBy(Object.values(Resources), ({ Type }) => Type.replace(/^AWS::/, ''));
  const counts = Object.entries(byType).map(([type, all = []]) => [type, all.length] as const);
  const most = counts.toSorted(([, a], [, b]) => b - a).map(([type, count]) => `${count} ${type}`);
  return (
    `${relative(process.cwd(), file)}: ${Description}\n` +
    `${Object.keys(Resources).length} resources, ${Math.ceil(Buffer.byteLength(text) / 1000)} kB: ${most.join(', ')}`
  );
}

const collect = (pair: string, others: readonly string[]) => [...others, pair];

new Command('npm run synth --')
  .description('Synthesises an app without credentials or network, and says what it made.')
  .argument('[folder]', 'has a cdk.json', join('infra', 'example'))
  .argument('[output]', 'where templates go', 'cdk.out')
  .option('-c, --context <key=value>', 'on top of those in cdk.json; as often as needed', collect, [])
  .showHelpAfterError()
  .action((folder: string, output: string, { context }: { context: readonly string[] }, command: Command) => {
    if (!existsSync(join(folder, 'cdk.json'))) command.error(`error: ${folder} has no cdk.json`);
    process.exitCode = synthesize(resolve(folder), resolve(output), context);
  })
  .parse();
