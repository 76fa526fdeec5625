import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Cost } from './measured.ts';
import { costOfGroup } from './process-cost.ts';
import { startRuntimeApi } from './runtime-api.ts';

export interface ProgramRun {
  /** For the shell. Starts a program that speaks Lambda's Runtime API. */
  readonly command: string;
  /** All that it finds in its environment, besides `PATH`, `HOME` and Lambda's own variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly event: unknown;
  readonly functionArn: string;
  readonly remainingMs: number;
}

const MAX_OUTPUT_CHARACTERS = 4000;

/**
 * Starts the program, gives it one invocation, and returns what it answered and what its processes have taken by then, their start
 * included. @throws when it reports an error or ends without an answer
 */
export async function runProgram({ command, env, ...invocation }: ProgramRun): Promise<Cost> {
  await using api = await startRuntimeApi(invocation);
  const { PATH, HOME } = process.env;
  const program = spawn(command, {
    // A group of its own, so that all it starts is measured, and ended.
    ...{ shell: true, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH, HOME },
      ...{ AWS_LAMBDA_FUNCTION_NAME: 'predecessor', AWS_LAMBDA_FUNCTION_VERSION: '$LATEST', _HANDLER: 'bootstrap' },
      ...{ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024', AWS_EXECUTION_ENV: 'AWS_Lambda_provided.al2023' },
      ...env,
      AWS_LAMBDA_RUNTIME_API: api.address,
    },
  });
  const { pid } = program;
  if (pid === undefined) throw new Error(`PREDECESSOR does not start: ${command}`);
  const end = () => {
    endGroup(pid);
  };
  process.once('exit', end);
  let output = '';
  for (const stream of [program.stdout, program.stderr])
    stream.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-MAX_OUTPUT_CHARACTERS)));
  const ended = once(program, 'exit').then(([code, signal]) => {
    throw new Error(`PREDECESSOR ended with ${String(signal ?? code)} before it answered:\n${output}`);
  });
  // Nobody looks at it once there is an answer.
  ended.catch(() => undefined);
  try {
    await Promise.race([api.begun, ended]);
    const startedAt = performance.now();
    const answer = await Promise.race([api.answer, ended]);
    return { wallMs: performance.now() - startedAt, ...costOfGroup(pid), answer };
  } finally {
    process.off('exit', end);
    end();
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
