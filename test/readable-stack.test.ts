import { expect, test } from 'vitest';
import { readableStack } from '../lambda/readable-stack.ts';

const STACK = 'Error: why\n    at run (file:///var/task/index.mjs:1:2)\n    at node:internal/main:3:4';

test('a stack stays as it is where there is no map', () => {
  expect(readableStack(STACK)).toBe(STACK);
  expect(readableStack(STACK, new URL('file:///nowhere/index.mjs.map'))).toBe(STACK);
});

test('a map that cannot be read is none', () => {
  expect(readableStack(STACK, new URL(import.meta.url))).toBe(STACK);
});
