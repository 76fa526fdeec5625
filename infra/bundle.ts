import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GenMapping, maybeAddMapping, toEncodedMap } from '@jridgewell/gen-mapping';
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping';
import { type BuildOptions, buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where `npm run build` puts the bundle, and where the deployed asset is taken from. */
export const BUNDLE_DIRECTORY = join(ROOT, 'dist', 'lambda');

const UNDICI = join(ROOT, 'infra', 'undici.mjs');

/** A module that is written here. */
const inPlace = (text: string): string => `data:text/javascript,${text}`;

/**
 * Node's own modules, each loaded when the first module runs that needs it. An `import` in an ES module would load it with the bundle,
 * needed or not, and read all its members: with some of those come Node's own undici, Web Crypto, or what reads command lines.
 */
const BUILT_IN = Object.fromEntries(
  builtinModules
    .map((name) => name.replace(/^node:/, ''))
    .flatMap((name) => {
      const module = inPlace(`module.exports = process.getBuiltinModule('node:${name}')`);
      return [
        [name, module],
        [`node:${name}`, module],
      ] as const;
    }),
);

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
  alias: { ...BUILT_IN, undici: UNDICI },
  minify: true,
  legalComments: 'none',
  // For `readableStack`, which names files and lines of our own source, whose text is in git. Were the map named in the bundle, Node
  // would read both from end to end at every start.
  sourcemap: 'external',
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
  for (const { path, text } of outputFiles) {
    const unfinished = join(resolve(outdir, '..'), `.${basename(path)}.${process.pid}`);
    writeFileSync(unfinished, path.endsWith('.map') ? withoutDependencies(text) : text);
    renameSync(unfinished, path);
  }
  return outdir;
}

/**
 * The source map without installed packages, which are nine tenths of it: Node reads all of it whenever the function starts,
 * whether or not there will be an error to explain.
 */
function withoutDependencies(text: string): string {
  const own = new GenMapping();
  eachMapping(new TraceMap(text), ({ generatedLine, generatedColumn, source, originalLine, originalColumn, name }) => {
    const generated = { line: generatedLine, column: generatedColumn };
    if (source === null || source.includes('node_modules/') || source.startsWith('dataurl:')) {
      maybeAddMapping(own, { generated });
    } else {
      const original = { line: originalLine, column: originalColumn };
      if (name === null) maybeAddMapping(own, { generated, source, original });
      else maybeAddMapping(own, { generated, source, original, name });
    }
  });
  return JSON.stringify(toEncodedMap(own));
}

if (import.meta.main) {
  const file = join(bundle(), 'index.mjs');
  console.log(`${relative(ROOT, file)}: ${Math.ceil(statSync(file).size / 1000)} kB`);
}
