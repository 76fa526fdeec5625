import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'guard-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const PROGRAM = join(folder, 'program.ts');
writeFileSync(
  PROGRAM,
  `const version: string = process.version;
  console.log(version, import.meta.main, ...process.argv.slice(2));
  process.exitCode = 3;`,
);

/** A checkout after `npm ci`, without it, or after `npm ci --ignore-scripts`, and the guard in it. */
function checkout(name: string, packages: 'installed' | 'missing' | 'without install scripts'): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'infra'), { recursive: true });
  copyFileSync('infra/guard.mjs', join(root, 'infra', 'guard.mjs'));
  if (packages !== 'missing') mkdirSync(join(root, 'node_modules', 'node', 'bin'), { recursive: true });
  if (packages === 'installed') symlinkSync(process.execPath, join(root, 'node_modules', 'node', 'bin', 'node'));
  return join(root, 'infra', 'guard.mjs');
}

/** Runs the guard as a Node.js of `version` would. */
function guard(path: string, version: string, ...args: readonly string[]) {
  const pretend = `Object.defineProperty(process, 'version', { value: '${version}' })`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, path, ...args],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

const passed = { status: 0, stdout: '', stderr: '' };

describe('in front of a script', () => {
  const installed = checkout('script', 'installed');

  test.each(['v24.2.0', 'v24.21.0', 'v26.0.0'])('Node %s passes', (version) => {
    expect(guard(installed, version)).toEqual(passed);
  });

  test.each(['v14.21.3', 'v20.20.2', 'v22.23.3', 'v24.1.0'])('Node %s is told how to get the right one', (version) => {
    const { status, stderr } = guard(checkout(`script-${version}`, 'without install scripts'), version);
    expect(status).toBe(1);
    expect(stderr).toContain(`This needs Node.js 24.2 or later, and this is ${version}.`);
    expect(stderr).toContain('npm rebuild node');
    expect(stderr).toContain('Or install Node.js 24.');
  });

  test('an old Node that passed the bundled one by is told to start with npm', () => {
    const { status, stderr } = guard(installed, 'v20.20.2');
    expect(status).toBe(1);
    expect(stderr).toContain('npm run');
  });

  test.each(['v20.20.2', 'v24.21.0'])('Node %s without packages is told to install them', (version) => {
    const { status, stderr } = guard(checkout(`missing-${version}`, 'missing'), version);
    expect(status).toBe(1);
    expect(stderr).toContain('Run: npm ci');
  });
});

describe('in front of a program', () => {
  const installed = checkout('program', 'installed');
  const ran = { status: 3, stdout: `${process.version} true one two\n`, stderr: '' };

  test('a recent Node runs it itself, with its arguments and exit status', () => {
    const path = checkout('program-recent', 'without install scripts');
    expect(guard(path, process.version, PROGRAM, 'one', 'two')).toEqual(ran);
  });

  test('an old Node has the bundled one run it', () => {
    expect(guard(installed, 'v20.20.2', PROGRAM, 'one', 'two')).toEqual(ran);
  });

  test('an old Node without a bundled one is told what to do, and nothing is run', () => {
    const { status, stdout, stderr } = guard(checkout('program-old', 'without install scripts'), 'v20.20.2', PROGRAM);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('npm rebuild node');
  });

  test('a signal reaches it', async () => {
    const waiting = join(folder, 'waiting.ts');
    writeFileSync(
      waiting,
      `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up')`,
    );
    const child = spawn(process.execPath, [installed, waiting], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  test('under npm it ends when the shell between is killed, which hands no signal on', async () => {
    const waiting = join(folder, 'orphan.ts');
    writeFileSync(waiting, `setInterval(() => {}, 1000); console.log('up')`);
    const command = `'${process.execPath}' '${installed}' '${waiting}'; exit`;
    const env = { ...process.env, npm_lifecycle_event: 'demo' };
    const shell = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    // Its output is closed when nobody is left who could write it.
    await once(shell, 'close');
  });
});

describe('nothing starts past the guard:', () => {
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const scripts = Object.entries(json('package.json')['scripts'] as Record<string, string>);

  test.each(scripts)('npm run %s', (_name, command) => {
    expect(command).toMatch(/^(node infra\/guard\.mjs |npm )/);
  });

  test.each(['demo', 'ops', 'test', 'bench', 'chaos'])(
    'npm run %s starts it in the guard, so that it does not outlive npm',
    (name) => {
      expect(Object.fromEntries(scripts)[name]).toMatch(/^node infra\/guard\.mjs [\w./-]+\.(ts|mjs)[\w -]*$/);
    },
  );

  test.each(['cdk.json', 'infra/example/cdk.json'])('the app of %s', (path) => {
    expect(json(path)['app']).toMatch(/^node (infra|\.\.)\/guard\.mjs (infra|\.\.)\/app\.ts$/);
  });
});
