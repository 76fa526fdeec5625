import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { awsProblem } from './aws-problem.ts';
import { UnreachableError, UsageError } from './errors.ts';

/** How the CDK app calls the function unless `resourceName` says otherwise. */
export const DEFAULT_FUNCTION = 'kong-cloudtrail-integration';

/** Which deployment is meant, as the command line's options say. */
export interface TargetOptions {
  readonly function?: string;
  readonly stack?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly local?: boolean;
}

/** The SDK warns on the console of what is meant: `--profile` beside credentials in the environment. Its errors are thrown. */
const QUIET = { debug: silent, info: silent, warn: silent, error: silent };

/** What every AWS client here is made with. */
export interface AwsSettings {
  readonly logger: typeof QUIET;
  readonly profile?: string;
  readonly region?: string;
}

/**
 * Profile and Region as the AWS CLI finds them: the option, then the environment, then the profile's own (which the SDK reads). The
 * Region of a function's ARN counts, for the function is nowhere else.
 */
export function awsSettings(options: TargetOptions, env: Readonly<Record<string, string | undefined>>): AwsSettings {
  const [, inArn] = /^arn:[^:]+:lambda:([a-z0-9-]+):/.exec(options.function ?? '') ?? [];
  // The AWS CLI reads AWS_DEFAULT_REGION, too; the SDK does not.
  const region = options.region ?? inArn ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  return {
    logger: QUIET,
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(region !== undefined && { region }),
  };
}

/**
 * The function's name: as given, else the stack's output, else `resourceName` in the CDK app's `cdk.json` in `directory`, else the
 * app's default.
 *
 * @throws {UsageError} `cdk.json` is not JSON
 * @throws {UnreachableError} the stack cannot be read, or has no output of a forwarder
 */
export async function functionName(options: TargetOptions, settings: AwsSettings, directory = '.'): Promise<string> {
  if (options.function !== undefined) return options.function;
  if (options.stack !== undefined) return await nameInStack(options.stack, settings);
  return (await nameInContext(join(directory, 'cdk.json'))) ?? DEFAULT_FUNCTION;
}

function silent(): void {
  // See QUIET.
}

async function nameInStack(stack: string, settings: AwsSettings): Promise<string> {
  const client = new CloudFormationClient(settings);
  const outputs = await client
    .send(new DescribeStacksCommand({ StackName: stack }))
    .then(({ Stacks }) => Stacks?.[0]?.Outputs ?? [])
    .catch((error: unknown) => {
      throw awsProblem(error, {
        action: 'cloudformation:DescribeStacks',
        on: `the stack ${stack}`,
        whenMissing:
          'No such stack there: check --stack, --region and --profile, or name the function with --function.',
      });
    })
    .finally(() => {
      client.destroy();
    });
  const name = outputs.find(({ OutputKey }) => OutputKey?.endsWith('FunctionName'))?.OutputValue;
  if (name !== undefined) return name;
  throw new UnreachableError(
    `The stack ${stack} has no output FunctionName, so it is none of this CDK app. Name the function with --function.`,
  );
}

const contextSchema = z.looseObject({
  context: z.looseObject({ resourceName: z.string().min(1).optional() }).optional(),
});

async function nameInContext(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return undefined;
  try {
    return contextSchema.parse(JSON.parse(text)).context?.resourceName;
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}. Correct it, or give --function.`);
  }
}
