#!/usr/bin/env node
/*
 * The package's command. The TypeScript behind it needs a recent Node.js: the guard finds one, or says what to do.
 */
import process from 'process';
import { fileURLToPath, URL } from 'url';

process.argv.splice(2, 0, fileURLToPath(new URL('main.ts', import.meta.url)));
await import('../guard.mjs');
