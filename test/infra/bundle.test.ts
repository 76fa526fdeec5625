import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { TraceMap } from '@jridgewell/trace-mapping';
import { expect, test } from 'vitest';
import { bundle } from '../../infra/bundle.ts';
import { scratch } from './support.ts';

const SOURCE = `import { createRequire } from 'node:module';
export interface Answer { readonly text: string }
export const handler = (text: string): Answer => ({ text: typeof createRequire + text });
`;

function sourceFile(text: string): string {
  const path = join(scratch('source'), 'handler.ts');
  writeFileSync(path, text);
  return path;
}

test('the bundle is one ES module with its source map, exporting the handler', async () => {
  const outdir = bundle(scratch('bundle'), sourceFile(SOURCE));
  expect(readdirSync(outdir).sort()).toEqual(['index.mjs', 'index.mjs.map']);
  const { handler } = (await import(pathToFileURL(join(outdir, 'index.mjs')).href)) as {
    handler: (text: string) => unknown;
  };
  expect(handler('!')).toEqual({ text: 'function!' });
});

test('the source map names lines of the source and does not repeat it', () => {
  const map = readFileSync(join(bundle(scratch('bundle'), sourceFile(SOURCE)), 'index.mjs.map'), 'utf8');
  expect(JSON.parse(map)).toMatchObject({ version: 3, sources: [expect.stringMatching(/handler\.ts$/)] });
  expect(map).not.toContain('typeof createRequire');
});

test('the source map is about our own sources, not about the packages they import ', () => {
  const map = new TraceMap(readFileSync(join(bundle(scratch('bundle')), 'index.mjs.map'), 'utf8'));
  expect(map.sources).toContainEqual(expect.stringMatching(/lambda\/handler\.ts$/));
  expect(map.sources.filter((source) => source?.includes('node_modules/'))).toEqual([]);
});

test('a stack trace names the line of the source, between frames of packages', () => {
  const source = sourceFile(`import * as z from '${fileURLToPath(import.meta.resolve('zod'))}';
import { readableStack } from '${fileURLToPath(import.meta.resolve('../../lambda/readable-stack.ts'))}';
const schema = z.string().transform((text: string): string => {
  throw new Error(text);
});
try {
  schema.parse('deep');
} catch (error) {
  console.log(readableStack(error.stack));
}
`);
  const bundled = join(bundle(scratch('bundle'), source), 'index.mjs');
  const { stdout } = spawnSync(process.execPath, [bundled], { encoding: 'utf8' });
  expect(stdout).toContain(`${pathToFileURL(source).href}:4:9`);
  expect(stdout).toContain(`${pathToFileURL(source).href}:7:`);
  expect(stdout).toMatch(/index\.mjs:\d+:\d+/);
});

test('Node reads no map when the bundle is loaded, for that takes a tenth of a cold start', () => {
  const outdir = bundle(scratch('bundle'), sourceFile(SOURCE));
  expect(readFileSync(join(outdir, 'index.mjs'), 'utf8')).not.toContain('sourceMappingURL');
});

test('no module of Node is loaded before what needs it', () => {
  const lazy = sourceFile("import { spawn } from 'node:child_process';\nexport const text = typeof spawn;\n");
  const source = sourceFile(`import { hash } from 'node:crypto';
const isLoaded = () => process.moduleLoadList.includes('NativeModule child_process');
console.log(isLoaded(), hash('md5', ''));
const { text } = await import('${lazy}');
console.log(isLoaded(), text);
`);
  const bundled = join(bundle(scratch('bundle'), source), 'index.mjs');
  const { stdout } = spawnSync(process.execPath, [bundled], { encoding: 'utf8' });
  expect(stdout).toBe('false d41d8cd98f00b204e9800998ecf8427e\ntrue function\n');
});

test('the same source gives the same bytes', () => {
  const source = sourceFile(SOURCE);
  const text = () => readFileSync(join(bundle(scratch('bundle'), source), 'index.mjs'), 'utf8');
  expect(text()).toBe(text());
});

test('a source that does not build stops the synthesis', () => {
  expect(() => bundle(scratch('bundle'), sourceFile('export const handler = ;'))).toThrow(/Unexpected ";"/);
});

test("importing what serves HTTP does not load Node's own undici, which takes a cold start 20 ms", () => {
  const source = sourceFile(`import http, { request } from 'node:http';
import { request as sameRequest } from 'http';
console.log(request === http.request && sameRequest === request && http.WebSocket === globalThis.WebSocket);
`);
  const bundled = join(bundle(scratch('bundle'), source), 'index.mjs');
  const { stdout } = spawnSync(process.execPath, [bundled], { encoding: 'utf8' });
  expect(stdout).toBe('true\n');
  expect(readFileSync(bundled, 'utf8')).not.toMatch(/from ?"(node:)?http"/);
});

test('of undici the bundle holds what is used: the Agent and its requests', async () => {
  const source = sourceFile(`import { Agent } from 'undici';
const agent = new Agent();
const { statusCode, body } = await agent.request({ method: 'GET', origin: process.argv[2], path: '/?a=b' });
console.log(statusCode, await body.text());
await agent.destroy();
`);
  const bundled = join(bundle(scratch('bundle'), source), 'index.mjs');
  const server = createServer(({ url }, response) => response.end(url)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(process.execPath, [bundled, `http://127.0.0.1:${port}`]);
  server.close();
  expect(stdout).toBe('200 /?a=b\n');
  expect(readFileSync(bundled, 'utf8')).not.toContain('MockAgent');
});
