import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testFiles } from './projects.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'projects-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Writes files, by their paths, and sorts the tests among them. */
function sorted(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return testFiles(root);
}

describe('a test file', () => {
  test('is a unit test when it imports nothing that reaches out of the process', () => {
    const text = `import { isIP } from 'node:net';\nimport { batch } from '../lambda/batch.ts';\n`;
    expect(sorted({ 'test/a.test.ts': text })).toEqual({ unit: ['test/a.test.ts'], system: [], simulation: [] });
  });

  test.each(['node:http', 'node:https', 'node:http2', 'node:child_process', 'aws-cdk-lib', 'aws-cdk-lib/assertions'])(
    'is a system test when it imports %s',
    (name) => {
      const text = `import {\n  first,\n  second,\n} from '${name}';\n`;
      expect(sorted({ 'test/a.test.ts': text }).system).toEqual(['test/a.test.ts']);
    },
  );

  test('is a system test when a helper of a helper under test/ is', () => {
    const files = {
      'test/deep/a.test.ts': `import { start } from '../support/start.ts';\n`,
      'test/support/start.ts': `import './server.ts';\nimport { start } from './start.ts';\n`,
      'test/support/server.ts': `export { createServer } from 'node:http';\n`,
    };
    expect(sorted(files)).toMatchObject({ unit: [], system: ['test/deep/a.test.ts'] });
  });

  test('is not one for types, nor for what the code under test imports', () => {
    const files = {
      'test/a.test.ts': `import type { Server } from 'node:http';\nimport { client } from '../lambda/client.ts';\n`,
      'lambda/client.ts': `import { request } from 'node:https';\n`,
    };
    expect(sorted(files).unit).toEqual(['test/a.test.ts']);
  });

  test('is a simulation in test/chaos/ or as a history.test.ts, whatever it imports', () => {
    const simulation = ['test/sources/x/history.test.ts', 'test/chaos/a.test.ts'];
    const files = Object.fromEntries(simulation.map((file) => [file, `import 'node:http';\n`]));
    expect(sorted({ ...files, 'vendor/x/b.test.ts': '' })).toEqual({
      unit: ['vendor/x/b.test.ts'],
      system: [],
      simulation,
    });
  });

  test('may import what is not there: it alone will fail', () => {
    expect(sorted({ 'test/a.test.ts': `import { gone } from './gone.ts';\n` }).unit).toEqual(['test/a.test.ts']);
  });
});
