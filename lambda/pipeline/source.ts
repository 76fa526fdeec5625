import type { Redactor } from '../redact/redactor.ts';
import type { Item, WholePayload } from './activity.ts';
import type { Check } from './check.ts';
import type { Window } from './window.ts';

/** Where activities come from: one folder under `sources/`. Made for one invocation. */
export interface Source {
  /**
   * Finds out what a run must know before it plans.
   *
   * @throws {ForwarderError} the source cannot be reached
   */
  open(): Promise<OpenSource>;
  /** What of a row may be kept in quarantine: secrets replaced, a long payload cut. `parse` must be able to read it. Never throws. */
  keep(row: unknown, redactor: Redactor): KeptRow;
  /** Tries everything a run needs of the source, for `check`. Never throws, changes nothing. */
  diagnose(): Promise<readonly Check[]>;
  /** The source's clock as of its latest answer, epoch seconds; null before the first one. */
  now(): number | null;
  /** Requests sent so far, retries included. */
  requests(): number;
  close(): Promise<void>;
}

export interface OpenSource {
  /** The source's clock, epoch seconds; null when it tells none. */
  readonly now: number | null;
  /**
   * Reading anything means reading everything. A scheduled run then considers every item it reads, and plans nothing while an
   * earlier reading is unfinished.
   */
  readonly readsEverything: boolean;
  /** Whether reading `window` goes on where an earlier run left it, and not from the beginning. Default: when it has a cursor. */
  readonly isUnderWay?: (window: Window) => boolean;
  /** What the summary says about the source; may change while pages are read. */
  about(): SourceFacts;
  /**
   * Reads `todo`, in that order, page by page. Items outside every window of `todo` are left out.
   *
   * @throws {ForwarderError} reading cannot go on; everything yielded before holds
   */
  pages(todo: readonly Window[]): AsyncIterable<Page>;
  /** One row, also one kept by `keep`. Never throws. */
  parse(row: unknown): Item;
}

export interface SourceFacts {
  readonly strategy: string;
  /** Null for a source that is not Kong. */
  readonly kongVersion: string | null;
}

export interface Page {
  readonly items: readonly Item[];
  /** What of `todo` is left to read once every item of this page, and of those before it, has an outcome. */
  readonly left: readonly Window[];
  /**
   * Windows that are read newest first, in one go with this page, as they were before it; so what lies above any of its items was read.
   * Absent where the order of items says nothing about time.
   */
  readonly newestFirst?: readonly Window[];
  /** Where this page can be read again; the source's own. Absent where the window alone finds it. */
  readonly cursor?: string;
  /** What earlier pages said is left was wrong; this page's `left` replaces it. */
  readonly startsOver?: true;
  /** Rows the source's own selection left out; they are counted and nothing else. */
  readonly ignored?: number;
}

export interface KeptRow {
  readonly row: unknown;
  /** Of a payload that was cut. */
  readonly whole?: WholePayload;
}
