import { randomUUID } from 'node:crypto';
import { awsEndpoint, type AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { awsProblem, injected, isProblem, type ErrorFault } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireFault } from './wire-fault.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

export interface StackSetup {
  readonly name: string;
  readonly outputs?: Readonly<Record<string, string>>;
  /** Default `CREATE_COMPLETE`. A stack with `DELETE_COMPLETE` is found by its ARN only. */
  readonly status?: string;
}

export interface CloudFormationOptions extends AwsEndpointOptions {
  readonly stacks?: readonly StackSetup[];
  /** Default `111122223333`. */
  readonly accountId?: string;
}

/** A running CloudFormation that knows one operation, `DescribeStacks`. */
export interface CloudFormationSimulator extends AwsEndpoint<WireFault | ErrorFault> {
  /** May be changed while it runs. */
  readonly settings: { stacks: readonly StackSetup[]; denied: boolean };
  stackArn(name: string): string;
}

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** Starts a CloudFormation on a free port of 127.0.0.1 (AWS Query, answers in XML). */
export async function startCloudFormation(options: CloudFormationOptions = {}): Promise<CloudFormationSimulator> {
  const { stacks = [], accountId = '111122223333', region = 'eu-central-1', ...common } = options;
  const settings = { stacks, denied: false };
  const stackArn = (name: string): string =>
    `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/51af3dc0-da77-11e4-872e-1234567db123`;

  const handle = (request: WireRequest, fault: ErrorFault | undefined): WireAnswer => {
    if (fault !== undefined) return refuse(injected(fault));
    if (settings.denied) {
      return refuse({
        ...awsProblem('AccessDenied', 'User is not authorized to perform: cloudformation:DescribeStacks'),
        status: 403,
      });
    }
    const found = findStacks(request, settings.stacks, stackArn);
    if (isProblem(found)) return refuse(found);
    const members = found.map((stack) => `<member>${stackXml(stack, stackArn(stack.name))}</member>`).join('');
    return xml(
      200,
      `<DescribeStacksResponse xmlns="${NAMESPACE}"><DescribeStacksResult><Stacks>${members}</Stacks></DescribeStacksResult>` +
        `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></DescribeStacksResponse>`,
    );
  };
  const endpoint = await awsEndpoint<ErrorFault>({
    ...common,
    region,
    service: 'cloudformation',
    endpointVariable: 'AWS_ENDPOINT_URL_CLOUDFORMATION',
    handle,
    refuse,
  });
  return { ...endpoint, settings, stackArn };
}

function findStacks(
  { method, path, headers, body }: WireRequest,
  stacks: readonly StackSetup[],
  arnOf: (name: string) => string,
): readonly StackSetup[] | AwsProblem {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  if (method !== 'POST' || path !== '/' || isForm !== true) {
    return awsProblem('InvalidAction', `No action at ${method} ${path}`);
  }
  const { Action, Version, StackName, ...others } = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  if (Action !== 'DescribeStacks' || Version !== '2010-05-15') {
    return awsProblem('InvalidAction', `Could not find operation ${String(Action)} for version ${String(Version)}`);
  }
  // Every stack there is fits one page here, so no token was ever given.
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return awsProblem('ValidationError', `${unknown} is not known here`);
  const named = stacks.filter(({ name, status }) => {
    if (StackName === arnOf(name)) return true;
    return status !== 'DELETE_COMPLETE' && (StackName === undefined || StackName === name);
  });
  if (named.length > 0 || StackName === undefined) return named;
  return awsProblem('ValidationError', `Stack with id ${StackName} does not exist`);
}

function stackXml({ name, outputs = {}, status = 'CREATE_COMPLETE' }: StackSetup, arn: string): string {
  const members = Object.entries(outputs).map(
    ([key, value]) =>
      `<member><OutputKey>${escape(key)}</OutputKey><OutputValue>${escape(value)}</OutputValue></member>`,
  );
  return (
    `<StackId>${escape(arn)}</StackId><StackName>${escape(name)}</StackName><StackStatus>${status}</StackStatus>` +
    `<CreationTime>2026-01-01T00:00:00.000Z</CreationTime><Outputs>${members.join('')}</Outputs>`
  );
}

function refuse({ status, code, message }: AwsProblem): WireAnswer {
  return xml(
    status,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
      `<Code>${escape(code)}</Code><Message>${escape(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  );
}

function xml(status: number, body: string): WireAnswer {
  return { status, headers: { 'content-type': 'text/xml', date: new Date().toUTCString() }, body };
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
