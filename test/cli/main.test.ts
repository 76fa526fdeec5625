import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { operate } from './support/operate.ts';
import { NOON } from './support/terminal.ts';

const MAIN = new URL('../../infra/cli/kong-audit.mjs', import.meta.url).pathname;

const { PATH, NODE_COMPILE_CACHE } = process.env;
const OWN = { PATH, NODE_COMPILE_CACHE, AWS_EC2_METADATA_DISABLED: 'true' };

/** The real process, with nothing but the server of the test to reach. */
async function spawn(argv: readonly string[], env: Readonly<Record<string, string>>) {
  return await promisify(execFile)(MAIN, argv, { env: { ...OWN, HOME: '/nonexistent', ...env } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

describe('the program', () => {
  test('is a file that can be run, and ends with the exit status of its command', async () => {
    const cli = await operate();
    cli.fake.scripted.set('check', [{ status: 'failed', checks: [] }]);
    expect(await spawn(['status', '--json'], cli.aws.env)).toMatchObject({ code: 0, stderr: '' });
    expect(await spawn(['check'], cli.aws.env)).toMatchObject({ code: 1 });
    expect(await spawn(['backfill', 'soon'], cli.aws.env)).toMatchObject({ code: 2, stdout: '' });
  });

  test('calls itself as it was called', async () => {
    const cli = await operate();
    const { stderr } = await spawn(['status', '--function', 'nope'], { ...cli.aws.env, npm_lifecycle_event: 'ops' });
    expect(stderr).toContain('Function not found: nope');
    expect((await spawn(['--help'], { npm_lifecycle_event: 'ops' })).stdout).toContain('Usage: npm run ops --');
    expect((await spawn(['--help'], {})).stdout).toContain('Usage: kong-audit');
  });

  test('Ctrl-C while watching leaves a word and an exit status, also when it comes twice', async () => {
    const cli = await operate();
    cli.fake.busyUntil = NOON + 900;
    const child = execFile(MAIN, ['run', '--watch'], {
      env: { ...OWN, ...cli.aws.env },
    });
    let said = '';
    let isPressed = false;
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (isPressed || !said.includes('Waiting for it')) return;
      isPressed = true;
      // Under npm the process gets it from the terminal, and once more from npm.
      child.kill('SIGINT');
      child.kill('SIGINT');
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(said).toContain('Stopped watching, and nothing else.');
    expect(code).toBe(1);
  });
});
