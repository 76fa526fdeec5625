import { App, type AppProps, type Environment, Validations } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import { given } from './constructs/given.ts';
import { ContextError } from './context/context-error.ts';
import { readContext } from './context/read-context.ts';
import { KongAuditStack } from './stack.ts';

export interface CreateAppProps extends Pick<AppProps, 'outdir'> {
  /**
   * Context besides what the CDK CLI hands over.
   *
   * @default - none
   */
  readonly context?: Readonly<Record<string, unknown>>;

  /**
   * Account and Region; needed when the VPC is looked up.
   *
   * @default - those of the credentials that the CDK CLI found
   */
  readonly env?: Environment;

  /**
   * The function's code.
   *
   * @default - `lambda/handler.ts`, bundled
   */
  readonly code?: lambda.Code;
}

/**
 * The app that `cdk.json` names: one stack, as the context describes it. A finding of cdk-nag fails the synthesis, so nothing
 * is deployed that was not checked.
 *
 * @throws {ContextError} when the context is not a usable deployment
 */
export function createApp({ context = {}, env = credentialsEnvironment(), code, ...props }: CreateAppProps = {}): App {
  const app = new App({ ...props, context: { ...recommendedFlags, ...context } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const config = readContext(app.node.getAllContext() as Record<string, unknown>, env);
  new KongAuditStack(app, config.resourceName, {
    config,
    env,
    ...given({ code }),
  });
  return app;
}

/** Without credentials the CDK CLI says us-east-1, which is a guess; then neither is known. */
function credentialsEnvironment(): Environment {
  const account = process.env['CDK_DEFAULT_ACCOUNT'];
  return account ? given({ account, region: process.env['CDK_DEFAULT_REGION'] }) : {};
}

if (import.meta.main) {
  try {
    createApp().synth();
  } catch (error) {
    if (!(error instanceof ContextError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
