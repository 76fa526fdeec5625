/*
 * Stands in front of every npm script and of the CDK app, because the TypeScript here runs as it is and needs a recent Node.js:
 *
 *   node infra/guard.mjs                    ends with an error that says what to do when this Node.js is too old
 *   node infra/guard.mjs <file> <arguments> runs the file with this Node.js, or with the one that the package `node` brings
 *
 * Plain JavaScript that an old Node.js can read.
 */
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { constants } from 'os';
import { join } from 'path';
import process from 'process';
import { setInterval } from 'timers';
import { fileURLToPath, URL } from 'url';

/** The first one with all that is used here: type stripping without a flag, `using`, `import.meta.main`. */
const NEEDED = [24, 2];
const PACKAGES = fileURLToPath(new URL('../node_modules', import.meta.url));
const BUNDLED = join(PACKAGES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const [file, ...rest] = process.argv.slice(2);
const recent = isRecent(process.version);
if (!existsSync(PACKAGES)) {
  fail('The packages are not installed.', 'Run: npm ci');
} else if (!recent && !existsSync(BUNDLED)) {
  fail(
    'The package `node` brings it, but its install script did not run (ignore-scripts?).',
    'Run: npm rebuild node --ignore-scripts=false',
    'Or install Node.js 24.',
  );
} else if (file) {
  run(recent ? process.execPath : BUNDLED);
} else if (!recent) {
  fail('The package `node` brings it, and npm puts it first on the PATH.', 'Start this with: npm run …');
}

/** @param version as in `v24.2.0` */
function isRecent(version) {
  const [major, minor] = version.slice(1).split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

function fail(...lines) {
  const needed = recent ? [] : [`This needs Node.js ${NEEDED.join('.')} or later, and this is ${process.version}.`];
  process.stderr.write([...needed, ...lines, ''].join('\n'));
  process.exitCode = 1;
}

/** Ends as the file ends, and passes on what would end it. */
function run(node) {
  const child = spawn(node, [file, ...rest], { stdio: 'inherit' });
  // Once: from a terminal it has the signal already, and one that comes while it ends would cut off its exit status.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    let isPassedOn = false;
    process.on(signal, () => {
      if (!isPassedOn) child.kill(signal);
      isPassedOn = true;
    });
  }
  const parent = process.ppid;
  // npm hands a signal to the shell that it started, and that shell ends without handing it on.
  if (process.env['npm_lifecycle_event']) {
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM');
    }, 500).unref();
  }
  child.on('error', (error) => fail(`${node} does not start: ${error.message}`, 'Install Node.js 24.'));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
  });
}
