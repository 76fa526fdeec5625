import { onTestFinished, vi } from 'vitest';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { type AwsServer, type AwsServerOptions, startAws } from './aws-server.ts';
import { fakeForwarder, type FakeForwarder } from './fake-forwarder.ts';
import { NOON, type Terminal, terminal, type TerminalOptions } from './terminal.ts';

/** A terminal, and an AWS that its commands reach over HTTP, with a fake forwarder behind the function. */
export interface Operated extends Terminal {
  readonly aws: AwsServer;
  readonly fake: FakeForwarder;
  /** Payloads of the invocations so far, without those that asked for the state. */
  asked(): Record<string, unknown>[];
}

/** What it starts goes with the test. */
export async function operate(options: TerminalOptions & Partial<AwsServerOptions> = {}): Promise<Operated> {
  const clock: { now: () => number } = { now: () => NOON };
  const fake = fakeForwarder(() => clock.now());
  const aws = await startAws({ handler: (event, context) => fake.handler(event, context), ...options });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await aws[Symbol.asyncDispose]();
  });
  stubAwsEnvironment(aws.env);
  const screen = terminal({ ...options, env: { ...aws.env, ...options.env } });
  clock.now = screen.now;
  return Object.assign(screen, {
    aws,
    fake,
    asked: () =>
      aws
        .invoked()
        .map(({ payload }) => payload)
        .filter(({ mode }) => mode !== 'status'),
  });
}
