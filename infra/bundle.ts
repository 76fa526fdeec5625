import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where `npm run build` puts the bundle, and where the deployed asset is taken from. */
export const BUNDLE_DIRECTORY = join(ROOT, 'dist', 'lambda');

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Packages that ship both kinds of module are taken as ES modules: only those can be shaken.
  mainFields: ['module', 'main'],
  // What Node defines when it bundles undici: leaves out its second, experimental HTTP parser (undici, lib/dispatcher/client-h1.js).
  define: { esbuildDetection: '"1"' },
  minify: true,
  legalComments: 'none',
  // Stack traces name files and lines of the source. The text of the source would double the asset and is in git.
  sourcemap: 'linked',
  sourcesContent: false,
  // CommonJS dependencies ask for Node's modules with require, which an ES module does not have.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Bundles the handler and everything it imports into `<outdir>/index.mjs` with its source map, and returns `outdir`.
 *
 * The same source gives the same bytes. Files are replaced whole, so a reader never sees half a bundle.
 *
 * @throws esbuild's error, when the source does not build
 */
export function bundle(outdir = BUNDLE_DIRECTORY, entry = join(ROOT, 'lambda', 'handler.ts')): string {
  const { outputFiles } = buildSync({
    ...OPTIONS,
    entryPoints: [entry],
    outfile: join(outdir, 'index.mjs'),
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const unfinished = join(resolve(outdir, '..'), `.${basename(path)}.${process.pid}`);
    writeFileSync(unfinished, contents);
    renameSync(unfinished, path);
  }
  return outdir;
}

if (import.meta.main) {
  const file = join(bundle(), 'index.mjs');
  console.log(`${relative(ROOT, file)}: ${Math.ceil(statSync(file).size / 1000)} kB`);
}
