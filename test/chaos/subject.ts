import { HttpResponse } from '@smithy/core/protocols';
import type * as Compose from '../../lambda/compose.ts';
import type * as Errors from '../../lambda/errors.ts';
import type * as Memory from '../../lambda/ledger/memory.ts';
import type * as ReadOnly from '../../lambda/ledger/read-only.ts';
import type * as Run from '../../lambda/commands/run.ts';
import type * as DeadlineModule from '../../lambda/pipeline/deadline.ts';
import type * as Pretend from '../../lambda/pipeline/pretend.ts';
import type * as Tally from '../../lambda/pipeline/tally.ts';
import type * as Redactor from '../../lambda/redact/redactor.ts';
import type * as LakeClient from '../../lambda/sinks/cloudtrail-lake/client.ts';
import type * as Lake from '../../lambda/sinks/cloudtrail-lake/sink.ts';
import type * as KongClient from '../../lambda/sources/kong/client.ts';
import type * as KongSource from '../../lambda/sources/kong/source.ts';
import { EXAMPLE_CHANNEL_ARN } from '../simulators/cloudtrail-model.ts';

/** The code under test. Loaded from a folder, so that a copy with a deliberate bug can take its place. */
export interface Subject {
  readonly run: typeof Run.run;
  readonly isDryRun: typeof Run.isDryRun;
  readonly markOwn: typeof Compose.markOwn;
  readonly newTally: typeof Tally.newTally;
  readonly startDeadline: typeof DeadlineModule.startDeadline;
  readonly createMemoryLedger: typeof Memory.createMemoryLedger;
  readonly readOnly: typeof ReadOnly.readOnly;
  readonly pretending: typeof Pretend.pretending;
  readonly createRedactor: typeof Redactor.createRedactor;
  readonly connectKong: typeof KongClient.connectKong;
  readonly createKongSource: typeof KongSource.createKongSource;
  readonly connectChannel: typeof LakeClient.connectChannel;
  readonly createCloudTrailLake: typeof Lake.createCloudTrailLake;
  /** Classes of the same copy: the code tells errors apart with `instanceof`. */
  readonly errors: typeof Errors;
}

/** This repository's `lambda/`. */
export const LAMBDA = new URL('../../lambda/', import.meta.url).href;

/** @param folder URL of a `lambda/` folder, with its slash at the end */
export async function loadSubject(folder: string = LAMBDA): Promise<Subject> {
  const load = async (file: string): Promise<unknown> => await import(new URL(file, folder).href);
  const { run, isDryRun } = (await load('commands/run.ts')) as typeof Run;
  const { markOwn } = (await load('compose.ts')) as typeof Compose;
  const { newTally } = (await load('pipeline/tally.ts')) as typeof Tally;
  const { startDeadline } = (await load('pipeline/deadline.ts')) as typeof DeadlineModule;
  const { pretending } = (await load('pipeline/pretend.ts')) as typeof Pretend;
  const { createMemoryLedger } = (await load('ledger/memory.ts')) as typeof Memory;
  const { readOnly } = (await load('ledger/read-only.ts')) as typeof ReadOnly;
  const { createRedactor } = (await load('redact/redactor.ts')) as typeof Redactor;
  const { connectKong } = (await load('sources/kong/client.ts')) as typeof KongClient;
  const { createKongSource } = (await load('sources/kong/source.ts')) as typeof KongSource;
  const { connectChannel } = (await load('sinks/cloudtrail-lake/client.ts')) as typeof LakeClient;
  const { createCloudTrailLake } = (await load('sinks/cloudtrail-lake/sink.ts')) as typeof Lake;
  const errors = (await load('errors.ts')) as typeof Errors;
  await warmUp(connectChannel);
  return {
    run,
    isDryRun,
    markOwn,
    newTally,
    startDeadline,
    createMemoryLedger,
    readOnly,
    pretending,
    createRedactor,
    connectKong,
    createKongSource,
    connectChannel,
    createCloudTrailLake,
    errors,
  };
}

/** The SDK loads parts of itself, and looks for files, when it sends its first request: in real time, which a history has not. */
async function warmUp(connectChannel: Subject['connectChannel']): Promise<void> {
  const channel = connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: 100,
    stopping: new AbortController().signal,
    onRequest: () => undefined,
    onThrottled: () => undefined,
    requestHandler: {
      handle: () => Promise.resolve({ response: new HttpResponse({ statusCode: 200, body: Buffer.from('{}') }) }),
      destroy: () => undefined,
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
    },
  });
  await channel.put([], new AbortController().signal);
}
