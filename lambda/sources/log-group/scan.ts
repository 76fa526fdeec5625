import { SourceLogGroupError } from '../../errors.ts';
import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { toStretch, toStretches, withoutCursor } from '../stretch.ts';
import { toPlace } from './cursor.ts';
import { cutTop, type ReadDeps, readStretch, TooSparse } from './pages.ts';
import { isAboutAnswer } from './problem.ts';

/** FilterLogEvents goes newest first only from here on, epoch seconds (API reference); EKS and NGINX were younger in most groups. */
const EARLIEST = Date.UTC(2024, 0, 1) / 1000;
/** Of a stretch that is too sparse: the end of each part is progress, also where there is no event. */
const PART_SECONDS = 6 * 3600;

/**
 * Reads `todo` in its order, neighbours together, each newest first. A part that the service fails to give does not keep the next from
 * being read; two in a row that fail say that the service is down. The first failure is thrown at the end.
 *
 * @param from epoch seconds: where a window begins that asks for everything
 * @throws what `readStretch` throws
 */
export async function* scan(todo: readonly Window[], from: number, deps: ReadDeps): AsyncGenerator<Page> {
  const isForAnother = ({ cursor }: Window) => cursor !== undefined && toPlace(cursor, deps.question) === null;
  const windows = todo
    .flatMap((window) => bounded(window, from))
    .map((window) => (isForAnother(window) ? withoutCursor(window) : window));
  // What lies before the earliest time is done with the first page, or with this one.
  if (windows.length === 0) yield { items: [], left: [] };

  const stretches = toStretches(windows, (upper, lower) => upper.cursor === lower.cursor);
  const failed: Window[] = [];
  let failure: SourceLogGroupError | null = null;
  let failedBefore = false;
  for (const [index, stretch] of stretches.entries()) {
    const later = stretches.slice(index + 1).flatMap((next) => next.windows);
    let partSeconds = Infinity;
    for (let rest = stretch.windows; rest.length > 0;) {
      const part = cutTop(toStretch(rest), partSeconds);
      ({ rest } = part);
      let left: readonly Window[] = part.top.windows;
      try {
        for await (const page of readStretch(part.top, deps, { isPatient: partSeconds < Infinity })) {
          left = page.left;
          yield { ...page, left: [...failed, ...left, ...rest, ...later] };
        }
        failedBefore = false;
      } catch (error) {
        if (error instanceof TooSparse) {
          partSeconds = PART_SECONDS;
          rest = left.map(withoutCursor);
          continue;
        }
        if (!(error instanceof SourceLogGroupError) || failedBefore || !isAboutAnswer(error)) throw failure ?? error;
        failure ??= error;
        failedBefore = true;
        failed.push(...left);
      }
    }
  }
  if (failure) throw failure;
}

function bounded(window: Window, from: number): Window[] {
  const after = Math.max(window.after === 0 ? from : window.after, EARLIEST);
  return after < window.before ? [{ ...window, after }] : [];
}
