import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** A place in the bundle, as a stack names it. */
const PLACE = /file:\/\/[^\s()]+:(\d+):(\d+)/g;

/**
 * `stack` with the names and lines of the sources in place of those of the bundle. What the map of the bundle does not know stays as it
 * is; so does all of it where there is no map, as when the sources run themselves. Never throws.
 *
 * Node would do this by itself with `--enable-source-maps`, but reads bundle and map for that at every start: a tenth of it.
 */
export function readableStack(stack: string, mapUrl = new URL(`${import.meta.url}.map`)): string {
  try {
    const map = new SourceMap(JSON.parse(readFileSync(mapUrl, 'utf8')) as SourceMapPayload);
    return stack.replace(PLACE, (place, line: string, column: string) => {
      const found = map.findOrigin(Number(line), Number(column));
      if (!('fileName' in found)) return place;
      return `${new URL(found.fileName, mapUrl).href}:${found.lineNumber}:${found.columnNumber}`;
    });
  } catch {
    return stack;
  }
}
