/** What is wrong with a statement. */
export class LakeSqlError extends Error {
  override readonly name = 'LakeSqlError';
}

type Kind = 'id' | 'word' | 'number' | 'text' | 'mark';

interface Token {
  readonly kind: Kind | 'end';
  readonly text: string;
}

/** A place in a statement that moves as its parts are read. Key words are given in capitals and found in any case. */
export interface Cursor {
  isNext(word: string): boolean;
  /** Moves on if all these words and marks come next. */
  skip(...words: readonly string[]): boolean;
  /** @throws {LakeSqlError} when something else comes next */
  need(...words: readonly string[]): void;
  /** The text of the next part, which must be of this kind. `what` says in the error what was expected. @throws {LakeSqlError} */
  take(kind: Kind, what: string): string;
  /** One or more items. */
  list<Item>(item: () => Item, separator?: string): Item[];
  /** @throws {LakeSqlError} when anything is left */
  end(): void;
}

const TOKEN =
  /\s*(?:(?<id>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})|(?<word>[a-z_]\w*)|(?<number>\d+)|'(?<text>(?:[^']|'')*)'|(?<mark><=|>=|<>|!=|[=<>(),.;*]))/iy;
const END: Token = { kind: 'end', text: 'the end' };

/** The beginning of `statement`. @throws {LakeSqlError} for what is no part of SQL as it is used here, comments too */
export function cursor(statement: string): Cursor {
  const tokens = split(statement);
  let position = 0;
  const peek = (ahead = 0): Token => tokens[position + ahead] ?? END;
  const fail = (expected: string): never => {
    throw new LakeSqlError(`expected ${expected}, got ${peek().text}`);
  };
  const isAhead = (word: string, ahead = 0): boolean =>
    peek(ahead).kind !== 'text' && peek(ahead).text.toUpperCase() === word;
  const skip = (...words: readonly string[]): boolean => {
    if (!words.every(isAhead)) return false;
    position += words.length;
    return true;
  };
  return {
    isNext: (word) => isAhead(word),
    skip,
    need: (...words) => {
      if (!skip(...words)) fail(words.join(' '));
    },
    take: (kind, what) => {
      const { kind: found, text } = peek();
      if (found !== kind) return fail(what);
      position += 1;
      return text;
    },
    list: (item, separator = ',') => {
      const items = [item()];
      while (skip(separator)) items.push(item());
      return items;
    },
    end: () => {
      if (peek() !== END) fail('the end');
    },
  };
}

function split(statement: string): Token[] {
  const tokens: Token[] = [];
  const text = statement.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new LakeSqlError(`cannot read ${text.slice(at, at + 30).trim()}`);
    const parts = Object.entries(groups as Readonly<Record<string, string | undefined>>);
    for (const [kind, value] of parts) {
      if (value !== undefined) {
        tokens.push({ kind: kind as Kind, text: kind === 'text' ? value.replaceAll("''", "'") : value });
      }
    }
  }
  return tokens;
}
