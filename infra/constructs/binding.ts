import type { Acknowledgment } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AwsService } from './aws-service.ts';
import type { FunctionVariables } from './function-environment.ts';

/**
 * What a source or a sink brings to the function that uses it. A forwarder adds it up and knows nothing else of either, so a new source or sink is
 * one file.
 */
export interface Binding {
  /** What it is called in descriptions; completes "Forwards … to …". */
  readonly title: string;

  /** Variables of the function. */
  readonly variables: FunctionVariables;

  /**
   * For each variable whose value only the deployment knows: a value of the same form, to check the environment with before.
   *
   * @default - every value is known
   */
  readonly standIns?: FunctionVariables;

  /**
   * What the function may do for it.
   *
   * @default - nothing
   */
  readonly statements?: readonly iam.PolicyStatement[];

  /**
   * Findings of cdk-nag about `statements` that are as they should be, each with the reason.
   *
   * @default - none
   */
  readonly acknowledgements?: readonly Acknowledgment[];

  /**
   * Secrets that the function reads for it.
   *
   * @default - none
   */
  readonly secrets?: readonly secretsmanager.ISecret[];

  /**
   * AWS APIs that the function calls for it.
   *
   * @default - none
   */
  readonly services?: readonly AwsService[];

  /**
   * Other places that it is reached at.
   *
   * @default - none
   */
  readonly routes?: readonly Route[];

  /**
   * What whoever deploys it must know.
   *
   * @default - nothing
   */
  readonly outputs?: readonly BindingOutput[];
}

/** A way out of the function's security group, beside AWS. */
export interface Route {
  /** In a word, for the description of the group. */
  readonly title: string;

  readonly to: ec2.IConnectable;

  /**
   * The port there.
   *
   * @default - the default port of `to`
   */
  readonly port?: ec2.Port;

  /** EC2 takes few characters here; an apostrophe is none of them. */
  readonly description: string;
}

/** One output of a stack. */
export interface BindingOutput {
  readonly id: string;
  readonly description: string;
  readonly value: string;
}
